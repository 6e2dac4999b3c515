package sheepdog.membership.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * A folder with plain files. A seam: a real one, and one in memory that loses what was not synced and can be full.
 * Blocking; one caller at a time.
 *
 * <p>Not promised: that anything which was not synced survives a power loss, in whole, in part, or in order. Renames
 * within a folder need no space, nor do writes over what a file already holds. All methods but those throw
 * {@link NoSpaceException} if there is no space, and another {@link IOException} for all else.
 */
public interface Folder {
    /** For messages. */
    String path();

    /** Names of the files, sorted. */
    List<String> names() throws IOException;

    boolean exists(String name) throws IOException;

    /** Everything in a file that is there. */
    byte[] read(String name) throws IOException;

    /** Opens a file that is there, to write. */
    OpenFile open(String name) throws IOException;

    /** An empty file to write, in place of one of that name. */
    OpenFile create(String name) throws IOException;

    /** In one step, in place of a file named {@code to}. */
    void rename(String from, String to) throws IOException;

    /** Nothing if it is not there. */
    void delete(String name) throws IOException;

    /** Names are as they are now after a power loss. */
    void sync() throws IOException;

    /** Space that new files could take. */
    long freeBytes() throws IOException;

    /** A file that is open. Its owner closes it. */
    interface OpenFile extends AutoCloseable {
        long length() throws IOException;

        /** All of {@code bytes}, position to limit, at {@code offset}, which is not beyond the end. */
        void write(ByteBuffer bytes, long offset) throws IOException;

        /** Cuts off what is behind {@code length}, and gives its space back. */
        void shorten(long length) throws IOException;

        /** What was written, and the length, are as they are now after a power loss. */
        void sync() throws IOException;

        @Override
        void close() throws IOException;
    }
}
