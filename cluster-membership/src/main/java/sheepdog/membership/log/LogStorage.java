package sheepdog.membership.log;

import java.io.IOException;
import sheepdog.membership.consensus.LogWrite;
import sheepdog.membership.consensus.Restored;
import sheepdog.membership.files.NoSpaceException;

/**
 * The log on this node's disk. A seam: files, and the simulator's. Blocking; calls come one after the other.
 *
 * <p>After an {@link IOException} nothing may be concluded about what is on disk, so the owner stops using it: what a
 * failed sync leaves behind cannot be known, and a voter that guesses can lose what it has promised. A
 * {@link NoSpaceException} is no such failure.
 */
public interface LogStorage {
    /**
     * What is there, after dropping a last write that was never finished. Called once, before all else.
     *
     * @throws LogStorageException if it is damaged or of an unknown version; names the file and says what to do
     */
    Restored load();

    /**
     * Makes one change. When this returns it survives a power loss, with all before it; when the machine stops in the
     * middle, it is there whole or not at all.
     *
     * @throws NoSpaceException if the file system is full: the change is not made, or was not asked to last; all before
     *                          it is as it was, and another one may be tried, best the same
     */
    void write(LogWrite write) throws IOException;

    /** No calls after this one. */
    void close();
}
