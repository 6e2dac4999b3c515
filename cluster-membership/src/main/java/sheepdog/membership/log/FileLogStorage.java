package sheepdog.membership.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;
import sheepdog.membership.consensus.Entry;
import sheepdog.membership.consensus.FieldReader;
import sheepdog.membership.consensus.FieldWriter;
import sheepdog.membership.consensus.HardState;
import sheepdog.membership.consensus.LogWrite;
import sheepdog.membership.consensus.MalformedException;
import sheepdog.membership.consensus.MessageCodec;
import sheepdog.membership.consensus.Restored;
import sheepdog.membership.consensus.Snapshot;
import sheepdog.membership.files.Folder;
import sheepdog.membership.files.NoSpaceException;
import sheepdog.membership.files.RealFolder;
import sheepdog.membership.files.Reserve;

/**
 * The log in a folder: a journal of frames, each frame one {@link LogWrite}, and the snapshot it begins with.
 *
 * <pre>
 *   journal-GGGGGGGG    frames, then zeros; GGGGGGGG is the generation, hex, one more with each snapshot
 *   snapshot-GGGGGGGG   one frame, if the generation begins with a snapshot; then zeros
 *   spare-journal-00, spare-snapshot-00   zeros: the next generation's, see below
 *
 *   frame:  magic u32 | version u16 | kind u16 | length u32 | CRC32C u32 | length bytes       (little endian)
 *           the checksum covers all but itself
 * </pre>
 *
 * <p>A frame is synced before the next one is written, so a bad frame with nothing sound after it is a write that was
 * never finished and is dropped; a bad frame with a sound one behind it is damage, and the log is refused. (A last frame
 * that rots after it was synced looks like an unfinished one. Then what it held is lost on this node only, and the
 * commit index of an earlier frame may show it; the core does not vote in that case.) A new generation counts from the
 * moment its journal has its name; what belongs to another one is done with then, or at the next start.
 *
 * <p><b>Full file systems.</b> Others may fill the file system at any moment. A journal is as long from its beginning as it
 * is going to be, and frames are written over its zeros. What a generation that is over leaves becomes, cleared, the
 * space of the next one but one. So a log whose state does not grow beyond twice its size goes on for ever without
 * asking for space. What needs more and does not get it changes nothing and may be tried again.
 */
public final class FileLogStorage implements LogStorage {
    static final int VERSION = 1;
    static final int HEADER_BYTES = 16;
    /** A generation's frames. Until a snapshot is due, at most 1.7 MiB are written (docs/design/001). */
    private static final int JOURNAL_BYTES = 2 << 20;

    private static final int MAGIC = 0x474f4c53;
    private static final int KIND_SNAPSHOT = 1;
    private static final int KIND_WRITE = 2;
    private static final int FRAME_BYTES_MAX = 512 << 20;

    private final Supplied supplied;
    private final boolean begun;
    private final int journalBytesMin;
    private final int snapshotBytesMin;
    /** A journal that is longer than foreseen grows in such steps. */
    private final int growthBytes;

    private Folder folder;
    private Reserve journals;
    private Reserve snapshots;
    private long generation;
    private Folder.OpenFile journal;
    /** Where the next frame goes. */
    private long end;
    /** Up to here may be what is left of a frame that did not find space. */
    private long dirtyTo;
    /** How long the journal of this generation is to be. */
    private long journalBytes;

    private boolean failed;

    /** Where the folder comes from, which need not be there before {@link #load}. */
    @FunctionalInterface
    interface Supplied {
        Folder folder() throws IOException;
    }

    /**
     * @param folder made if it is not there, with its parents
     * @param begun  whether this store has had a log: a folder without one is then refused, because a voter that has
     *               forgotten what it promised can cost the cluster what others rely on
     */
    public FileLogStorage(Path folder, boolean begun) {
        this(
                () -> {
                    Files.createDirectories(folder);
                    RealFolder.of(folder.toAbsolutePath().getParent()).sync();
                    return RealFolder.of(folder);
                },
                begun,
                JOURNAL_BYTES);
    }

    /** @param journalBytes of a journal without a snapshot */
    FileLogStorage(Supplied supplied, boolean begun, int journalBytes) {
        this.supplied = supplied;
        this.begun = begun;
        journalBytesMin = journalBytes;
        snapshotBytesMin = journalBytes / 8;
        growthBytes = journalBytes / 8;
        this.journalBytes = journalBytes;
    }

    @Override
    public Restored load() {
        try {
            folder = supplied.folder();
        } catch (IOException failure) {
            throw new LogStorageException("cannot make the folder of the cluster log: " + failure);
        }
        try {
            journals = new Reserve(folder, "spare-journal", 1, journalBytesMin);
            snapshots = new Reserve(folder, "spare-snapshot", 1, snapshotBytesMin);
            journals.check();
            snapshots.check();
            List<Long> generations = generations();
            if (generations.isEmpty()) {
                begin();
                return Restored.EMPTY;
            }
            generation = generations.getLast();
            releaseAllBut(generation);
            Restored restored = read();
            fillReserves();
            return restored;
        } catch (IOException failure) {
            throw new LogStorageException("cannot read the cluster log in " + folder.path() + ": " + failure);
        }
    }

    private void begin() throws IOException {
        if (begun) {
            throw new LogStorageException(
                    "the cluster log in " + folder.path() + " is gone, but this store belongs to a "
                            + "cluster; bring it back, or empty this store and let the sheep join as a new one");
        }
        try {
            journals.fill();
            snapshots.fill();
            startGeneration(
                    1,
                    Optional.empty(),
                    new LogWrite(0, HardState.EMPTY, Optional.empty(), LogWrite.NOTHING, List.of()));
        } catch (NoSpaceException full) {
            throw new LogStorageException("no space for the cluster log in %s, which needs %d KiB to begin with"
                    .formatted(folder.path(), (2 * journalBytesMin + snapshotBytesMin) >> 10));
        }
    }

    private Restored read() throws IOException {
        String journalFile = journalFile(generation);
        String snapshotFile = snapshotFile(generation);
        Optional<Snapshot> snapshot = Optional.empty();
        if (folder.exists(snapshotFile)) {
            Frame frame = frame(ByteBuffer.wrap(folder.read(snapshotFile)), snapshotFile);
            if (frame == null || frame.kind != KIND_SNAPSHOT) {
                throw damaged(snapshotFile, 0);
            }
            snapshot = Optional.of(decode(snapshotFile, 0, () -> Snapshot.decode(frame.body)));
            foresee(frame.body.length);
        }
        journal = folder.open(journalFile);
        if (journal.length() > Integer.MAX_VALUE) {
            throw new LogStorageException("the cluster log " + inFolder(journalFile) + " is larger than any it writes");
        }
        ByteBuffer bytes = ByteBuffer.wrap(folder.read(journalFile));
        var hard = HardState.EMPTY;
        var entries = new ArrayList<Entry>();
        long first = snapshot.map(Snapshot::index).orElse(0L) + 1;
        boolean beginsWithSnapshot = false;
        boolean any = false;
        int good = 0;
        while (bytes.hasRemaining()) {
            int at = bytes.position();
            Frame frame = frame(bytes, journalFile);
            if (frame == null) {
                refuseIfFollowedByAFrame(bytes, at, journalFile);
                break;
            }
            if (frame.kind != KIND_WRITE) {
                throw damaged(journalFile, at);
            }
            Change change = decode(journalFile, at, () -> change(frame.body));
            if (!any) {
                beginsWithSnapshot = change.snapshotIndex >= 0;
                if (beginsWithSnapshot != snapshot.isPresent()
                        || beginsWithSnapshot
                                && change.snapshotIndex != snapshot.get().index()) {
                    throw damaged(journalFile, at);
                }
            }
            any = true;
            hard = change.hard;
            while (!entries.isEmpty() && entries.getLast().index() >= change.truncateFrom) {
                entries.removeLast();
            }
            for (Entry entry : change.entries) {
                if (entry.index() != first + entries.size()) {
                    throw damaged(journalFile, at);
                }
                entries.add(entry);
            }
            good = bytes.position();
        }
        if (!any) {
            // A generation gets its name after its first frame is on disk.
            throw damaged(journalFile, 0);
        }
        end = good;
        dirtyTo = good;
        clearBehind(bytes.array());
        lengthen();
        return new Restored(hard, snapshot, entries);
    }

    /** What is left of a write that was never finished. */
    private void clearBehind(byte[] content) throws IOException {
        int used = content.length;
        while (used > end && content[used - 1] == 0) {
            used--;
        }
        if (used > end) {
            Reserve.zeros(journal, end, used);
            journal.sync();
        }
    }

    /** A journal that an earlier version has written, or one that found no space, gets its zeros if there is room. */
    private void lengthen() throws IOException {
        long missing = journalBytes - journal.length();
        if (missing > 0 && folder.freeBytes() >= 2 * missing) {
            lengthen(journal, journalBytes);
        }
    }

    @Override
    public void write(LogWrite write) throws IOException {
        if (failed || journal == null) {
            throw new IOException("the cluster log in " + folder.path() + " failed before");
        }
        try {
            if (write.snapshot().isPresent()) {
                startGeneration(generation + 1, write.snapshot(), write);
            } else {
                append(encode(KIND_WRITE, body(write)));
            }
            fillReserves();
        } catch (NoSpaceException full) {
            throw full;
        } catch (IOException failure) {
            failed = true;
            throw failure;
        }
    }

    @Override
    public void close() {
        if (journal != null) {
            try {
                journal.close();
            } catch (IOException _) {
                // Everything that counts was synced when it was written.
                failed = true;
            }
        }
    }

    private void append(ByteBuffer frame) throws IOException {
        long to = end + frame.remaining();
        if (to > journal.length() && !lengthen(journal, to + growthBytes) && !lengthen(journal, to)) {
            throw new NoSpaceException(inFolder(journalFile(generation)) + ": no space for what is to be appended");
        }
        long dirty = Math.max(dirtyTo, to);
        try {
            journal.write(frame, end);
            Reserve.zeros(journal, to, dirty);
        } catch (NoSpaceException full) {
            dirtyTo = dirty; // On some file systems even what is written over needs new space.
            throw full;
        }
        try {
            journal.sync();
        } catch (NoSpaceException unknown) {
            throw new IOException("sync of " + inFolder(journalFile(generation)) + " failed: " + unknown.getMessage());
        }
        end = to;
        dirtyTo = to;
    }

    /** @return false, and as it was, if there is no space */
    private static boolean lengthen(Folder.OpenFile file, long to) throws IOException {
        long length = file.length();
        try {
            Reserve.zeros(file, length, to);
            return true;
        } catch (NoSpaceException _) {
            file.shorten(length);
            return false;
        }
    }

    private void startGeneration(long next, Optional<Snapshot> snapshot, LogWrite first) throws IOException {
        if (snapshot.isPresent()) {
            byte[] state = snapshot.get().encode();
            foresee(state.length);
            writeWhole(snapshotFile(next), encode(KIND_SNAPSHOT, state), snapshots, 0);
        }
        ByteBuffer frame = encode(KIND_WRITE, body(first));
        int used = frame.remaining();
        try {
            // With the journal's name the generation counts, so what it begins with must have its own by then.
            folder.sync();
            writeWhole(journalFile(next), frame, journals, journalBytes);
        } catch (NoSpaceException full) {
            if (snapshot.isPresent()) {
                snapshots.give(snapshotFile(next));
            }
            throw full;
        }
        folder.sync();
        if (journal != null) {
            journal.close();
        }
        generation = next;
        journal = folder.open(journalFile(next));
        end = used;
        dirtyTo = used;
        releaseAllBut(next);
    }

    /** How long this generation's journal is to be, and what is kept for the next one, which may have twice the state. */
    private void foresee(long state) {
        long rounded = (state + growthBytes - 1) / growthBytes * growthBytes;
        journalBytes = journalBytesMin + 2 * rounded;
        journals.resize(journalBytes);
        snapshots.resize(Math.max(snapshotBytesMin, 2 * rounded));
    }

    private void fillReserves() throws IOException {
        journals.fillIfThereIsRoom();
        snapshots.fillIfThereIsRoom();
    }

    /** In kept space, and in new space if there is none; the first generation leaves alone what is kept for the next. */
    private void writeWhole(String name, ByteBuffer frame, Reserve kept, long length) throws IOException {
        String temporary = name + ".tmp";
        boolean taken = generation > 0 && kept.take(temporary).isPresent();
        try (var file = taken ? folder.open(temporary) : folder.create(temporary)) {
            file.write(frame, 0);
            lengthen(file, length);
            file.sync();
        } catch (NoSpaceException full) {
            if (taken) {
                kept.give(temporary);
            } else {
                folder.delete(temporary);
            }
            throw full;
        }
        folder.rename(temporary, name);
    }

    private List<Long> generations() throws IOException {
        return folder.names().stream()
                .filter(name -> name.matches("journal-[0-9a-f]{8}"))
                .map(name -> Long.parseLong(name.substring(8), 16))
                .sorted()
                .toList();
    }

    private void releaseAllBut(long kept) throws IOException {
        for (String name : folder.names()) {
            boolean ours = name.matches("(journal|snapshot)-[0-9a-f]{8}(\\.tmp)?");
            if (ours && !name.equals(journalFile(kept)) && !name.equals(snapshotFile(kept))) {
                (name.startsWith("journal") ? journals : snapshots).give(name);
            }
        }
    }

    private static String journalFile(long of) {
        return "journal-%08x".formatted(of);
    }

    private static String snapshotFile(long of) {
        return "snapshot-%08x".formatted(of);
    }

    private String inFolder(String name) {
        return folder.path() + "/" + name;
    }

    // Frames

    private record Frame(int kind, byte[] body) {}

    private record Change(long snapshotIndex, HardState hard, long truncateFrom, List<Entry> entries) {}

    private static ByteBuffer encode(int kind, byte[] body) {
        ByteBuffer frame = ByteBuffer.allocate(HEADER_BYTES + body.length).order(ByteOrder.LITTLE_ENDIAN);
        frame.putInt(MAGIC).putShort((short) VERSION).putShort((short) kind).putInt(body.length);
        frame.putInt(checksum(frame.array(), 0, body)).put(body);
        return frame.flip();
    }

    private static int checksum(byte[] bytes, int header, byte[] body) {
        var sum = new CRC32C();
        sum.update(bytes, header, HEADER_BYTES - 4);
        sum.update(body);
        return (int) sum.getValue();
    }

    /** The frame at the buffer's position, which then stands behind it; null, position as it was, if none is there. */
    private Frame frame(ByteBuffer bytes, String file) {
        bytes.order(ByteOrder.LITTLE_ENDIAN);
        int at = bytes.position();
        if (bytes.remaining() < HEADER_BYTES || bytes.getInt(at) != MAGIC) {
            return null;
        }
        int length = bytes.getInt(at + 8);
        if (length < 0 || length > FRAME_BYTES_MAX || length > bytes.remaining() - HEADER_BYTES) {
            return null;
        }
        byte[] body = new byte[length];
        bytes.get(at + HEADER_BYTES, body);
        if (bytes.getInt(at + 12) != checksum(bytes.array(), at, body)) {
            return null;
        }
        int version = bytes.getShort(at + 4) & 0xffff;
        if (version != VERSION) {
            throw new LogStorageException("%s has version %d of the cluster log; this sheep knows version %d only"
                    .formatted(inFolder(file), version, VERSION));
        }
        bytes.position(at + HEADER_BYTES + length);
        return new Frame(bytes.getShort(at + 6), body);
    }

    private void refuseIfFollowedByAFrame(ByteBuffer bytes, int bad, String file) {
        for (int at = bad + 1; at <= bytes.limit() - HEADER_BYTES; at++) {
            if (bytes.getInt(at) == MAGIC && frame(bytes.duplicate().position(at), file) != null) {
                throw damaged(file, bad);
            }
        }
    }

    private static byte[] body(LogWrite write) {
        var out = new FieldWriter();
        out.i64(write.snapshot().map(Snapshot::index).orElse(-1L));
        out.i64(write.hard().term()).i64(write.hard().vote()).i64(write.hard().commit());
        out.i64(write.truncateFrom()).i32(write.entries().size());
        write.entries().forEach(entry -> MessageCodec.writeEntry(entry, out));
        return out.toBytes();
    }

    private static Change change(byte[] body) {
        var in = new FieldReader(body);
        long snapshotIndex = in.i64();
        var hard = new HardState(in.i64(), in.i64(), in.i64());
        long truncateFrom = in.i64();
        int count = in.count(21);
        var entries = new ArrayList<Entry>(count);
        for (int i = 0; i < count; i++) {
            entries.add(MessageCodec.readEntry(in));
        }
        in.end();
        return new Change(snapshotIndex, hard, truncateFrom, entries);
    }

    private interface Decoding<T> {
        T run();
    }

    private <T> T decode(String file, int at, Decoding<T> decoding) {
        try {
            return decoding.run();
        } catch (MalformedException _) {
            throw damaged(file, at);
        }
    }

    private LogStorageException damaged(String file, int at) {
        return new LogStorageException(
                ("the cluster log is damaged: %s at byte %d; restore that file, or empty this store "
                                + "and let the sheep join as a new one")
                        .formatted(inFolder(file), at));
    }
}
