package sheepdog.store.plain;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.store.meta.MetaBatch;
import sheepdog.store.meta.MetaStore;

/**
 * What is remembered of objects that were removed: the epoch of the newest removal of each, until the object is made
 * again or the cluster needs it no more. Any thread.
 *
 * <p>The memory is a metadata record of its own, changed together with that of the object and covered by the same record
 * of the journal; no object has both. It is changed only by who holds the object's mutation lock.
 */
final class Removals {
    private final MetaStore meta;
    private final ObjectTable table;
    private final AtomicReference<Epoch> forgotten = new AtomicReference<>(Epoch.NONE);

    Removals(MetaStore meta, ObjectTable table) {
        this.meta = meta;
        this.table = table;
    }

    /** A part of what is remembered. @param last key that was looked at; empty if there was none */
    record Page(List<ObjectId> forgettable, Optional<byte[]> last) {}

    /** The epoch of the newest removal remembered. */
    Optional<Epoch> newest(ObjectId oid) throws IOException {
        return remembered(oid).filter(epoch -> !isForgotten(epoch));
    }

    private Optional<Epoch> remembered(ObjectId oid) throws IOException {
        var value = meta.get(MetaKeys.removal(oid));
        return value.isPresent() ? Optional.of(MetaKeys.epochOf(value.get())) : Optional.empty();
    }

    private boolean isForgotten(Epoch epoch) {
        return !forgotten.get().isBefore(epoch);
    }

    /** Adds the memory of a removal in {@code epoch}, unless it would be forgotten at once; never an older one. */
    void note(MetaBatch batch, ObjectId oid, Epoch epoch) throws IOException {
        var before = remembered(oid);
        Epoch newest = before.isPresent() && epoch.isBefore(before.get()) ? before.get() : epoch;
        if (!isForgotten(newest)) {
            batch.put(MetaKeys.removal(oid), MetaKeys.epochValue(newest));
        } else if (before.isPresent()) {
            batch.delete(MetaKeys.removal(oid));
        }
    }

    /** Whether a removal in {@code epoch} would change nothing. */
    boolean covers(ObjectId oid, Epoch epoch) throws IOException {
        var before = newest(oid);
        return isForgotten(epoch) || before.isPresent() && !before.get().isBefore(epoch);
    }

    void load() throws IOException {
        var value = meta.get(MetaKeys.FORGOTTEN);
        if (value.isPresent()) {
            forgotten.set(MetaKeys.epochOf(value.get()));
        }
    }

    /** Up to which epoch removals may not be remembered. */
    Epoch forgotten() {
        return forgotten.get();
    }

    /**
     * Removals up to {@code through} count no more. That is on disk before any of them goes, for who has forgotten one
     * must know that.
     *
     * @return whether they are to be looked for, too
     */
    boolean forget(Epoch through) throws IOException {
        if (through.isBefore(forgotten.get())) {
            return false;
        }
        meta.apply(new MetaBatch().put(MetaKeys.FORGOTTEN, MetaKeys.epochValue(through)));
        meta.sync();
        forgotten.set(through);
        return true;
    }

    /** @param after where to go on; empty at the beginning */
    Page page(Optional<byte[]> after, int entriesMax) throws IOException {
        var forgettable = new ArrayList<ObjectId>();
        var keys = new ArrayList<byte[]>();
        meta.scan(after.map(MetaKeys::after).orElse(MetaKeys.from('x')), MetaKeys.to('x'), (key, value) -> {
            keys.add(key);
            if (isForgotten(MetaKeys.epochOf(value))) {
                forgettable.add(MetaKeys.oidOf(key));
            }
            return keys.size() < entriesMax;
        });
        return new Page(forgettable, keys.isEmpty() ? Optional.empty() : Optional.of(keys.getLast()));
    }

    /** Deletes what is remembered of the object if that is forgotten still, for it may have been removed again. */
    void deleteForgotten(ObjectId oid) throws IOException {
        StoredObject object = table.pin(oid);
        object.mutation.lock();
        try {
            var newest = remembered(oid);
            if (newest.isPresent() && isForgotten(newest.get())) {
                meta.apply(new MetaBatch().delete(MetaKeys.removal(oid)));
            }
        } finally {
            object.mutation.unlock();
            table.unpin(object);
        }
    }

    /** The store is empty, and what was to be forgotten with it. */
    void clear() {
        forgotten.set(Epoch.NONE);
    }
}
