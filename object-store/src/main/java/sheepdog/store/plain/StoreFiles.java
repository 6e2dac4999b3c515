package sheepdog.store.plain;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import sheepdog.protocol.model.ObjectId;
import sheepdog.store.disk.Disk;
import sheepdog.store.disk.DiskException;
import sheepdog.store.disk.DiskFile;

/**
 * Names and files below the store's directory: {@code obj/<oid>} and, for what is being made, {@code obj/.tmp/<oid>}.
 * Any thread.
 *
 * <p>The original keeps old copies in {@code obj/.stale}. They are no business of ours, until a format empties the store.
 */
final class StoreFiles implements AutoCloseable {
    /** Free space is asked for again after so much was promised. */
    private static final long SPACE_STEP_BYTES = 8 << 20;

    private static final int OID_DIGITS = 16;

    private static final Pattern STALE_NAME = Pattern.compile("[0-9a-f]{16}\\.[0-9]{1,10}");

    private final Disk disk;
    private final Path objects;
    private final Path temporary;
    private final Path stale;
    private final boolean synced;
    private final long reservedBytes;
    private final Ballast ballast;
    private final FileCache cache;
    private final AtomicLong spaceLeft = new AtomicLong();

    /** Starts at 1: a process that was killed may have left names that are not on stable storage. */
    private final AtomicLong namesChanged = new AtomicLong(1);

    private final AtomicLong namesSynced = new AtomicLong();

    StoreFiles(Disk disk, Path directory, PlainStoreConfig config, Ballast ballast) throws DiskException {
        this.disk = disk;
        this.ballast = ballast;
        objects = directory.resolve("obj");
        temporary = objects.resolve(".tmp");
        stale = objects.resolve(".stale");
        synced = config.synced();
        reservedBytes = config.reservedBytes();
        cache = new FileCache(disk, this::path, config.filesOpen());
        disk.makeDirectory(objects);
        disk.makeDirectory(temporary);
        if (synced) {
            disk.syncDirectory(objects);
            disk.syncDirectory(directory);
        }
    }

    Path path(ObjectId oid) {
        return objects.resolve(oid.toString());
    }

    private Path temporaryPath(ObjectId oid) {
        return temporary.resolve(oid.toString());
    }

    /** The object a file is named for, if it is named for one. */
    static Optional<ObjectId> oidOf(String name) {
        if (name.length() != OID_DIGITS) {
            return Optional.empty();
        }
        for (int index = 0; index < OID_DIGITS; index++) {
            char digit = name.charAt(index);
            if (!('0' <= digit && digit <= '9' || 'a' <= digit && digit <= 'f')) {
                return Optional.empty();
            }
        }
        return Optional.of(new ObjectId(Long.parseUnsignedLong(name, 16)));
    }

    FileCache.Lease open(ObjectId oid) throws DiskException {
        return cache.open(oid);
    }

    boolean exists(ObjectId oid) throws DiskException {
        return disk.exists(path(oid));
    }

    boolean existsTemporary(ObjectId oid) throws DiskException {
        return disk.exists(temporaryPath(oid));
    }

    DiskFile openTemporary(ObjectId oid) throws DiskException {
        return disk.open(temporaryPath(oid));
    }

    /**
     * Writes a whole new object beside its place, holes left out. On failure nothing of it remains.
     *
     * @param syncNext whether it is synced at once
     */
    DiskFile writeTemporary(ObjectId oid, Iterable<JournalRecord.Data> runs, boolean syncNext) throws DiskException {
        Path path = temporaryPath(oid);
        DiskFile file = disk.create(path);
        try {
            file.resize(oid.size());
            for (JournalRecord.Data run : runs) {
                write(run, syncNext && synced ? file::writeThrough : file::write);
            }
            return file;
        } catch (DiskException failure) {
            file.close();
            disk.delete(path);
            throw failure;
        }
    }

    static void write(DiskFile file, JournalRecord.Data run) throws DiskException {
        write(run, file::write);
    }

    private static void write(JournalRecord.Data run, Write write) throws DiskException {
        long offset = Blocks.offsetOf(run.first());
        for (ByteBuffer piece : run.bytes()) {
            write.at(piece, offset);
            offset += piece.remaining();
        }
    }

    @FunctionalInterface
    private interface Write {
        void at(ByteBuffer data, long offset) throws DiskException;
    }

    void dropTemporary(ObjectId oid, DiskFile file) throws DiskException {
        file.close();
        disk.delete(temporaryPath(oid));
    }

    /** The temporary file takes the object's place; the name is not on stable storage yet. */
    void moveInPlace(StoredObject object, DiskFile file) throws DiskException {
        rename(temporaryPath(object.oid), path(object.oid));
        object.nameChange = namesChanged.incrementAndGet();
        cache.put(object.oid, file);
    }

    void delete(StoredObject object) throws DiskException {
        cache.drop(object.oid);
        disk.delete(path(object.oid));
        object.nameChange = namesChanged.incrementAndGet();
    }

    /** A name may need a block of its directory, when the record is written and nothing may fail any more. */
    private void rename(Path from, Path to) throws DiskException {
        try {
            disk.rename(from, to);
        } catch (DiskException failure) {
            if (failure.kind() != DiskException.Kind.NO_SPACE || ballast.missingBytes() > 0) {
                throw failure;
            }
            ballast.release();
            disk.rename(from, to);
        }
    }

    void syncTemporaries() throws DiskException {
        if (synced) {
            disk.syncDirectory(temporary);
        }
    }

    void deleteTemporaries() throws DiskException {
        for (String name : disk.list(temporary)) {
            deleteFile(temporary.resolve(name));
        }
    }

    /** A folder that somebody put there is no reason to stop. */
    private void deleteFile(Path path) throws DiskException {
        if (!disk.isDirectory(path)) {
            disk.delete(path);
        }
    }

    /** Deletes all objects, the original's old copies too, and leaves files that are none. */
    void deleteAll() throws DiskException {
        cache.close();
        deleteTemporaries();
        deleteStale();
        for (String name : disk.list(objects)) {
            if (oidOf(name).isPresent()) {
                deleteFile(objects.resolve(name));
            }
        }
        if (synced) {
            disk.syncDirectory(temporary);
            disk.syncDirectory(objects);
        }
    }

    private void deleteStale() throws DiskException {
        if (!disk.isDirectory(stale)) {
            return;
        }
        for (String name : disk.list(stale)) {
            if (STALE_NAME.matcher(name).matches()) {
                deleteFile(stale.resolve(name));
            }
        }
        if (synced) {
            disk.syncDirectory(stale);
        }
    }

    void sync(DiskFile file) throws DiskException {
        if (synced) {
            file.sync();
        }
    }

    /** All names that objects have now are on stable storage when this returns. */
    void syncNames() throws DiskException {
        long reached = namesChanged.get();
        if (synced && namesSynced.get() < reached) {
            disk.syncDirectory(objects);
            namesSynced.accumulateAndGet(reached, Math::max);
        }
    }

    void syncName(StoredObject object) throws DiskException {
        if (namesSynced.get() < object.nameChange) {
            syncNames();
        }
    }

    /** Refuses with {@code NO_SPACE} what would leave less than the metadata need. */
    void claim(long bytes) throws DiskException {
        if (spaceLeft.addAndGet(-bytes) >= 0 && ballast.missingBytes() == 0) {
            return;
        }
        ballast.makeIfThereIsRoom();
        long free = disk.space(objects).freeBytes() - reservedBytes - ballast.missingBytes() - bytes;
        spaceLeft.set(Math.min(free, SPACE_STEP_BYTES));
        if (free < 0) {
            throw new DiskException(
                    DiskException.Kind.NO_SPACE, "grow", objects, "only the space kept for metadata is left");
        }
    }

    /** Refuses what needs no space of its own with {@code NO_SPACE} when the rest is for removals. */
    void requireRoomForMetadata() throws DiskException {
        if (ballast.isHalfGone()) {
            throw new DiskException(
                    DiskException.Kind.NO_SPACE, "write", objects, "only the space kept for removals is left");
        }
    }

    Disk.Space space() throws DiskException {
        return disk.space(objects);
    }

    @Override
    public void close() {
        cache.close();
    }
}
