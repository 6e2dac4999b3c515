package sheepdog.store.plain;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Vid;
import sheepdog.store.meta.MetaBatch;
import sheepdog.store.meta.MetaStore;

/**
 * The objects whose last mutations are not known to be on every replica (R6). Any thread.
 *
 * <p>A mark becomes persistent with the journal's record of the mutation, and costs nothing of its own; a checkpoint
 * saves those that are still needed. What the owner completed is compared when somebody asks, so that its word costs
 * nothing either. An object keeps a mark of an <em>earlier</em> generation, whatever the new owner completes, until it
 * was made equal everywhere ({@link #settled}).
 */
final class Marks {
    /**
     * @param sequence  the last mutation's; 0 if the mark is only kept until its record in the metadata is deleted
     * @param inherited some of what is in flight is of an earlier generation
     * @param saved     a checkpoint has saved exactly this
     */
    private record Mark(long generation, long sequence, boolean inherited, boolean saved) {
        Mark dead() {
            return new Mark(generation, 0, false, false);
        }
    }

    private static final class OfVdi {
        private final TreeMap<ObjectId, Mark> marks = new TreeMap<>();
        private long generation;
        private long completed;
        private long journaled;
        private boolean ownerSaved;

        private boolean isInFlight(Mark mark) {
            return mark.inherited()
                    || mark.sequence() > 0 && (mark.generation() != generation || mark.sequence() > completed);
        }
    }

    /** Up to where an owner's mutations are complete, or an object's are settled. */
    record Completed(long generation, long sequence) {}

    private final ReentrantLock lock = new ReentrantLock();
    private final TreeMap<Vid, OfVdi> vdis = new TreeMap<>();

    void note(ObjectId oid, long generation, long sequence) {
        lock.lock();
        try {
            OfVdi vdi = vdis.computeIfAbsent(oid.vid(), _ -> new OfVdi());
            Mark old = vdi.marks.get(oid);
            long last = Math.max(1, sequence);
            boolean inherited = false;
            if (old != null && old.generation() == generation) {
                last = Math.max(last, old.sequence());
                inherited = old.inherited();
            } else if (old != null) {
                inherited = vdi.isInFlight(old);
            }
            vdi.marks.put(oid, new Mark(generation, last, inherited, false));
        } finally {
            lock.unlock();
        }
    }

    void completed(Vid vid, long generation, long sequence) {
        lock.lock();
        try {
            OfVdi vdi = vdis.computeIfAbsent(vid, _ -> new OfVdi());
            if (generation > vdi.generation) {
                // The old generation's count is forgotten: what it had not completed stays marked until settled.
                vdi.marks.replaceAll((_, mark) -> vdi.isInFlight(mark) ? mark : mark.dead());
                vdi.generation = generation;
                vdi.completed = sequence;
                vdi.journaled = 0;
                vdi.ownerSaved = false;
            } else if (generation == vdi.generation && sequence > vdi.completed) {
                vdi.completed = sequence;
                vdi.ownerSaved = false;
            }
        } finally {
            lock.unlock();
        }
    }

    /** The VDI's fence was raised, which is saved with the owner's count. */
    void ownerChanged(Vid vid) {
        lock.lock();
        try {
            vdis.computeIfAbsent(vid, _ -> new OfVdi()).ownerSaved = false;
        } finally {
            lock.unlock();
        }
    }

    /** What the owner completed since this was last asked, to be written beside the next record. */
    Optional<Completed> takeCompleted(Vid vid) {
        lock.lock();
        try {
            OfVdi vdi = vdis.get(vid);
            if (vdi == null || vdi.completed == vdi.journaled) {
                return Optional.empty();
            }
            vdi.journaled = vdi.completed;
            return Optional.of(new Completed(vdi.generation, vdi.completed));
        } finally {
            lock.unlock();
        }
    }

    /**
     * The object was made equal everywhere.
     *
     * @param generation the VDI's present owner, whose own writes may have gone on meanwhile
     * @return up to where it is settled, for the journal; empty if it was not in flight
     */
    Optional<Completed> settled(ObjectId oid, long generation) {
        lock.lock();
        try {
            OfVdi vdi = vdis.get(oid.vid());
            Mark mark = vdi == null ? null : vdi.marks.get(oid);
            if (mark == null) {
                return Optional.empty();
            }
            boolean keepsOwn = mark.inherited() && mark.generation() == generation;
            var upTo = new Completed(mark.generation(), keepsOwn ? 0 : mark.sequence());
            settled(oid, upTo);
            return Optional.of(upTo);
        } finally {
            lock.unlock();
        }
    }

    /** The same from the journal, where the mark may be as it was then, or as it became later. */
    void settled(ObjectId oid, Completed upTo) {
        lock.lock();
        try {
            OfVdi vdi = vdis.get(oid.vid());
            if (vdi != null) {
                vdi.marks.computeIfPresent(oid, (_, mark) -> {
                    if (mark.generation() > upTo.generation()) {
                        return mark;
                    }
                    return mark.generation() == upTo.generation() && mark.sequence() > upTo.sequence()
                            ? new Mark(mark.generation(), mark.sequence(), false, false)
                            : mark.dead();
                });
            }
        } finally {
            lock.unlock();
        }
    }

    boolean isInFlight(ObjectId oid) {
        lock.lock();
        try {
            OfVdi vdi = vdis.get(oid.vid());
            Mark mark = vdi == null ? null : vdi.marks.get(oid);
            return mark != null && vdi.isInFlight(mark);
        } finally {
            lock.unlock();
        }
    }

    /** The copy went, and what was in flight of it matters no more. */
    void forget(ObjectId oid) {
        lock.lock();
        try {
            OfVdi vdi = vdis.get(oid.vid());
            if (vdi != null) {
                vdi.marks.computeIfPresent(oid, (_, mark) -> mark.dead());
            }
        } finally {
            lock.unlock();
        }
    }

    List<ObjectId> inFlight(Vid vid) {
        lock.lock();
        try {
            OfVdi vdi = vdis.get(vid);
            return vdi == null ? List.of() : inFlight(vdi);
        } finally {
            lock.unlock();
        }
    }

    private static List<ObjectId> inFlight(OfVdi vdi) {
        return vdi.marks.entrySet().stream()
                .filter(entry -> vdi.isInFlight(entry.getValue()))
                .map(Map.Entry::getKey)
                .toList();
    }

    List<Vid> inFlightVids() {
        lock.lock();
        try {
            return vdis.entrySet().stream()
                    .filter(entry -> !inFlight(entry.getValue()).isEmpty())
                    .map(Map.Entry::getKey)
                    .toList();
        } finally {
            lock.unlock();
        }
    }

    void clear() {
        lock.lock();
        try {
            vdis.clear();
        } finally {
            lock.unlock();
        }
    }

    void load(MetaStore meta, Fences fences) throws IOException {
        meta.scan(MetaKeys.from('v'), MetaKeys.to('v'), (key, value) -> {
            var fields = MetaKeys.checked(value, 25);
            OfVdi vdi = vdis.computeIfAbsent(MetaKeys.vidOf(key), _ -> new OfVdi());
            vdi.generation = fields.getLong(8);
            vdi.completed = fields.getLong(16);
            vdi.journaled = vdi.completed;
            vdi.ownerSaved = true;
            fences.raise(MetaKeys.vidOf(key), fields.getLong(0));
            return true;
        });
        meta.scan(MetaKeys.from('m'), MetaKeys.to('m'), (key, value) -> {
            var fields = MetaKeys.checked(value, 18);
            ObjectId oid = MetaKeys.oidOfMark(key);
            vdis.computeIfAbsent(oid.vid(), _ -> new OfVdi())
                    .marks
                    .put(oid, new Mark(fields.getLong(0), fields.getLong(8), fields.get(16) != 0, true));
            return true;
        });
    }

    /** Adds what changed since the last time: marks, and the owners' counts with the fences. */
    void save(MetaBatch batch, Fences fences) {
        lock.lock();
        try {
            var dead = new ArrayList<ObjectId>();
            vdis.forEach((vid, vdi) -> {
                dead.clear();
                vdi.marks.replaceAll((oid, mark) -> {
                    if (!vdi.isInFlight(mark)) {
                        batch.delete(MetaKeys.mark(oid));
                        dead.add(oid);
                        return mark;
                    }
                    if (mark.saved()) {
                        return mark;
                    }
                    batch.put(
                            MetaKeys.mark(oid),
                            MetaKeys.value(17)
                                    .putLong(mark.generation())
                                    .putLong(mark.sequence())
                                    .put((byte) (mark.inherited() ? 1 : 0))
                                    .array());
                    return new Mark(mark.generation(), mark.sequence(), mark.inherited(), true);
                });
                dead.forEach(vdi.marks::remove);
                if (vdi.ownerSaved) {
                    return;
                }
                vdi.ownerSaved = true;
                batch.put(
                        MetaKeys.owner(vid),
                        MetaKeys.value(24)
                                .putLong(fences.generation(vid))
                                .putLong(vdi.generation)
                                .putLong(vdi.completed)
                                .array());
            });
        } finally {
            lock.unlock();
        }
    }
}
