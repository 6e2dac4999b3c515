package sheepdog.store.plain;

import java.nio.file.Path;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.store.disk.Disk;
import sheepdog.store.disk.DiskException;
import sheepdog.store.disk.DiskFile;

/**
 * A file that holds nothing but space: {@code meta/ballast}. Any thread.
 *
 * <p>Objects leave free space for the metadata, but other programs on the file system do not. When those have filled it,
 * the file goes, and the metadata have room for what a checkpoint and removals need. It is made again when there is room
 * for it and for as much again.
 */
final class Ballast {
    private static final Logger LOG = LoggerFactory.getLogger(Ballast.class);

    private final Disk disk;
    private final Path folder;
    private final Path path;
    private final long bytes;
    private final ReentrantLock lock = new ReentrantLock();
    private volatile boolean held;

    /** Finds out whether it is there. @param bytes 0 for a store that has none */
    Ballast(Disk disk, Path folder, long bytes) throws DiskException {
        this.disk = disk;
        this.folder = folder;
        this.bytes = bytes;
        path = path(folder);
        if (disk.exists(path)) {
            try (DiskFile file = disk.open(path)) {
                held = bytes > 0 && file.length() == bytes;
            }
            if (!held) {
                disk.delete(path); // Of another size, or not finished.
            }
        }
    }

    private static Path path(Path folder) {
        return folder.resolve("ballast");
    }

    /** Gives it up if the store in {@code folder} could not even be opened otherwise. No store may be open there. */
    static void releaseIfShort(Disk disk, Path folder, long bytes) throws DiskException {
        if (disk.exists(path(folder)) && disk.space(folder).freeBytes() < bytes / 2) {
            disk.delete(path(folder));
        }
    }

    /** What it should hold and does not. */
    long missingBytes() {
        return held ? 0 : bytes;
    }

    /** Whether the space that was given up is half gone, so that what is left is for removals only. */
    boolean isHalfGone() throws DiskException {
        return missingBytes() > 0 && freeBytes() < bytes / 2;
    }

    private long freeBytes() throws DiskException {
        return disk.space(folder).freeBytes();
    }

    /** Gives the space to whoever needs it first. Nothing if it was given up before. */
    void release() throws DiskException {
        lock.lock();
        try {
            if (held) {
                held = false;
                disk.delete(path);
                disk.syncDirectory(folder); // Some file systems have the space only then.
                LOG.warn("file system full, its last space is given to the metadata bytes={}", bytes);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Takes its space, if it has none and there is twice as much. */
    void makeIfThereIsRoom() {
        if (missingBytes() == 0) {
            return;
        }
        lock.lock();
        try {
            if (!held && freeBytes() >= 2 * bytes) {
                make();
                held = true;
            }
        } catch (DiskException failure) {
            LOG.warn("no space is kept for the metadata reason={}", failure.getMessage());
        } finally {
            lock.unlock();
        }
    }

    private void make() throws DiskException {
        boolean whole = false;
        try (DiskFile file = disk.create(path)) {
            file.reserve(0, bytes);
            file.resize(bytes); // Last: by its length a whole one is known.
            whole = true;
        } finally {
            if (!whole) {
                disk.delete(path);
            }
        }
    }
}
