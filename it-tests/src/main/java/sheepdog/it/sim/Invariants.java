package sheepdog.it.sim;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import sheepdog.membership.api.EpochRecord;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.NodeId;
import sheepdog.sheep.cluster.ClusterState;
import sheepdog.sheep.cluster.ClusterView;

/**
 * What must hold at every moment, whatever goes wrong: looked at after every event.
 *
 * <ul>
 *   <li>I4: the epoch of a store directory, published or only applied, never falls while the cluster is not formatted anew, whatever
 *       process runs on it; what it serves in is on its disk; there is one node list for each epoch number.
 *   <li>I5: two nodes that hold a lease and are not on their way to another epoch are in the same one, or the
 *       newer one has the older one's node in its list, so that its writes need that one.
 * </ul>
 */
public final class Invariants {
    private final List<SimNode> nodes;
    private final TreeMap<String, TreeMap<Epoch, List<NodeId>>> lists = new TreeMap<>();
    private final Map<SimDirectory, At> published = new IdentityHashMap<>();
    private final Map<SimDirectory, At> applied = new IdentityHashMap<>();

    /** @param format index of the entry that formatted */
    private record At(long format, Epoch epoch) {
        boolean isBefore(At other) {
            return format != other.format ? format < other.format : epoch.isBefore(other.epoch);
        }
    }

    Invariants(List<SimNode> nodes) {
        this.nodes = nodes;
    }

    /** @throws AssertionError if something does not hold */
    public void check() {
        for (SimNode node : nodes) {
            if (node.isUp()) {
                node.look(wiring -> wiring.cluster().view()).ifPresent(view -> {
                    if (rises(node, published, new At(view.format().index(), view.epoch()))) {
                        // One that went on by force is another cluster than what may be left of the one before.
                        String instance =
                                view.format().index() + " " + view.format().ctime();
                        checkEpoch(node, instance, view.record());
                    }
                });
                ClusterState state = node.look(wiring -> wiring.cluster().state());
                state.current()
                        .ifPresent(record ->
                                rises(node, applied, new At(state.format().index(), record.epoch())));
            }
        }
        checkLeases();
    }

    /** Whether {@code now} is another one than that directory had last; it must never be an earlier one. */
    private static boolean rises(SimNode node, Map<SimDirectory, At> had, At now) {
        At before = had.put(node.directory(), now);
        Invariant.check(before == null || !now.isBefore(before), "%s went back from %s to %s", node, before, now);
        return !now.equals(before);
    }

    private void checkEpoch(SimNode node, String instance, EpochRecord record) {
        List<NodeId> list = record.members().stream().map(m -> m.node().id()).toList();
        List<NodeId> known =
                lists.computeIfAbsent(instance, _ -> new TreeMap<>()).putIfAbsent(record.epoch(), list);
        Invariant.check(
                known == null || known.equals(list), "epoch %s is %s and on %s %s", record.epoch(), known, node, list);
        Invariant.check(
                node.archive().knows(record.epoch()),
                "%s serves in epoch %s, which it has not even tried to write down",
                node,
                record.epoch());
    }

    private void checkLeases() {
        var leased = new ArrayList<SimNode>();
        for (SimNode node : nodes) {
            boolean serves = node.isUp()
                    && node.look(wiring -> wiring.cluster().holdsLease()
                            && wiring.cluster()
                                    .epoch()
                                    .equals(wiring.cluster().state().epoch()));
            if (serves) {
                leased.add(node);
            }
        }
        for (SimNode a : leased) {
            Optional<ClusterView> older = a.look(wiring -> wiring.cluster().view());
            for (SimNode b : leased) {
                Optional<ClusterView> newer = b.look(wiring -> wiring.cluster().view());
                if (a != b
                        && older.isPresent()
                        && newer.isPresent()
                        && older.get().epoch().isBefore(newer.get().epoch())) {
                    Invariant.check(
                            newer.get().record().member(a.id()).isPresent(),
                            "%s holds a lease in epoch %s and is not in epoch %s, in which %s holds one",
                            a,
                            older.get().epoch(),
                            newer.get().epoch(),
                            b);
                }
            }
        }
    }
}
