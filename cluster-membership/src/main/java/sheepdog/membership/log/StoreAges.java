package sheepdog.membership.log;

import java.util.List;
import java.util.TreeMap;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.api.Member;
import sheepdog.membership.consensus.FieldReader;
import sheepdog.membership.consensus.FieldWriter;

/**
 * How old the stores of the cluster are. A sheep raises the age in its directory, and has that entered here, when it has
 * become a member and from time to time. A process on a directory that is younger than what is known of its store runs on
 * an old copy, however often it was started: it has forgotten votes, entries and objects that it acknowledged.
 *
 * <p>Part of the state; the same on all nodes at one index.
 */
final class StoreAges {
    /** Stores remembered; beyond it those that are no members are forgotten. */
    static final int STORES_MAX = 4096;

    private final TreeMap<Long, Known> stores = new TreeMap<>();

    /**
     * @param incarnation of the newest process that was a member
     * @param age         the greatest that the store has had for certain
     */
    private record Known(long incarnation, long age) {}

    /** The members of {@code epoch} have run as it says. */
    void add(EpochRecord epoch) {
        for (Member member : epoch.members()) {
            Known known = stores.getOrDefault(member.storeId(), new Known(0, 0));
            stores.put(
                    member.storeId(),
                    new Known(Math.max(known.incarnation, member.incarnation()), Math.max(known.age, member.age())));
        }
        for (long storeId : List.copyOf(stores.keySet())) {
            if (stores.size() > STORES_MAX && epoch.store(storeId).isEmpty()) {
                stores.remove(storeId);
            }
        }
    }

    /** That process has written the age into its directory. */
    void raised(long storeId, long incarnation, long age) {
        Known known = stores.get(storeId);
        if (known != null && known.incarnation == incarnation) {
            stores.put(storeId, new Known(incarnation, Math.max(known.age, age)));
        }
    }

    /** The newest incarnation with which that store was a member, 0 if it never was. */
    long newest(long storeId) {
        Known known = stores.get(storeId);
        return known == null ? 0 : known.incarnation;
    }

    /** How old that store is at least. */
    long age(long storeId) {
        Known known = stores.get(storeId);
        return known == null ? 0 : known.age;
    }

    /** Whether {@code process} runs on an old copy of its store, or is itself one of long ago. */
    boolean outdates(Member process) {
        Known known = stores.get(process.storeId());
        return known != null && known.incarnation != process.incarnation() && process.age() < known.age;
    }

    void write(FieldWriter out) {
        out.i32(stores.size());
        stores.forEach(
                (storeId, known) -> out.i64(storeId).i64(known.incarnation).i64(known.age));
    }

    static StoreAges read(FieldReader in) {
        var all = new StoreAges();
        int count = in.count(3 * Long.BYTES);
        for (int i = 0; i < count; i++) {
            all.stores.put(in.i64(), new Known(in.i64(), in.i64()));
        }
        return all;
    }
}
