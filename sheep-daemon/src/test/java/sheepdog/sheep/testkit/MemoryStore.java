package sheepdog.sheep.testkit;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;
import sheepdog.store.api.ObjectInfo;
import sheepdog.store.api.ObjectStore;
import sheepdog.store.api.Stamp;
import sheepdog.store.api.StoreStats;

/** Objects in memory, sparse; outlives the sheep of a test, as a disk does. Answers what the test tells it to fail. */
public final class MemoryStore implements ObjectStore {
    private static final int PAGE = 4096;

    private final TreeMap<ObjectId, Stored> objects = new TreeMap<>();
    private final TreeMap<Vid, Long> generations = new TreeMap<>();
    private final TreeMap<ObjectId, Stamp> marks = new TreeMap<>();
    private final TreeMap<ObjectId, Epoch> removals = new TreeMap<>();
    private Epoch forgotten = Epoch.NONE;
    private final Map<ObjectId, ResultCode> failing = new HashMap<>();
    private Epoch fence = Epoch.NONE;
    private final Set<ObjectId> damaged = new HashSet<>();
    private boolean formats = true;
    private boolean full;
    private boolean failed;
    private Runnable beforeRead = () -> {};

    private static final class Stored {
        final Map<Integer, byte[]> pages = new HashMap<>();
        Epoch epoch;
        Epoch mutated;
    }

    /** From now on every mutation of this object comes to {@code code}, with EIO reads too; SUCCESS ends it. */
    public void fail(ObjectId oid, ResultCode code) {
        failing.put(oid, code);
    }

    /** The copy can neither be read nor written any more, until a whole one comes. */
    public void damage(ObjectId oid) {
        damaged.add(oid);
    }

    /** Whether it has not been replaced since. */
    public boolean isDamaged(ObjectId oid) {
        return damaged.contains(oid);
    }

    /** From now on every mutation comes to EIO. */
    public void fail() {
        failed = true;
    }

    /** While it is so, there is no room for any copy that recovery brings. */
    public void full(boolean now) {
        full = now;
    }

    /** {@code meanwhile} runs before each read. */
    public void beforeRead(Runnable meanwhile) {
        beforeRead = meanwhile;
    }

    /** Whether a format succeeds; otherwise it comes to EIO. */
    public void formats(boolean succeeds) {
        formats = succeeds;
    }

    public boolean holds(ObjectId oid) {
        return objects.containsKey(oid);
    }

    /** Byte by byte, without any check; empty if there is no such object. */
    public Optional<byte[]> bytes(ObjectId oid, int offset, int length) {
        var into = ByteBuffer.allocate(length);
        var stored = objects.get(oid);
        if (stored == null) {
            return Optional.empty();
        }
        copy(stored, offset, into);
        return Optional.of(into.array());
    }

    /** Puts an object there as if it had always been. */
    public void plant(ObjectId oid, Epoch epoch, byte[] atStart) {
        var stored = new Stored();
        stored.epoch = epoch;
        stored.mutated = epoch;
        objects.put(oid, stored);
        put(stored, 0, ByteBuffer.wrap(atStart));
    }

    private Optional<ResultCode> failure(ObjectId oid) {
        if (damaged.contains(oid)) {
            return Optional.of(ResultCode.EIO);
        }
        return Optional.ofNullable(failing.get(oid)).filter(code -> code != ResultCode.SUCCESS);
    }

    private Optional<ResultCode> refusal(ObjectId oid, Epoch epoch) {
        if (failed) {
            return Optional.of(ResultCode.EIO);
        }
        if (failure(oid).isPresent()) {
            return failure(oid);
        }
        return epoch.isBefore(fence) ? Optional.of(ResultCode.OLD_NODE_VER) : Optional.empty();
    }

    private Optional<ResultCode> refusal(ObjectId oid, Stamp stamp) {
        var old = refusal(oid, stamp.epoch());
        if (old.isPresent()) {
            return old;
        }
        long generation = generations.getOrDefault(oid.vid(), 0L);
        if (stamp.generation() < generation) {
            return Optional.of(ResultCode.AGAIN);
        }
        generations.put(oid.vid(), stamp.generation());
        return Optional.empty();
    }

    @Override
    public Outcome<Void> read(ObjectId oid, int offset, ByteBuffer into) {
        var refused = failure(oid).filter(ResultCode.EIO::equals);
        if (refused.isPresent()) {
            return Outcome.refused(refused.get());
        }
        var stored = objects.get(oid);
        if (stored == null) {
            return Outcome.refused(ResultCode.NO_OBJ);
        }
        beforeRead.run();
        copy(stored, offset, into);
        return Outcome.done();
    }

    private static void copy(Stored stored, int offset, ByteBuffer into) {
        for (int at = offset; into.hasRemaining(); ) {
            int part = Math.min(PAGE - at % PAGE, into.remaining());
            byte[] page = stored.pages.getOrDefault(at / PAGE, new byte[PAGE]);
            into.put(page, at % PAGE, part);
            at += part;
        }
    }

    private static void put(Stored stored, int offset, ByteBuffer data) {
        ByteBuffer from = data.duplicate();
        for (int at = offset; from.hasRemaining(); ) {
            int part = Math.min(PAGE - at % PAGE, from.remaining());
            byte[] bytes = new byte[part];
            from.get(bytes);
            byte[] page = stored.pages.get(at / PAGE);
            if (page != null || !isZero(bytes)) {
                page = page == null ? new byte[PAGE] : page;
                stored.pages.put(at / PAGE, page);
                System.arraycopy(bytes, 0, page, at % PAGE, part);
            }
            at += part;
        }
    }

    private static boolean isZero(byte[] bytes) {
        for (byte b : bytes) {
            if (b != 0) {
                return false;
            }
        }
        return true;
    }

    @Override
    public Outcome<Void> create(ObjectId oid, int offset, ByteBuffer data, Stamp stamp) {
        if (data.remaining() == oid.size()) {
            damaged.remove(oid);
        }
        return change(oid, stamp, true, stored -> put(stored, offset, data));
    }

    @Override
    public Outcome<Void> write(ObjectId oid, int offset, ByteBuffer data, Stamp stamp) {
        return change(oid, stamp, false, stored -> put(stored, offset, data));
    }

    private interface Change {
        void on(Stored stored);
    }

    private Outcome<Void> change(ObjectId oid, Stamp stamp, boolean make, Change change) {
        var refused = refusal(oid, stamp);
        if (refused.isPresent()) {
            return Outcome.refused(refused.get());
        }
        var stored = objects.get(oid);
        if (stored == null && !make) {
            return Outcome.refused(ResultCode.NO_OBJ);
        }
        if (stored == null) {
            stored = new Stored();
            objects.put(oid, stored);
        }
        change.on(stored);
        stored.epoch = stamp.epoch();
        stored.mutated = stamp.epoch();
        removals.remove(oid);
        marks.put(oid, stamp);
        return Outcome.done();
    }

    @Override
    public Outcome<Void> recovered(
            ObjectId oid, Optional<ByteBuffer> whole, Epoch mutated, Stamp stamp, boolean inFlight) {
        if (whole.isPresent() && whole.get().remaining() != oid.size()) {
            return Outcome.refused(ResultCode.INVALID_PARMS);
        }
        if (full && whole.isPresent()) {
            return Outcome.refused(ResultCode.NO_SPACE);
        }
        boolean wasDamaged = damaged.remove(oid);
        var refused = inFlight ? refusal(oid, stamp) : refusal(oid, stamp.epoch());
        if (refused.isPresent()) {
            if (wasDamaged) {
                damaged.add(oid);
            }
            return Outcome.refused(refused.get());
        }
        objects.remove(oid);
        if (whole.isPresent()) {
            var stored = new Stored();
            stored.epoch = stamp.epoch();
            stored.mutated = mutated;
            put(stored, 0, whole.get());
            objects.put(oid, stored);
            removals.remove(oid);
        } else {
            remember(oid, stamp.epoch());
        }
        if (inFlight) {
            marks.put(oid, stamp);
        }
        return Outcome.done();
    }

    private void remember(ObjectId oid, Epoch epoch) {
        if (forgotten.isBefore(epoch)) {
            removals.merge(oid, epoch, (a, b) -> a.isBefore(b) ? b : a);
        }
    }

    @Override
    public Optional<Epoch> removedIn(ObjectId oid) {
        return Optional.ofNullable(removals.get(oid));
    }

    @Override
    public void forgetRemovals(Epoch through) {
        if (forgotten.isBefore(through)) {
            forgotten = through;
            removals.values().removeIf(epoch -> !through.isBefore(epoch));
        }
    }

    @Override
    public Epoch removalsForgotten() {
        return forgotten;
    }

    @Override
    public Outcome<Void> confirm(ObjectId oid, Epoch epoch, Epoch mutated) {
        var refused = refusal(oid, epoch);
        if (refused.isPresent()) {
            return Outcome.refused(refused.get());
        }
        var stored = objects.get(oid);
        if (stored == null) {
            return Outcome.refused(ResultCode.NO_OBJ);
        }
        stored.epoch = stored.epoch.isBefore(epoch) ? epoch : stored.epoch;
        stored.mutated = stored.mutated.isBefore(mutated) ? mutated : stored.mutated;
        return Outcome.done();
    }

    @Override
    public Outcome<Void> drop(ObjectId oid, Epoch epoch) {
        var refused = refusal(oid, epoch);
        if (refused.isPresent()) {
            return Outcome.refused(refused.get());
        }
        var stored = objects.get(oid);
        if (stored == null) {
            return Outcome.refused(ResultCode.NO_OBJ);
        }
        if (!stored.epoch.isBefore(epoch)) {
            return Outcome.refused(ResultCode.AGAIN);
        }
        marks.remove(oid);
        objects.remove(oid);
        return Outcome.done();
    }

    @Override
    public Outcome<Void> remove(ObjectId oid, Stamp stamp) {
        var refused = refusal(oid, stamp);
        if (refused.isPresent()) {
            return Outcome.refused(refused.get());
        }
        marks.put(oid, stamp);
        remember(oid, stamp.epoch());
        return objects.remove(oid) == null ? Outcome.refused(ResultCode.NO_OBJ) : Outcome.done();
    }

    @Override
    public Outcome<Void> discard(ObjectId oid, int offset, int length, Stamp stamp) {
        return change(oid, stamp, false, stored -> put(stored, offset, ByteBuffer.allocate(length)));
    }

    @Override
    public Optional<ObjectInfo> find(ObjectId oid) {
        return Optional.ofNullable(objects.get(oid)).map(s -> new ObjectInfo(oid, s.epoch, s.mutated));
    }

    @Override
    public List<ObjectInfo> list(Optional<ObjectId> after, int countMax) {
        var tail = after.isEmpty() ? objects : objects.tailMap(after.get(), false);
        return tail.entrySet().stream()
                .limit(countMax)
                .map(e -> new ObjectInfo(e.getKey(), e.getValue().epoch, e.getValue().mutated))
                .toList();
    }

    @Override
    public void fence(Epoch epoch) {
        fence = epoch;
    }

    @Override
    public void fenceOwner(Vid vid, long generation) {
        generations.merge(vid, generation, Math::max);
    }

    @Override
    public void completed(Vid vid, long generation, long sequence) {
        marks.entrySet()
                .removeIf(e -> e.getKey().vid().equals(vid)
                        && e.getValue().generation() == generation
                        && e.getValue().sequence() <= sequence);
    }

    @Override
    public List<ObjectId> inFlight(Vid vid) {
        return marks.keySet().stream().filter(oid -> oid.vid().equals(vid)).toList();
    }

    @Override
    public boolean isInFlight(ObjectId oid) {
        return marks.containsKey(oid);
    }

    @Override
    public List<Vid> inFlightVids() {
        return marks.keySet().stream().map(ObjectId::vid).distinct().toList();
    }

    @Override
    public Outcome<Void> settled(ObjectId oid, Epoch epoch, long generation) {
        if (epoch.isBefore(fence)) {
            return Outcome.refused(ResultCode.OLD_NODE_VER);
        }
        if (generation < generations.getOrDefault(oid.vid(), 0L)) {
            return Outcome.refused(ResultCode.AGAIN);
        }
        var stored = objects.get(oid);
        if (marks.remove(oid) != null && stored != null) {
            stored.epoch = epoch;
            stored.mutated = epoch;
        }
        return Outcome.done();
    }

    @Override
    public Outcome<Void> format(Epoch epoch) {
        if (!formats) {
            return Outcome.refused(ResultCode.EIO);
        }
        objects.clear();
        generations.clear();
        marks.clear();
        removals.clear();
        forgotten = Epoch.NONE;
        fence = epoch;
        return Outcome.done();
    }

    @Override
    public boolean isFailed() {
        return failed;
    }

    @Override
    public StoreStats stats() {
        long nominal = objects.keySet().stream().mapToLong(ObjectId::size).sum();
        return new StoreStats(1L << 40, (1L << 40) - nominal, objects.size(), nominal);
    }

    /** Every object, in order. */
    public List<ObjectId> oids() {
        return new ArrayList<>(objects.keySet());
    }

    @Override
    public void close() {}
}
