package sheepdog.store.plain;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import sheepdog.store.disk.Disk;
import sheepdog.store.disk.DiskException;
import sheepdog.store.disk.DiskFile;

/**
 * A node's directory, locked against other daemons while it is open. One thread.
 *
 * <pre>
 *   lock            held for the life of the daemon
 *   id              the store's id, how often it was opened, and its age; made once, written at each opening
 *   obj/            objects, see {@link StoreFiles}          epoch/   the caller's
 *   meta/version    format of meta/ and of the checksums     log/     the caller's
 *   meta/db  meta/native  meta/journal0  meta/journal1  meta/ballast
 * </pre>
 */
public final class StoreDirectory implements AutoCloseable {
    /** Of everything below {@code meta/}; another one is refused. */
    static final int VERSION = 3;

    private static final Pattern ID =
            Pattern.compile("sheepdog store [12]\nid ([0-9a-f]{16})\nopened ([0-9]{1,18})\n(?:age ([0-9]{1,18})\n)?");
    private static final int SMALL_FILE_BYTES_MAX = 4096;

    private final Disk disk;
    private final Path path;
    private final Disk.Lock lock;
    private final long id;
    private final long incarnation;
    private final long age;

    private StoreDirectory(Disk disk, Path path, Disk.Lock lock, long id, long incarnation, long age) {
        this.disk = disk;
        this.path = path;
        this.lock = lock;
        this.id = id;
        this.incarnation = incarnation;
        this.age = age;
    }

    /**
     * Opens a directory, and makes it (but not its parents) and what belongs into it where it is missing.
     *
     * @param newId asked for the id of a store that is new; from a good source of chance, never 0
     * @throws StoreRefusedException with one line for the operator; nothing was damaged
     */
    public static StoreDirectory open(Disk disk, Path directory, LongSupplier newId) throws StoreRefusedException {
        try {
            disk.makeDirectory(directory);
        } catch (DiskException failure) {
            throw new StoreRefusedException(
                    "cannot create the directory " + directory + " (" + failure.reason() + ")", failure);
        }
        Disk.Lock lock = lock(disk, directory);
        try {
            return openLocked(disk, directory, lock, newId);
        } catch (StoreRefusedException refusal) {
            lock.close();
            throw refusal;
        } catch (DiskException failure) {
            lock.close();
            throw new StoreRefusedException(
                    "cannot use the directory " + directory + " (" + failure.reason() + ")", failure);
        } catch (IOException failure) {
            lock.close();
            throw new StoreRefusedException(
                    "cannot use the directory " + directory + " (" + failure.getMessage() + ")", failure);
        }
    }

    private static Disk.Lock lock(Disk disk, Path directory) throws StoreRefusedException {
        try {
            return disk.lock(directory.resolve("lock"))
                    .orElseThrow(() -> new StoreRefusedException("another sheep daemon is using " + directory));
        } catch (DiskException failure) {
            throw new StoreRefusedException(
                    "cannot lock the directory " + directory + " (" + failure.reason() + ")", failure);
        }
    }

    private static StoreDirectory openLocked(Disk disk, Path directory, Disk.Lock lock, LongSupplier newId)
            throws IOException {
        Path meta = directory.resolve("meta");
        disk.makeDirectory(directory.resolve("obj"));
        disk.makeDirectory(directory.resolve("epoch"));
        disk.makeDirectory(directory.resolve("log"));
        disk.makeDirectory(meta);
        checkVersion(disk, directory, meta.resolve("version"));
        Ballast.releaseIfShort(disk, meta, PlainStoreConfig.RESERVED_BYTES);
        Path idFile = directory.resolve("id");
        long id;
        long opened;
        long age = 0;
        if (disk.exists(idFile)) {
            var match = ID.matcher(read(disk, idFile));
            if (!match.matches()) {
                throw new StoreRefusedException("the file " + idFile + " is damaged or of an unknown version");
            }
            id = Long.parseUnsignedLong(match.group(1), 16);
            opened = Long.parseLong(match.group(2));
            age = match.group(3) == null ? 0 : Long.parseLong(match.group(3));
        } else {
            id = newId.getAsLong();
            opened = 0;
            syncParent(disk, directory);
        }
        writeId(disk, directory, id, opened + 1, age);
        return new StoreDirectory(disk, directory, lock, id, opened + 1, age);
    }

    private static void writeId(Disk disk, Path directory, long id, long opened, long age) throws IOException {
        write(
                disk,
                directory.resolve("id"),
                "sheepdog store 2\nid %016x\nopened %d\nage %d\n".formatted(id, opened, age));
    }

    /** The directory itself may be new. */
    private static void syncParent(Disk disk, Path directory) throws DiskException {
        Path parent = directory.toAbsolutePath().getParent();
        if (parent == null) {
            return;
        }
        try {
            disk.syncDirectory(parent);
        } catch (DiskException failure) {
            if (failure.kind() != DiskException.Kind.ACCESS) {
                throw failure;
            }
            // One that may not be read was not changed by us.
        }
    }

    private static void checkVersion(Disk disk, Path directory, Path file) throws IOException {
        if (!disk.exists(file)) {
            write(disk, file, VERSION + "\n");
            return;
        }
        String version = read(disk, file).strip();
        if (!version.equals(Integer.toString(VERSION))) {
            String shown = version.matches("[0-9]{1,9}") ? version : "of a damaged file";
            throw new StoreRefusedException(
                    "the store in " + directory + " has format version " + shown + ", this sheep knows " + VERSION);
        }
    }

    private static String read(Disk disk, Path path) throws IOException {
        try (DiskFile file = disk.open(path)) {
            var bytes = ByteBuffer.allocate(SMALL_FILE_BYTES_MAX);
            file.read(bytes, 0);
            return StandardCharsets.UTF_8.decode(bytes.flip()).toString();
        }
    }

    /** Replaces a small file in one step that survives a power loss. */
    private static void write(Disk disk, Path path, String content) throws IOException {
        Path temporary = path.resolveSibling(path.getFileName() + ".tmp");
        try (DiskFile file = disk.create(temporary)) {
            file.write(ByteBuffer.wrap(content.getBytes(StandardCharsets.UTF_8)), 0);
            file.sync();
        }
        disk.rename(temporary, path);
        disk.syncDirectory(path.getParent());
    }

    /** The directory itself. */
    public Path path() {
        return path;
    }

    public Disk disk() {
        return disk;
    }

    /** Where the metadata's database goes. */
    public Path database() {
        return path.resolve("meta").resolve("db");
    }

    /** Where code goes that the system has to load from a file. */
    public Path nativeCode() {
        return path.resolve("meta").resolve("native");
    }

    /** The store's own id: another one after the directory was wiped. */
    public long id() {
        return id;
    }

    /** How often the directory was opened, this time included; on stable storage. */
    public long incarnation() {
        return incarnation;
    }

    /**
     * What the directory said, when it was opened, of how old it is: {@link #raiseAge} raises it, nothing else does. A copy
     * of the directory stays as old as it was, which tells it from the store it was made of.
     */
    public long age() {
        return age;
    }

    /**
     * The directory says {@code to} from when this returns, also after a power loss. Any thread, one call at a time.
     *
     * @param to more than ever before
     */
    public void raiseAge(long to) throws IOException {
        writeId(disk, path, id, incarnation, to);
    }

    /** Gives up the lock. The stores below must have been closed. */
    @Override
    public void close() {
        lock.close();
    }
}
