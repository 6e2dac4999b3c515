package sheepdog.it.sim;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
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

/**
 * Objects in memory that survive their process, for stories in which disks only have to keep what they were given: every
 * mutation that returned is on stable storage. It can be told to be full or to fail. Sparse by 4 KiB.
 */
public final class SimStore implements ObjectStore {
    private static final int PAGE = 4096;

    private final TreeMap<ObjectId, Stored> objects = new TreeMap<>();
    private final TreeMap<ObjectId, Epoch> aside = new TreeMap<>();
    private final TreeMap<Vid, Long> owners = new TreeMap<>();
    private final TreeMap<ObjectId, Mark> marks = new TreeMap<>();
    private Epoch fence = Epoch.NONE;
    private Optional<ResultCode> failure = Optional.empty();

    private record Mark(long generation, long sequence) {}

    private static final class Stored {
        private final TreeMap<Integer, byte[]> pages = new TreeMap<>();
        private Epoch epoch;

        Stored(Epoch epoch) {
            this.epoch = epoch;
        }
    }

    /** From now on every mutation fails: {@code EIO} or {@code NO_SPACE}; empty ends it. */
    public void fails(Optional<ResultCode> code) {
        failure = code;
    }

    /** The whole object, for comparisons. */
    public Optional<byte[]> content(ObjectId oid) {
        return Optional.ofNullable(objects.get(oid)).map(stored -> {
            var whole = ByteBuffer.allocate(oid.size());
            copyOut(stored, 0, whole);
            return whole.array();
        });
    }

    /** The ids of all objects. */
    public List<ObjectId> oids() {
        return List.copyOf(objects.keySet());
    }

    @Override
    public Outcome<Void> read(ObjectId oid, int offset, ByteBuffer into) {
        if (isOutside(oid, offset, into.remaining())) {
            return Outcome.refused(ResultCode.INVALID_PARMS);
        }
        Stored stored = objects.get(oid);
        if (stored == null) {
            return Outcome.refused(ResultCode.NO_OBJ);
        }
        copyOut(stored, offset, into);
        return Outcome.done();
    }

    @Override
    public Outcome<Void> create(ObjectId oid, int offset, ByteBuffer data, Stamp stamp) {
        return mutate(oid, offset, data.remaining(), stamp, () -> {
            put(objects.computeIfAbsent(oid, _ -> new Stored(stamp.epoch())), offset, data, stamp.epoch());
            return Outcome.done();
        });
    }

    @Override
    public Outcome<Boolean> createIfAbsent(ObjectId oid, ByteBuffer whole, Epoch epoch) {
        if (epoch.isBefore(fence)) {
            return Outcome.refused(ResultCode.OLD_NODE_VER);
        }
        if (failure.isPresent()) {
            return Outcome.refused(failure.get());
        }
        if (whole.remaining() != oid.size()) {
            return Outcome.refused(ResultCode.INVALID_PARMS);
        }
        if (objects.containsKey(oid)) {
            return Outcome.ok(false);
        }
        var stored = new Stored(epoch);
        put(stored, 0, whole, epoch);
        objects.put(oid, stored);
        return Outcome.ok(true);
    }

    @Override
    public Outcome<Void> write(ObjectId oid, int offset, ByteBuffer data, Stamp stamp) {
        return mutate(oid, offset, data.remaining(), stamp, () -> {
            Stored stored = objects.get(oid);
            if (stored == null) {
                return Outcome.refused(ResultCode.NO_OBJ);
            }
            if (data.hasRemaining()) {
                put(stored, offset, data, stamp.epoch());
            }
            return Outcome.done();
        });
    }

    @Override
    public Outcome<Void> remove(ObjectId oid, Stamp stamp) {
        return mutate(
                oid,
                0,
                0,
                stamp,
                () -> objects.remove(oid) == null ? Outcome.refused(ResultCode.NO_OBJ) : Outcome.done());
    }

    @Override
    public Outcome<Void> discard(ObjectId oid, int offset, int length, Stamp stamp) {
        return mutate(oid, offset, length, stamp, () -> {
            Stored stored = objects.get(oid);
            if (stored == null) {
                return Outcome.refused(ResultCode.NO_OBJ);
            }
            put(stored, offset, ByteBuffer.allocate(length), stamp.epoch());
            return Outcome.done();
        });
    }

    @Override
    public Optional<ObjectInfo> find(ObjectId oid) {
        return Optional.ofNullable(objects.get(oid)).map(stored -> new ObjectInfo(oid, stored.epoch));
    }

    @Override
    public List<ObjectInfo> list(Optional<ObjectId> after, int countMax) {
        var from = after.map(oid -> objects.tailMap(oid, false)).orElse(objects);
        return from.entrySet().stream()
                .limit(countMax)
                .map(entry -> new ObjectInfo(entry.getKey(), entry.getValue().epoch))
                .toList();
    }

    @Override
    public void fence(Epoch epoch) {
        if (fence.isBefore(epoch)) {
            fence = epoch;
        }
    }

    @Override
    public void fenceOwner(Vid vid, long generation) {
        owners.merge(vid, generation, Math::max);
    }

    @Override
    public void completed(Vid vid, long generation, long sequence) {
        marks.entrySet()
                .removeIf(entry -> entry.getKey().vid().equals(vid)
                        && entry.getValue().generation() == generation
                        && entry.getValue().sequence() <= sequence);
    }

    @Override
    public List<ObjectId> inFlight(Vid vid) {
        return marks.keySet().stream().filter(oid -> oid.vid().equals(vid)).toList();
    }

    @Override
    public List<Vid> inFlightVids() {
        return marks.keySet().stream().map(ObjectId::vid).distinct().sorted().toList();
    }

    @Override
    public Outcome<Void> markAbsence(ObjectId oid, Stamp stamp) {
        return mutate(
                oid,
                0,
                0,
                stamp,
                () -> objects.containsKey(oid) ? Outcome.refused(ResultCode.VDI_EXIST) : Outcome.done());
    }

    @Override
    public Outcome<Void> settled(ObjectId oid, Epoch epoch, long generation) {
        if (epoch.isBefore(fence)) {
            return Outcome.refused(ResultCode.OLD_NODE_VER);
        }
        if (generation < owners.getOrDefault(oid.vid(), 0L)) {
            return Outcome.refused(ResultCode.AGAIN);
        }
        marks.remove(oid);
        return Outcome.done();
    }

    @Override
    public Outcome<Void> setAside(ObjectId oid, Epoch validIn) {
        if (objects.remove(oid) == null) {
            return Outcome.refused(ResultCode.NO_OBJ);
        }
        aside.put(oid, validIn);
        return Outcome.done();
    }

    @Override
    public Outcome<Void> forgetStale() {
        aside.clear();
        return Outcome.done();
    }

    @Override
    public Outcome<Void> format(Epoch epoch) {
        objects.clear();
        aside.clear();
        owners.clear();
        marks.clear();
        fence = epoch;
        return Outcome.done();
    }

    @Override
    public StoreStats stats() {
        long nominal = objects.keySet().stream().mapToLong(ObjectId::size).sum();
        return new StoreStats(1L << 40, (1L << 40) - nominal, objects.size(), nominal);
    }

    @Override
    public void close() {
        // What it holds is the disk's, and stays for the next process.
    }

    private interface Change {
        Outcome<Void> make();
    }

    private Outcome<Void> mutate(ObjectId oid, int offset, int length, Stamp stamp, Change change) {
        if (isOutside(oid, offset, length)) {
            return Outcome.refused(ResultCode.INVALID_PARMS);
        }
        if (stamp.epoch().isBefore(fence)) {
            return Outcome.refused(ResultCode.OLD_NODE_VER);
        }
        if (stamp.generation() < owners.getOrDefault(oid.vid(), 0L)) {
            return Outcome.refused(ResultCode.AGAIN);
        }
        if (failure.isPresent()) {
            return Outcome.refused(failure.get());
        }
        marks.put(oid, new Mark(stamp.generation(), stamp.sequence()));
        return change.make();
    }

    private static boolean isOutside(ObjectId oid, int offset, int length) {
        return !oid.isValid() || offset < 0 || length < 0 || (long) offset + length > oid.size();
    }

    private static void put(Stored stored, int offset, ByteBuffer data, Epoch epoch) {
        ByteBuffer in = data.duplicate();
        int at = offset;
        while (in.hasRemaining()) {
            int within = at % PAGE;
            int count = Math.min(PAGE - within, in.remaining());
            byte[] part = new byte[count];
            in.get(part);
            if (!isZero(part) || stored.pages.containsKey(at / PAGE)) {
                System.arraycopy(part, 0, stored.pages.computeIfAbsent(at / PAGE, _ -> new byte[PAGE]), within, count);
            }
            at += count;
        }
        if (stored.epoch.isBefore(epoch)) {
            stored.epoch = epoch;
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

    private static void copyOut(Stored stored, int offset, ByteBuffer into) {
        int at = offset;
        while (into.hasRemaining()) {
            int within = at % PAGE;
            int count = Math.min(PAGE - within, into.remaining());
            byte[] page = stored.pages.get(at / PAGE);
            if (page == null) {
                into.put(new byte[count]);
            } else {
                into.put(page, within, count);
            }
            at += count;
        }
    }
}
