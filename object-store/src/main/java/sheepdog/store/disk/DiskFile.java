package sheepdog.store.disk;

import java.nio.ByteBuffer;

/**
 * An open file. Any thread; calls on one file may overlap in time, {@link #close} may not overlap with any other.
 *
 * <p>After a failed {@link #sync} nothing is known of what was written since the last good one: a later sync that
 * succeeds does not vouch for it.
 */
public interface DiskFile extends AutoCloseable {
    /**
     * Reads from {@code offset} until {@code into} is full or the file ends.
     *
     * @return bytes read; the buffer's position has moved by as many
     */
    int read(ByteBuffer into, long offset) throws DiskException;

    /** Writes position to limit of {@code data}, all of it; the buffer is left as it was. */
    void write(ByteBuffer data, long offset) throws DiskException;

    /**
     * As {@link #write}, past the memory that the kernel keeps files in if the file system can do that: for much that is
     * synced at once and not read soon. Nobody else may use the file meanwhile.
     */
    default void writeThrough(ByteBuffer data, long offset) throws DiskException {
        write(data, offset);
    }

    /** Sets the file's length; new bytes read as zeros and take no space. */
    void resize(long length) throws DiskException;

    /**
     * Sees to it that writing this range cannot run out of space any more.
     *
     * @param offset first byte of a range that reads as zeros and may be written with zeros
     */
    void reserve(long offset, long length) throws DiskException;

    /** The range reads as zeros afterwards, and its blocks are given back where the file system can do that. */
    void punch(long offset, long length) throws DiskException;

    /** Starts writing what is still in memory, without waiting: a hint. */
    void startWriteBack();

    /** What was written, and the length, are on stable storage when this returns. */
    void sync() throws DiskException;

    long length() throws DiskException;

    @Override
    void close();
}
