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
import sheepdog.sheep.cluster.ClusterView;

/**
 * What must hold at every moment, whatever goes wrong: looked at after every event.
 *
 * <ul>
 *   <li>I4: the epoch of a store directory never falls while the cluster is not formatted anew, and what it serves in is on its disk;
 *       there is one node list for each epoch number.
 *   <li>I5: two nodes that hold a lease and are not on their way to another epoch are in the same one, or the
 *       newer one has the older one's node in its list, so that its writes need that one.
 * </ul>
 */
public final class Invariants {
    private final List<SimNode> nodes;
    private final TreeMap<String, TreeMap<Epoch, List<NodeId>>> lists = new TreeMap<>();
    private final Map<SimDirectory, Served> served = new IdentityHashMap<>();

    private record Served(long format, Epoch epoch) {}

    Invariants(List<SimNode> nodes) {
        this.nodes = nodes;
    }

    /** @throws AssertionError if something does not hold */
    public void check() {
        for (SimNode node : nodes) {
            if (node.isUp()) {
                // Before the log names this process it serves nobody: it is still reading what it knew before it ended.
                node.look(wiring ->
                                wiring.cluster().isMember() ? wiring.cluster().view() : Optional.<ClusterView>empty())
                        .ifPresent(view -> {
                            Served now = new Served(view.format().index(), view.epoch());
                            Served before = served.put(node.directory(), now);
                            if (!now.equals(before)) {
                                // One that went on by force is another cluster than what may be left of the one before.
                                String instance = view.format().index() + " "
                                        + view.format().ctime();
                                checkEpoch(node, instance, now, before, view.record());
                            }
                        });
            }
        }
        checkLeases();
    }

    private void checkEpoch(SimNode node, String instance, Served now, Served before, EpochRecord record) {
        Invariant.check(
                before == null || before.format() < now.format() || !now.epoch().isBefore(before.epoch()),
                "%s went back from %s to %s",
                node,
                before,
                now);
        List<NodeId> list = record.members().stream().map(m -> m.node().id()).toList();
        List<NodeId> known =
                lists.computeIfAbsent(instance, _ -> new TreeMap<>()).putIfAbsent(now.epoch(), list);
        Invariant.check(
                known == null || known.equals(list), "epoch %s is %s and on %s %s", now.epoch(), known, node, list);
        Invariant.check(
                node.archive().knows(now.epoch()),
                "%s serves in epoch %s, which it has not even tried to write down",
                node,
                now.epoch());
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
