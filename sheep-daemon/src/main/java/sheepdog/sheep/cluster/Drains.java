package sheepdog.sheep.cluster;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntPredicate;
import java.util.stream.Stream;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.api.Member;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Node;

/**
 * Stores that get no objects although they could hold some: before maintenance they hand over what they have, and stay empty
 * until they are told to take objects again, also if they go and come back meanwhile. A store's id names it, so its address
 * and its starts do not matter; an empty directory in its place is another store.
 *
 * <p>Deterministic part of {@link ClusterState}.
 */
final class Drains {
    /** Stores remembered; beyond it those that are no members are forgotten. */
    private static final int STORES_MAX = 1024;

    private final TreeSet<Long> stores = new TreeSet<>();

    /** Why a store is not drained. Their order is in the log's results. */
    enum Refusal {
        /** It is no member of the current epoch. */
        NO_MEMBER,
        /** It is a gateway. */
        NOTHING_STORED,
        /** There is no other that could take what it has. */
        LAST_STORE,
        /** In the format's mode the cluster would halt without it. */
        HALT,
        /** The others are in too few zones for as many copies as there are now. */
        FEWER_COPIES
    }

    Set<Long> all() {
        return Set.copyOf(stores);
    }

    /**
     * Why {@code storeId} cannot be drained; empty if it can be, or is already.
     *
     * @param copies the most that any VDI has
     * @param fewer  whether there may be fewer copies than now
     * @param halts  whether the cluster halts with so many zones
     */
    Optional<Refusal> refuses(EpochRecord record, long storeId, int copies, boolean fewer, IntPredicate halts) {
        Optional<Member> member = record.store(storeId);
        if (member.isEmpty()) {
            return Optional.of(Refusal.NO_MEMBER);
        }
        if (stores.contains(storeId)) {
            return Optional.empty();
        }
        if (!member.get().node().storesObjects()) {
            return Optional.of(Refusal.NOTHING_STORED);
        }
        int now = zones(storing(record));
        int then = zones(storing(record).filter(m -> m.storeId() != storeId));
        if (then == 0) {
            return Optional.of(Refusal.LAST_STORE);
        }
        if (halts.test(then)) {
            return Optional.of(Refusal.HALT);
        }
        boolean lessSafe = Math.min(copies, then) < Math.min(copies, now);
        return lessSafe && !fewer ? Optional.of(Refusal.FEWER_COPIES) : Optional.empty();
    }

    /** Those that get objects in the next epoch, if the members stay. */
    private Stream<Member> storing(EpochRecord record) {
        return record.storing().filter(m -> !stores.contains(m.storeId()));
    }

    private static int zones(Stream<Member> members) {
        return (int) members.map(Member::node).map(Node::zone).distinct().count();
    }

    void add(long storeId, Optional<EpochRecord> current) {
        if (stores.size() >= STORES_MAX) {
            stores.removeIf(id -> current.flatMap(record -> record.store(id)).isEmpty());
        }
        stores.add(storeId);
    }

    void remove(long storeId) {
        stores.remove(storeId);
    }

    void clear() {
        stores.clear();
    }

    /** Whether the store is a replica of nothing in {@code since}, and has been of nothing ever since. */
    static boolean isOut(long storeId, List<EpochRecord> epochs, Epoch since) {
        return epochs.stream()
                .filter(record -> !record.epoch().isBefore(since))
                .allMatch(record -> record.store(storeId)
                        .filter(m -> m.node().storesObjects())
                        .isEmpty());
    }

    void write(DataOutputStream out) throws IOException {
        out.writeInt(stores.size());
        for (long id : stores) {
            out.writeLong(id);
        }
    }

    void read(DataInputStream in) throws IOException {
        for (int left = in.readInt(); left > 0; left--) {
            stores.add(in.readLong());
        }
    }
}
