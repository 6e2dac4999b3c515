package sheepdog.store.plain;

import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import sheepdog.store.disk.DiskException;
import sheepdog.store.meta.MetaBatch;
import sheepdog.store.meta.MetaStore;

/**
 * The metadata, with a {@link Ballast} to throw off: a change that finds the file system full is done once more when
 * the ballast is gone. Any thread.
 *
 * <p>If that does not help, the metadata are <em>stuck</em>: each later change first looks whether there is room again.
 */
final class RoomyMeta implements MetaStore {
    private final MetaStore meta;
    private final Ballast ballast;
    private final ReentrantLock lock = new ReentrantLock();
    private volatile long rescues;
    private volatile boolean stuck;

    RoomyMeta(MetaStore meta, Ballast ballast) {
        this.meta = meta;
        this.ballast = ballast;
    }

    private interface Change {
        void run() throws IOException;
    }

    private void change(Change change) throws IOException {
        requireRoom();
        long seen = rescues;
        try {
            change.run();
        } catch (DiskException failure) {
            requireFull(failure);
            rescue(seen);
            again(change);
        }
    }

    private static void requireFull(DiskException failure) throws DiskException {
        if (failure.kind() != DiskException.Kind.NO_SPACE) {
            throw failure;
        }
    }

    private void again(Change change) throws IOException {
        try {
            change.run();
        } catch (DiskException failure) {
            requireFull(failure);
            stuck = true;
            throw failure;
        }
    }

    private void rescue(long seen) throws IOException {
        lock.lock();
        try {
            if (rescues != seen) {
                return; // Somebody else did it meanwhile.
            }
            stuck = true;
            ballast.release();
            if (ballast.isHalfGone()) { // Others were faster: opening the metadata again could end half way.
                throw new DiskException(
                        DiskException.Kind.NO_SPACE, "write", "metadata", "the file system is full to the last");
            }
            meta.resume();
            stuck = false;
            rescues++;
        } finally {
            lock.unlock();
        }
    }

    /** Whether the last change did not find room. */
    boolean isStuck() {
        return stuck;
    }

    /** @throws DiskException of the kind {@code NO_SPACE} if there was no room the last time, and is none now */
    void requireRoom() throws IOException {
        if (stuck) {
            rescue(rescues);
        }
    }

    @Override
    public Optional<byte[]> get(byte[] key) throws IOException {
        return meta.get(key);
    }

    @Override
    public void apply(MetaBatch batch) throws IOException {
        change(() -> meta.apply(batch));
    }

    @Override
    public void sync() throws IOException {
        change(meta::sync);
    }

    @Override
    public void resume() throws IOException {
        meta.resume();
    }

    @Override
    public void scan(byte[] from, byte[] to, Visitor visitor) throws IOException {
        meta.scan(from, to, visitor);
    }

    @Override
    public void close() throws IOException {
        meta.close();
    }
}
