package sheepdog.sheep.cluster;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import sheepdog.membership.api.EpochRecord;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.placement.VnodeRing;

/**
 * Which copies can be trusted (R4), from the epochs alone.
 *
 * <p>A write is acknowledged only when every replica of its epoch has it. So a store that was a replica of an object in
 * each epoch since some epoch {@code s} has every write acknowledged since {@code s}: a copy whose newest mutation is of
 * {@code s} or later is the newest there is, and so is the absence of a copy if {@code s} is the first epoch.
 *
 * <p>Epochs in which an object cannot have changed do not count: those without any member that was its replica in the
 * last epoch that counts. Nobody had its newest content then, so nobody could be sure, and nothing was acknowledged; its
 * holders, when they are back, are what they were.
 *
 * <p>Loop-owned. Rings of earlier epochs are computed when first asked for.
 */
public final class EpochHistory {
    /** Objects whose answer is remembered. */
    private static final int KNOWN_MAX = 65_536;

    private final long storeId;
    private final List<Entry> entries = new ArrayList<>();
    private final Map<Asked, Epoch> known = new LinkedHashMap<>();

    /** A VDI that is made after it was asked for may have another number of copies. */
    private record Asked(ObjectId oid, int copies) {}

    private static final class Entry {
        final EpochRecord record;
        VnodeRing ring;

        Entry(EpochRecord record) {
            this.record = record;
        }

        VnodeRing ring() {
            if (ring == null) {
                ring = VnodeRing.of(record.nodes());
            }
            return ring;
        }
    }

    /** @param storeId the store whose copies are judged */
    public EpochHistory(long storeId) {
        this.storeId = storeId;
    }

    void reset(List<EpochRecord> records) {
        entries.clear();
        known.clear();
        records.forEach(this::add);
    }

    void add(EpochRecord record) {
        entries.add(new Entry(record));
        known.clear();
    }

    VnodeRing currentRing() {
        return entries.getLast().ring();
    }

    /** {@link #replicaSince} up to the current epoch; remembered, for every request asks. */
    public Epoch replicaSince(ObjectId oid, int copies) {
        var asked = new Asked(oid, copies);
        Epoch since = known.get(asked);
        if (since == null) {
            since = replicaSince(oid, copies, entries.getLast().record.epoch());
            if (known.size() >= KNOWN_MAX) {
                known.remove(known.keySet().iterator().next());
            }
            known.put(asked, since);
        }
        return since;
    }

    /**
     * Since when this store has been a replica of {@code oid} in every epoch up to and including {@code until}; the
     * epoch after {@code until} if it is none in that one. Epoch 1, the format's, stands for "always".
     */
    public Epoch replicaSince(ObjectId oid, int copies, Epoch until) {
        Epoch since = until.next();
        boolean unbroken = false;
        Set<Long> holders = Set.of();
        for (Entry entry : entries) {
            if (until.isBefore(entry.record.epoch())) {
                break;
            }
            boolean counts = holders.isEmpty()
                    || holders.stream().anyMatch(s -> entry.record.store(s).isPresent());
            if (counts) {
                holders = replicas(entry, oid, copies);
                boolean replica = holders.contains(storeId);
                if (replica && !unbroken) {
                    since = entry.record.epoch();
                }
                unbroken = replica;
            }
        }
        return unbroken ? since : until.next();
    }

    private static Set<Long> replicas(Entry entry, ObjectId oid, int copies) {
        Set<Long> stores = new HashSet<>();
        for (Node node : entry.ring().replicas(oid, copies)) {
            entry.record.member(node.id()).ifPresent(m -> stores.add(m.storeId()));
        }
        return stores;
    }
}
