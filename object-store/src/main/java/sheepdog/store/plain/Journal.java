package sheepdog.store.plain;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.protocol.model.Invariant;
import sheepdog.store.disk.Disk;
import sheepdog.store.disk.DiskFile;

/**
 * The write-ahead journal: two files used in turn. Any thread.
 *
 * <p>Records are collected in a batch; the first thread that wants its record on disk writes and syncs the batch for
 * all ({@link #commit}), while the next batch fills. A batch starts at a block of 4 KiB, so that no sector that was
 * synced is written again, and has one checksum: it is there whole or not at all. The next one is written only after
 * the one before is on disk, so whatever breaks off at a crash is the end.
 *
 * <pre>
 *   a batch:  0 magic u32   4 version u32   8 serial of the segment u64   16 index in the segment u64
 *            24 bytes of records u32   28 CRC32C of bytes 0-27 and the records u32   32 secret u64   40 zeros
 *            64 records
 *
 *   a segment:  FREE --switch--> ACTIVE --no room--> FULL --checkpoint--> FREE
 * </pre>
 *
 * The secret is chance, made once for each store. Clients' data lie in records as they are, at offsets a client can work
 * out, and in segments that are written again: without it a client could write what looks like a batch.
 *
 * <p>A full segment is freed by a checkpoint, early and elsewhere ({@code housekeeping}) or, when both are full, by the
 * thread that needs the room.
 */
final class Journal implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Journal.class);

    static final int MAGIC = 0x4e4a5053;
    static final int VERSION = 3;
    static final int ALIGNMENT = 4096;
    static final int BATCH_HEADER_BYTES = 64;
    static final int BATCH_BYTES_MAX = 1 << 20;
    static final int CRC_OFFSET = 28;
    static final int SECRET_OFFSET = 32;

    private enum State {
        FREE,
        ACTIVE,
        FULL
    }

    /** One of the two files. Its fields belong to the journal's lock. */
    static final class Segment {
        private final DiskFile file;
        private State state = State.FREE;
        private long serial;
        private int position;
        private long batches;
        private int outstanding;

        private Segment(DiskFile file) {
            this.file = file;
        }

        long serial() {
            return serial;
        }
    }

    private static final class Batch {
        private final ByteBuffer buffer;
        private Segment segment;
        private long number;
        private boolean empty = true;

        private Batch(int capacity) {
            buffer = ByteBuffer.allocateDirect(capacity + ALIGNMENT)
                    .alignedSlice(ALIGNMENT)
                    .slice(0, capacity)
                    .order(ByteOrder.LITTLE_ENDIAN);
        }

        private void open(Segment into, long asNumber) {
            buffer.clear().position(BATCH_HEADER_BYTES);
            segment = into;
            number = asNumber;
            empty = true;
        }
    }

    /**
     * Where a record stands.
     *
     * @param batch  the batch that carries it, for {@link #commit}
     * @param number its own number, for a later DONE record
     */
    record Position(long batch, long number, Segment segment) {}

    /** Frees the full segment. A failure is passed on to whoever needs the room; {@link #fail} is the callee's. */
    interface Checkpoint {
        void run() throws IOException;
    }

    private final int segmentBytes;
    private final boolean synced;
    private final long secret;
    private final Executor housekeeping;
    private final Checkpoint checkpoint;
    private final Segment[] segments = new Segment[2];
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private Segment active;
    private Batch open;
    private Batch spare;
    private boolean writing;
    private long durable;
    private long lastNumber;
    private IOException failed;

    /**
     * Starts an empty journal; what the files held is behind a checkpoint.
     *
     * @param lastSerial serial of the newest segment ever used
     * @param secret     what each batch bears
     */
    Journal(
            Disk disk,
            Path folder,
            PlainStoreConfig config,
            long lastSerial,
            long secret,
            Executor housekeeping,
            Checkpoint checkpoint)
            throws IOException {
        this.segmentBytes = config.segmentBytes();
        this.synced = config.synced();
        this.secret = secret;
        this.housekeeping = housekeeping;
        this.checkpoint = checkpoint;
        for (int index = 0; index < 2; index++) {
            segments[index] = new Segment(JournalFiles.ready(disk, folder, index, config));
        }
        int capacity = Math.min(BATCH_BYTES_MAX, segmentBytes / 2);
        open = new Batch(capacity);
        spare = new Batch(capacity);
        active = segments[0];
        active.state = State.ACTIVE;
        active.serial = lastSerial + 1;
        lastNumber = active.serial << 32;
        open.open(active, 1);
    }

    /**
     * Adds a record, and waits for room if there is none. It is on disk when {@link #commit} of its position returned.
     *
     * @param applies whether the caller will change files after this and then call {@link #applied}
     */
    Position append(JournalRecord entry, boolean applies) throws IOException {
        int length = entry.encodedLength();
        lock.lock();
        try {
            checkFailed();
            while (!fits(length)) {
                if (open.empty) {
                    switchSegment();
                } else {
                    awaitDurable(open.number);
                }
                checkFailed();
            }
            long number = ++lastNumber;
            entry.encode(open.buffer, number);
            open.empty = false;
            if (applies) {
                open.segment.outstanding++;
            }
            return new Position(open.number, number, open.segment);
        } finally {
            lock.unlock();
        }
    }

    private boolean fits(int length) {
        Invariant.check(BATCH_HEADER_BYTES + length <= open.buffer.capacity(), "a record of %d bytes", length);
        return length <= open.buffer.remaining()
                && aligned(open.buffer.position() + length) <= segmentBytes - open.segment.position;
    }

    private static int aligned(int length) {
        return (length + ALIGNMENT - 1) & -ALIGNMENT;
    }

    private void switchSegment() throws IOException {
        Segment other = active == segments[0] ? segments[1] : segments[0];
        lock.unlock();
        try {
            if (isFull(other)) {
                checkpoint.run();
            }
        } finally {
            lock.lock();
        }
        checkFailed();
        if (!open.empty || open.segment != active || other.state != State.FREE || other == active) {
            return; // Somebody else was faster; the caller looks again.
        }
        Segment full = active;
        full.state = State.FULL;
        other.state = State.ACTIVE;
        other.serial = full.serial + 1;
        other.position = 0;
        other.batches = 0;
        active = other;
        open.segment = other;
        lock.unlock();
        try {
            housekeeping.execute(this::checkpointEarly);
        } finally {
            lock.lock();
        }
    }

    private void checkpointEarly() {
        try {
            checkpoint.run();
        } catch (IOException failure) {
            LOG.warn("checkpoint failed reason={}", failure.getMessage()); // It has told fail() if that is the end.
        }
    }

    private boolean isFull(Segment segment) {
        lock.lock();
        try {
            return segment.state == State.FULL;
        } finally {
            lock.unlock();
        }
    }

    /** Returns when the record is on disk. */
    void commit(Position position) throws IOException {
        lock.lock();
        try {
            awaitDurable(position.batch());
        } finally {
            lock.unlock();
        }
    }

    private void awaitDurable(long number) throws IOException {
        while (durable < number) {
            checkFailed();
            if (writing) {
                changed.awaitUninterruptibly();
            } else {
                writeOpenBatch();
            }
        }
    }

    /** The lock is given up while the disk works. */
    private void writeOpenBatch() throws IOException {
        Batch batch = open;
        Segment segment = batch.segment;
        int length = aligned(batch.buffer.position());
        int offset = segment.position;
        long index = segment.batches++;
        long serial = segment.serial;
        segment.position += length;
        writing = true;
        open = spare;
        open.open(segment, batch.number + 1);
        IOException failure = new IOException("the journal's writer broke off");
        lock.unlock();
        try {
            seal(batch.buffer, serial, index);
            segment.file.write(batch.buffer, offset);
            if (synced) {
                segment.file.sync();
            }
            failure = null;
        } catch (IOException broken) {
            failure = broken;
        } finally {
            lock.lock();
            spare = batch;
            writing = false;
            if (failure == null) {
                durable = batch.number;
            } else if (failed == null) {
                failed = failure;
            }
            changed.signalAll();
        }
        checkFailed();
    }

    private void seal(ByteBuffer buffer, long serial, long index) {
        int end = buffer.position();
        while (buffer.position() < aligned(end)) {
            buffer.put((byte) 0);
        }
        buffer.flip();
        buffer.putInt(0, MAGIC).putInt(4, VERSION).putLong(8, serial).putLong(16, index);
        buffer.putInt(24, end - BATCH_HEADER_BYTES).putInt(CRC_OFFSET, 0);
        buffer.putLong(SECRET_OFFSET, secret);
        for (int offset = SECRET_OFFSET + 8; offset < BATCH_HEADER_BYTES; offset += 4) {
            buffer.putInt(offset, 0);
        }
        buffer.putInt(CRC_OFFSET, checksum(buffer.slice(0, end)));
    }

    /** @param batch header and records, without padding */
    static int checksum(ByteBuffer batch) {
        var crc = new CRC32C();
        crc.update(batch.slice(0, CRC_OFFSET));
        crc.update(batch.slice(BATCH_HEADER_BYTES, batch.capacity() - BATCH_HEADER_BYTES));
        return (int) crc.getValue();
    }

    /** The caller has done to the files what the record says. */
    void applied(Position position) {
        lock.lock();
        try {
            position.segment().outstanding--;
            if (position.segment().state == State.FULL) {
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** The segment to checkpoint, once everything in it was applied. */
    Optional<Segment> fullAndApplied() throws IOException {
        lock.lock();
        try {
            for (Segment segment : segments) {
                if (segment.state == State.FULL) {
                    while (segment.outstanding > 0 && failed == null) {
                        changed.awaitUninterruptibly();
                    }
                    checkFailed();
                    return Optional.of(segment);
                }
            }
            return Optional.empty();
        } finally {
            lock.unlock();
        }
    }

    /** A checkpoint has made the segment's records superfluous. */
    void free(Segment segment) {
        lock.lock();
        try {
            Invariant.check(segment.state == State.FULL, "segment %d is not full", segment.serial);
            segment.state = State.FREE;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Puts everything appended so far into a full segment; the caller then runs checkpoints. */
    void seal() throws IOException {
        lock.lock();
        try {
            checkFailed();
            Segment sealing = active;
            while (active == sealing && (sealing.batches > 0 || !open.empty)) {
                if (open.empty) {
                    switchSegment();
                } else {
                    awaitDurable(open.number);
                }
                checkFailed();
            }
        } finally {
            lock.unlock();
        }
    }

    /** From now on nothing can be added or committed. */
    void fail(IOException reason) {
        lock.lock();
        try {
            if (failed == null) {
                failed = reason;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    Optional<IOException> failure() {
        lock.lock();
        try {
            return Optional.ofNullable(failed);
        } finally {
            lock.unlock();
        }
    }

    private void checkFailed() throws IOException {
        if (failed != null) {
            throw new IOException("the journal is out of service: " + failed.getMessage(), failed);
        }
    }

    @Override
    public void close() {
        for (Segment segment : segments) {
            segment.file.close();
        }
    }
}
