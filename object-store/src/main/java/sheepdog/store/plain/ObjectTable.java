package sheepdog.store.plain;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import sheepdog.protocol.model.ObjectId;
import sheepdog.store.meta.MetaStore;

/**
 * The objects in use, and those last used, with their checksums. Any thread.
 *
 * <p>An object stays while it is pinned: by a call under way, or because it has changes that no checkpoint saved yet.
 */
final class ObjectTable {
    private final MetaStore meta;
    private final int unpinnedMax;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<ObjectId, StoredObject> pinned = new HashMap<>();
    private final LinkedHashMap<ObjectId, StoredObject> unpinned = new LinkedHashMap<>();
    private Map<ObjectId, StoredObject> changed = new LinkedHashMap<>();
    private volatile int changedCount;

    MetaStore meta() {
        return meta;
    }

    ObjectTable(MetaStore meta, int unpinnedMax) {
        this.meta = meta;
        this.unpinnedMax = unpinnedMax;
    }

    /** The object, whether it exists or not; {@link #unpin} must follow. */
    StoredObject pin(ObjectId oid) throws IOException {
        StoredObject object;
        lock.lock();
        try {
            object = pinned.get(oid);
            if (object == null) {
                object = unpinned.remove(oid);
                if (object == null) {
                    object = new StoredObject(oid);
                }
                pinned.put(oid, object);
            }
            object.pins++;
        } finally {
            lock.unlock();
        }
        try {
            load(object);
            return object;
        } catch (IOException failure) {
            unpin(object);
            throw failure;
        }
    }

    void unpin(StoredObject object) {
        lock.lock();
        try {
            if (--object.pins == 0) {
                pinned.remove(object.oid);
                if (object.loaded && object.exists) {
                    unpinned.put(object.oid, object);
                    if (unpinned.size() > unpinnedMax) {
                        unpinned.pollFirstEntry();
                    }
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private void load(StoredObject object) throws IOException {
        object.content.readLock().lock();
        try {
            if (object.loaded) {
                return;
            }
        } finally {
            object.content.readLock().unlock();
        }
        object.content.writeLock().lock();
        try {
            if (!object.loaded) {
                byte[] key = MetaKeys.object(object.oid);
                var value = meta.get(key);
                if (value.isPresent()) {
                    var info = MetaKeys.info(key, value.get());
                    object.epoch = info.epoch();
                    object.mutated = info.mutated();
                    var sums = meta.get(MetaKeys.sums(object.oid));
                    object.becomes(true, sums.isPresent() ? MetaKeys.sumsOf(object.oid, sums.get()) : new int[0]);
                }
                object.loaded = true;
            }
        } finally {
            object.content.writeLock().unlock();
        }
    }

    /** The object has changes to be saved. */
    void changed(StoredObject object) {
        lock.lock();
        try {
            if (changed.put(object.oid, object) == null) {
                object.pins++;
            }
            changedCount = changed.size();
        } finally {
            lock.unlock();
        }
    }

    /** How many objects have changes; read without the lock, so perhaps a moment old. */
    int changedCount() {
        return changedCount;
    }

    /** The objects with changes; those that change from now on count for the next time. Each is to be unpinned. */
    List<StoredObject> takeChanged() {
        lock.lock();
        try {
            var taken = new ArrayList<>(changed.values());
            changed = new LinkedHashMap<>();
            changedCount = 0;
            return taken;
        } finally {
            lock.unlock();
        }
    }

    /** The object has changes still that {@link #takeChanged} gave away and nobody saved; not pinned once more. */
    void keep(StoredObject object) {
        lock.lock();
        try {
            if (changed.putIfAbsent(object.oid, object) != null) {
                object.pins--; // It changed again meanwhile, and was pinned for that.
            }
            changedCount = changed.size();
        } finally {
            lock.unlock();
        }
    }

    /** Forgets everything. No object may be in use. */
    void clear() {
        lock.lock();
        try {
            pinned.clear();
            unpinned.clear();
            changed.clear();
        } finally {
            lock.unlock();
        }
    }
}
