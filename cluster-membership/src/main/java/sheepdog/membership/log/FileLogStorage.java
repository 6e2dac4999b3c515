package sheepdog.membership.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
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

/**
 * The log in a folder: a journal of frames, each frame one {@link LogWrite}, and the snapshot it begins with.
 *
 * <pre>
 *   journal-GGGGGGGG    frames; GGGGGGGG is the generation, hex, one more with each snapshot
 *   snapshot-GGGGGGGG   one frame, if the generation begins with a snapshot
 *
 *   frame:  magic u32 | version u16 | kind u16 | length u32 | CRC32C u32 | length bytes       (little endian)
 *           the checksum covers all but itself
 * </pre>
 *
 * <p>A frame is synced before the next one is written, so a bad frame with nothing sound after it is a write that was
 * never finished and is dropped; a bad frame with a sound one behind it is damage, and the log is refused. (A last frame
 * that rots after it was synced looks like an unfinished one. Then what it held is lost on this node only, and the
 * commit index of an earlier frame may show it; the core does not vote in that case.) A new generation counts from the
 * moment its journal has its name; what belongs to another one is deleted then, or at the next start.
 */
public final class FileLogStorage implements LogStorage {
    static final int VERSION = 1;
    static final int HEADER_BYTES = 16;

    private static final int MAGIC = 0x474f4c53;
    private static final int KIND_SNAPSHOT = 1;
    private static final int KIND_WRITE = 2;
    private static final int FRAME_BYTES_MAX = 512 << 20;

    private final Path folder;
    private final boolean begun;
    private long generation;
    private FileChannel journal;
    private boolean failed;

    /**
     * @param folder made if it is not there, with its parents
     * @param begun  whether this store has had a log: a folder without one is then refused, because a voter that has
     *               forgotten what it promised can cost the cluster what others rely on
     */
    public FileLogStorage(Path folder, boolean begun) {
        this.folder = folder;
        this.begun = begun;
    }

    @Override
    public Restored load() {
        try {
            Files.createDirectories(folder);
            syncFolder(folder.toAbsolutePath().getParent());
            List<Long> generations = generations();
            if (generations.isEmpty()) {
                if (begun) {
                    throw new LogStorageException(
                            "the cluster log in " + folder + " is gone, but this store belongs to a "
                                    + "cluster; bring it back, or empty this store and let the sheep join as a new one");
                }
                startGeneration(1, Optional.empty(), List.of());
                return Restored.EMPTY;
            }
            generation = generations.getLast();
            deleteAllBut(generation);
            return read();
        } catch (IOException failure) {
            throw new LogStorageException("cannot read the cluster log in " + folder + ": " + failure);
        }
    }

    private Restored read() throws IOException {
        Path journalFile = journalFile(generation);
        Path snapshotFile = snapshotFile(generation);
        Optional<Snapshot> snapshot = Optional.empty();
        if (Files.exists(snapshotFile)) {
            Frame frame = frame(ByteBuffer.wrap(Files.readAllBytes(snapshotFile)), snapshotFile);
            if (frame == null || frame.kind != KIND_SNAPSHOT) {
                throw damaged(snapshotFile, 0);
            }
            snapshot = Optional.of(decode(snapshotFile, 0, () -> Snapshot.decode(frame.body)));
        }
        journal = FileChannel.open(journalFile, StandardOpenOption.READ, StandardOpenOption.WRITE);
        if (journal.size() > Integer.MAX_VALUE) {
            throw new LogStorageException("the cluster log " + journalFile + " is larger than any it writes");
        }
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(journalFile));
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
        if (good < journal.size()) {
            journal.truncate(good);
            journal.force(true);
        }
        journal.position(good);
        return new Restored(hard, snapshot, entries);
    }

    @Override
    public void write(LogWrite write) throws IOException {
        if (failed || journal == null) {
            throw new IOException("the cluster log in " + folder + " failed before");
        }
        try {
            if (write.snapshot().isPresent()) {
                startGeneration(generation + 1, write.snapshot(), List.of(write));
            } else {
                append(journal, encode(KIND_WRITE, body(write)));
                journal.force(false);
            }
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

    private void startGeneration(long next, Optional<Snapshot> snapshot, List<LogWrite> first) throws IOException {
        if (snapshot.isPresent()) {
            writeWhole(snapshotFile(next), encode(KIND_SNAPSHOT, snapshot.get().encode()));
            // With the journal's name the generation counts, so what it begins with must have its own by then.
            syncFolder(folder);
        }
        var empty = new LogWrite(0, HardState.EMPTY, Optional.empty(), LogWrite.NOTHING, List.of());
        writeWhole(journalFile(next), encode(KIND_WRITE, body(first.isEmpty() ? empty : first.getFirst())));
        syncFolder(folder);
        if (journal != null) {
            journal.close();
        }
        generation = next;
        journal = FileChannel.open(journalFile(next), StandardOpenOption.READ, StandardOpenOption.WRITE);
        journal.position(journal.size());
        deleteAllBut(next);
    }

    private static void writeWhole(Path file, ByteBuffer bytes) throws IOException {
        Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
        try (FileChannel channel = FileChannel.open(
                temporary, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            append(channel, bytes);
            channel.force(true);
        }
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    }

    private static void append(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static void syncFolder(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private List<Long> generations() throws IOException {
        try (var files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.matches("journal-[0-9a-f]{8}"))
                    .map(name -> Long.parseLong(name.substring(8), 16))
                    .sorted()
                    .toList();
        }
    }

    private void deleteAllBut(long kept) throws IOException {
        List<Path> old;
        try (var files = Files.list(folder)) {
            old = files.filter(file -> file.getFileName().toString().matches("(journal|snapshot)-[0-9a-f]{8}(\\.tmp)?"))
                    .filter(file -> !file.equals(journalFile(kept)) && !file.equals(snapshotFile(kept)))
                    .sorted()
                    .toList();
        }
        for (Path file : old) {
            Files.delete(file);
        }
    }

    private Path journalFile(long of) {
        return folder.resolve("journal-%08x".formatted(of));
    }

    private Path snapshotFile(long of) {
        return folder.resolve("snapshot-%08x".formatted(of));
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
    private static Frame frame(ByteBuffer bytes, Path file) {
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
                    .formatted(file, version, VERSION));
        }
        bytes.position(at + HEADER_BYTES + length);
        return new Frame(bytes.getShort(at + 6), body);
    }

    private static void refuseIfFollowedByAFrame(ByteBuffer bytes, int bad, Path file) {
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

    private static <T> T decode(Path file, int at, Decoding<T> decoding) {
        try {
            return decoding.run();
        } catch (MalformedException _) {
            throw damaged(file, at);
        }
    }

    private static LogStorageException damaged(Path file, int at) {
        return new LogStorageException(
                ("the cluster log is damaged: %s at byte %d; restore that file, or empty this store "
                                + "and let the sheep join as a new one")
                        .formatted(file, at));
    }
}
