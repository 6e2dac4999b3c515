package sheepdog.protocol.placement;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.model.ObjectId;

class VnodeRingProperties {
    @Provide
    Arbitrary<List<Node>> nodes() {
        return Combinators.combine(
                        Arbitraries.integers().between(1, 200),
                        Arbitraries.integers().between(0, 80),
                        Arbitraries.integers().between(0, 10))
                .as((host, vnodes, zone) ->
                        new Node(NodeId.of("10.0.0." + host, 7000), Optional.empty(), vnodes, zone, 1))
                .list()
                .ofMaxSize(15)
                .uniqueElements(Node::id);
    }

    @Property
    void replicasAreThoseOfASimpleWalk(
            @ForAll("nodes") List<Node> nodes, @ForAll long oid, @ForAll @IntRange(min = 0, max = 10) int copies) {
        assertThat(VnodeRing.of(nodes).replicas(new ObjectId(oid), copies))
                .isEqualTo(simpleReplicas(nodes, new ObjectId(oid), copies));
    }

    @Property
    void replicasDoNotDependOnTheOrderOfTheNodes(
            @ForAll("nodes") List<Node> nodes, @ForAll long oid, @ForAll Random random) {
        List<Node> shuffled = new ArrayList<>(nodes);
        Collections.shuffle(shuffled, random);

        assertThat(VnodeRing.of(shuffled).replicas(new ObjectId(oid), 3))
                .isEqualTo(VnodeRing.of(nodes).replicas(new ObjectId(oid), 3));
    }

    @Property
    void fewerCopiesAreTheFirstOfMore(@ForAll("nodes") List<Node> nodes, @ForAll long oid) {
        VnodeRing ring = VnodeRing.of(nodes);
        List<Node> most = ring.replicas(new ObjectId(oid), 8);

        for (int copies = 0; copies < most.size(); copies++) {
            assertThat(ring.replicas(new ObjectId(oid), copies)).isEqualTo(most.subList(0, copies));
        }
    }

    /** Straight from the rule, with a map for the ring. */
    private static List<Node> simpleReplicas(List<Node> nodes, ObjectId oid, int copies) {
        TreeMap<Long, Node> ring = new TreeMap<>(Long::compareUnsigned);
        for (Node node : nodes) {
            for (long point : VnodeRing.pointsOf(node.id(), node.vnodes())) {
                ring.put(point, node);
            }
        }
        Map<Integer, Node> byZone = new LinkedHashMap<>();
        long from = VnodeRing.point(oid);
        ring.tailMap(from, true).values().forEach(node -> byZone.putIfAbsent(node.zone(), node));
        ring.headMap(from, false).values().forEach(node -> byZone.putIfAbsent(node.zone(), node));
        return byZone.values().stream().limit(Math.min(copies, 8)).toList();
    }
}
