package sheepdog.sheep.cluster;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import sheepdog.membership.api.EpochRecord;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.placement.VnodeRing;

/**
 * Whose word an object's writes needed, epoch by epoch.
 *
 * <p>Epochs in which an object cannot have changed do not count: those without any member that was its replica in the
 * last epoch that counts. Nobody had its newest content then, so nobody could be sure, and nothing was acknowledged; its
 * holders, when they are back, are what they were; of those that are all gone for good nobody waits. Likewise those in which no member stored objects.
 *
 * <p>Loop-owned. Rings of earlier epochs are computed when first asked for.
 */
public final class EpochHistory {
    private final List<Entry> entries = new ArrayList<>();
    private Map<Long, Epoch> gone = Map.of();

    /** What follows from the record is made when it is asked for, and goes when it is not asked for any more: it is large. */
    private static final class Entry {
        final EpochRecord record;
        private Optional<Places> places = Optional.empty();

        Entry(EpochRecord record) {
            this.record = record;
        }

        Places places() {
            if (places.isEmpty()) {
                places = Optional.of(Places.of(record));
            }
            return places.get();
        }
    }

    /** @param stores by the address that each had in the epoch */
    private record Places(VnodeRing ring, Map<NodeId, Long> stores, Set<Long> members) {
        static Places of(EpochRecord record) {
            var stores = new HashMap<NodeId, Long>();
            record.members().forEach(member -> stores.put(member.node().id(), member.storeId()));
            return new Places(VnodeRing.of(record.nodes()), stores, new HashSet<>(stores.values()));
        }
    }

    /** Nothing is to be judged by earlier epochs any more; if it is, all the same, it takes longer. */
    void neededFrom(Epoch first) {
        for (Entry entry : entries) {
            if (!entry.record.epoch().isBefore(first)) {
                return;
            }
            entry.places = Optional.empty();
        }
    }

    /** @param gone stores that never come back, each with the first epoch in which that was known */
    void reset(List<EpochRecord> records, Map<Long, Epoch> gone) {
        this.gone = Map.copyOf(gone);
        entries.clear();
        records.forEach(this::add);
    }

    void add(EpochRecord record) {
        entries.add(new Entry(record));
    }

    VnodeRing currentRing() {
        return entries.getLast().places().ring();
    }

    /**
     * The replicas of an object in each epoch that counts, the oldest first.
     *
     * @param from an epoch that counts, with which the list begins
     */
    public List<ReplicaSet> replicaSets(ObjectId oid, int copies, Epoch from) {
        var sets = new ArrayList<ReplicaSet>();
        Set<Long> holders = Set.of();
        for (Entry entry : since(from)) {
            boolean counts = holders.isEmpty()
                    || holders.stream().anyMatch(entry.places().members()::contains)
                    || holders.stream().allMatch(s -> isGone(s, entry.record.epoch()));
            if (counts) {
                Set<Long> replicas = replicas(entry, oid, copies);
                if (!replicas.isEmpty()) {
                    holders = replicas;
                    sets.add(new ReplicaSet(entry.record.epoch(), holders));
                }
            }
        }
        return sets;
    }

    /** The object's replicas in that epoch; empty if it is not known. */
    public Set<Long> replicas(ObjectId oid, int copies, Epoch epoch) {
        return since(epoch).stream()
                .findFirst()
                .filter(entry -> entry.record.epoch().equals(epoch))
                .map(entry -> replicas(entry, oid, copies))
                .orElse(Set.of());
    }

    private boolean isGone(long storeId, Epoch in) {
        return gone.containsKey(storeId) && !in.isBefore(gone.get(storeId));
    }

    private List<Entry> since(Epoch from) {
        int first = entries.size();
        while (first > 0 && !entries.get(first - 1).record.epoch().isBefore(from)) {
            first--;
        }
        return entries.subList(first, entries.size());
    }

    private static Set<Long> replicas(Entry entry, ObjectId oid, int copies) {
        Set<Long> stores = new HashSet<>();
        for (Node node : entry.places().ring().replicas(oid, copies)) {
            stores.add(entry.places().stores().get(node.id()));
        }
        return stores;
    }
}
