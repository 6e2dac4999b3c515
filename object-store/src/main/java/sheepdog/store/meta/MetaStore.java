package sheepdog.store.meta;

import java.io.IOException;
import java.util.Optional;

/**
 * A sorted map from bytes to bytes (keys compared as unsigned bytes) that survives crashes in whole batches.
 *
 * <p>Any thread; blocking. What it does <em>not</em> promise: a batch that was applied but not synced may be gone after
 * a power loss; if one is there, so are all applied before it. After {@link #close} every call fails with an
 * {@code IOException}.
 */
public interface MetaStore extends AutoCloseable {
    Optional<byte[]> get(byte[] key) throws IOException;

    /** All of the batch or nothing of it, visible at once to every reader. */
    void apply(MetaBatch batch) throws IOException;

    /** Every batch applied before this call is on stable storage when it returns. */
    void sync() throws IOException;

    /**
     * Lets changes through again after one that found the file system full, when there is space: a store may refuse them
     * all from then on. What was applied before stays applied, and is on stable storage as far as it was.
     *
     * @throws sheepdog.store.disk.DiskException if that fails; may be tried again
     */
    void resume() throws IOException;

    /**
     * Visits entries from {@code from} (inclusive) to {@code to} (exclusive) in ascending order, until the visitor has
     * enough. Batches applied meanwhile may be seen or not.
     */
    void scan(byte[] from, byte[] to, Visitor visitor) throws IOException;

    /** Waits for calls under way. */
    @Override
    void close() throws IOException;

    /** Takes the entries of a scan. */
    interface Visitor {
        /**
         * @param key   the visitor's own
         * @param value the visitor's own
         * @return whether to go on
         */
        boolean visit(byte[] key, byte[] value) throws IOException;
    }
}
