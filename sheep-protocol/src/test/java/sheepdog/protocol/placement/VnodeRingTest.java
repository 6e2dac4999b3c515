package sheepdog.protocol.placement;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.model.ObjectId;

/** The placement that the original computes for the same nodes. */
class VnodeRingTest {
    @Test
    void thePointsOfANodeFormOneChain() {
        List<Long> points = VnodeRing.pointsOf(NodeId.of("127.0.0.1", 7000), 3);

        assertThat(points).containsExactly(0x52b76e70de45e6c8L, 0x25489a1b49467c2dL, 0x66bdd6aad8fe5240L);
    }

    @ParameterizedTest
    @CsvSource({
        "807c2b2500000000, d4716bfd4bfa78e5, 7001 7000 7002, 7001 7000 7002, 7001 7000 7002",
        "007c2b2500000000, d471ebfd4bfb5265, 7001 7000 7002, 7001 7000 7002, 7001 7000 7002",
        "007c2b2500000001, c216bb04d0922114, 7000 7001 7002, 7000 7001 7004, 7000 7001 7004",
        "007c2b2500000002, ef2ae024dc4ac133, 7001 7000 7002, 7001 7000 7004, 7001 7000 7004",
        "007c2b2500000003, 94c0f72c3749093a, 7002 7001 7000, 7002 7001 7004, 7007 7002 7006",
        "007c2b2500000004, cc63101b823fdb11, 7000 7002 7001, 7004 7003 7000, 7004 7003 7000",
        "007c2b2500000005, ba07df2306d6a9c0, 7000 7001 7002, 7003 7000 7004, 7003 7000 7005",
        "007c2b2500000006, 9c7f34449b6b446f, 7002 7000 7001, 7004 7003 7002, 7005 7004 7007",
        "007c2b2500000007, ceccbb4c46b770c6, 7002 7000 7001, 7003 7002 7000, 7005 7007 7003",
    })
    void objectsLieWhereTheOriginalPutsThem(String oid, String point, String of3, String of5, String of8) {
        var object = new ObjectId(Long.parseUnsignedLong(oid, 16));

        assertThat(VnodeRing.point(object)).isEqualTo(Long.parseUnsignedLong(point, 16));
        assertThat(ports(ring(3).replicas(object, 3))).isEqualTo(of3);
        assertThat(ports(ring(5).replicas(object, 3))).isEqualTo(of5);
        assertThat(ports(ring(8).replicas(object, 3))).isEqualTo(of8);
    }

    @Test
    void thereAreNoMoreReplicasThanZones() {
        VnodeRing ring = VnodeRing.of(List.of(node(0, 64, 1), node(1, 64, 1), node(2, 64, 2)));

        assertThat(ring.zoneCount()).isEqualTo(2);
        assertThat(ring.replicas(new ObjectId(7), 3)).hasSize(2);
    }

    @Test
    void zonesOfGatewaysDoNotCount() {
        VnodeRing ring = VnodeRing.of(List.of(node(0, 64, 1), node(1, 0, 2)));

        assertThat(ring.zoneCount()).isEqualTo(1);
        assertThat(ring.replicas(new ObjectId(7), 3)).containsExactly(node(0, 64, 1));
    }

    @Test
    void moreThanEightZonesCountAsEight() {
        assertThat(ring(12).zoneCount()).isEqualTo(8);
        assertThat(ring(12).replicas(new ObjectId(7), 31)).hasSize(8);
    }

    @Test
    void withoutStoresThereAreNoReplicas() {
        assertThat(VnodeRing.of(List.of()).replicas(new ObjectId(7), 3)).isEmpty();
        assertThat(VnodeRing.of(List.of(node(0, 0, 1))).replicas(new ObjectId(7), 3))
                .isEmpty();
    }

    @Test
    void aReplicaIsKnownByItsAddress() {
        var object = new ObjectId(0x007c2b2500000003L);

        assertThat(ring(8).isReplica(object, 3, NodeId.of("127.0.0.1", 7006))).isTrue();
        assertThat(ring(8).isReplica(object, 2, NodeId.of("127.0.0.1", 7006))).isFalse();
        assertThat(ring(8).isReplica(object, 3, NodeId.of("127.0.0.2", 7007))).isFalse();
    }

    private static VnodeRing ring(int count) {
        return VnodeRing.of(
                IntStream.range(0, count).mapToObj(i -> node(i, 64, i)).toList());
    }

    private static Node node(int i, int vnodes, int zone) {
        return new Node(NodeId.of("127.0.0.1", 7000 + i), Optional.empty(), vnodes, zone, 1L << 30);
    }

    private static String ports(List<Node> nodes) {
        return String.join(
                " ",
                nodes.stream().map(node -> Integer.toString(node.id().port())).toList());
    }
}
