package sheepdog.store.disk;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A file system, as far as the store needs one. Any thread; every call may block for as long as the device does.
 *
 * <p>What it does <em>not</em> promise: nothing written is on stable storage before {@link DiskFile#sync}, and no name
 * made, replaced or deleted before {@link #syncDirectory} of its directory; what was not synced may be there after a
 * power loss, in any part and any order, down to single sectors of 512 bytes.
 */
public interface Disk {
    /** Bytes that a power loss leaves whole: old or new, never a mixture. */
    int SECTOR_BYTES = 512;

    /** Opens a file that exists, to read and to write. */
    DiskFile open(Path file) throws DiskException;

    /** Opens a file that is empty then: a new one, or one whose content is dropped. */
    DiskFile create(Path file) throws DiskException;

    /** @throws DiskException if that cannot be known; a link that leads nowhere is not there */
    boolean exists(Path path) throws DiskException;

    /** Replaces {@code to} in one step, if it exists. */
    void rename(Path from, Path to) throws DiskException;

    /** @return whether there was such a file */
    boolean delete(Path file) throws DiskException;

    /** Makes one directory whose parent exists, with the access of 0770 minus the umask; nothing if it is there. */
    void makeDirectory(Path directory) throws DiskException;

    boolean isDirectory(Path path) throws DiskException;

    /** Names in a directory, sorted. */
    List<String> list(Path directory) throws DiskException;

    /** Names made, replaced and deleted in {@code directory} are on stable storage when this returns. */
    void syncDirectory(Path directory) throws DiskException;

    Space space(Path path) throws DiskException;

    /** Takes the lock that keeps other processes away, until the handle is closed; empty if it is taken. */
    Optional<Lock> lock(Path file) throws DiskException;

    /**
     * @param totalBytes size of the file system
     * @param freeBytes  what an unprivileged user may still write
     */
    record Space(long totalBytes, long freeBytes) {}

    /** A lock that is held. */
    interface Lock extends AutoCloseable {
        @Override
        void close();
    }
}
