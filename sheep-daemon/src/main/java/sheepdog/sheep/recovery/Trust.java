package sheepdog.sheep.recovery;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import sheepdog.membership.api.EpochRecord;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.sheep.cluster.Cluster;
import sheepdog.sheep.cluster.VdiEntry;

/**
 * Of which objects this store's copy, or its having none, is the truth in the current epoch: those that it has been a
 * replica of all the time since the cluster was last whole, and those that {@link Bringing} has found out about.
 * Loop-owned.
 */
final class Trust {
    /** Objects whose {@link #isSure} is remembered. */
    private static final int KNOWN_MAX = 65_536;

    private final Cluster cluster;
    private final Set<ObjectId> verified = new HashSet<>();
    private final Map<ObjectId, Boolean> sure = new HashMap<>();
    private int evidenceChanges;

    Trust(Cluster cluster) {
        this.cluster = cluster;
    }

    boolean isTrusted(ObjectId oid) {
        return verified.contains(oid) || isSure(oid);
    }

    private boolean isSure(ObjectId oid) {
        int changes = cluster.state().evidenceChanges();
        if (changes != evidenceChanges) {
            evidenceChanges = changes;
            sure.clear();
        }
        Boolean known = sure.get(oid);
        if (known == null) {
            known = evidence(oid).isSure(cluster.self().storeId());
            if (sure.size() >= KNOWN_MAX) {
                sure.clear();
            }
            sure.put(oid, known);
        }
        return known;
    }

    /** What is to be judged about {@code oid} in the current epoch, without any answer yet. */
    Evidence evidence(ObjectId oid) {
        return evidence(oid, cluster.state().declaredLost(oid));
    }

    /** The same, as if {@code oid} were declared lost now. */
    Evidence evidenceIfLost(ObjectId oid) {
        return evidence(oid, Optional.of(cluster.epoch()));
    }

    private Evidence evidence(ObjectId oid, Optional<Epoch> declared) {
        int copies = cluster.copies(oid);
        Optional<Epoch> born = cluster.state().bornAfterAll(oid.vid());
        Epoch from = born.orElse(cluster.state().whole(copies));
        // What all have recovered since needs no word of the operator any more.
        Optional<Evidence.Lost> lost = declared.filter(from::isBefore)
                .flatMap(cluster.state()::epoch)
                .map(record -> lostIn(record, oid, copies));
        return new Evidence(
                cluster.history()
                        .replicaSets(oid, copies, lost.map(Evidence.Lost::epoch).orElse(from)),
                lost.isEmpty() && born.isPresent(),
                cluster.epoch(),
                (store, epoch) -> cluster.state().recovered(store, epoch, copies),
                lost,
                cluster.state().gone());
    }

    private Evidence.Lost lostIn(EpochRecord record, ObjectId oid, int copies) {
        Epoch born = cluster.state().vdis().find(oid.vid()).map(VdiEntry::born).orElse(Epoch.FIRST);
        var then = cluster.history().replicas(oid, copies, record.epoch()).stream();
        var earlier = cluster.history().replicaSets(oid, copies, born).stream()
                .filter(set -> set.epoch().isBefore(record.epoch()))
                .flatMap(set -> set.stores().stream());
        var judges = Stream.concat(then, earlier)
                .filter(store -> record.store(store).isPresent()
                        && !cluster.state().gone().contains(store))
                .collect(Collectors.toUnmodifiableSet());
        return new Evidence.Lost(record.epoch(), judges, born);
    }

    void verified(ObjectId oid) {
        verified.add(oid);
    }

    void epochChanged() {
        sure.clear();
        verified.clear();
    }
}
