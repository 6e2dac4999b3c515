package sheepdog.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Request.DrainNode.How;

/** Nodes that hand over what they hold before maintenance, over the production log. */
class DrainStoriesTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @Test
    void whatHasOneCopyIsReadableWithoutTheNodeThatHadIt() {
        var cluster = formatted(1001, 3, 1);
        var guest = cluster.guest("monkey", 12, 0);
        cluster.load(4);
        cluster.run(Duration.ofSeconds(4));
        SimNode node = cluster.node(2);
        assertThat(node.store().oids()).isNotEmpty();
        guest.longestAndReset();

        assertThat(ask(cluster, node, How.DRAIN)).isEqualTo(ResultCode.SUCCESS);
        long since = cluster.time().nowNanos();
        awaitDrained(cluster, node);
        assertThat(Duration.ofNanos(cluster.time().nowNanos() - since))
                .as("nobody hopes that it comes back")
                .isLessThan(Duration.ofSeconds(10));
        assertThat(guest.longestAndReset()).as("while it was drained").isLessThan(Duration.ofSeconds(1));
        cluster.await("its copies to be given back", () -> node.store().oids().isEmpty());
        cluster.run(Duration.ofSeconds(2));
        node.leave();
        cluster.await("its end", () -> !node.isUp());
        cluster.run(Duration.ofSeconds(5));
        cluster.settle();

        cluster.explained(() -> guest.verify(LIMIT));
        assertThat(cluster.isServing()).isTrue();
        cluster.verify();
        assertThat(node.store().oids()).as("it is still to be empty").isEmpty();
    }

    @Test
    void nodeThatIsSaidToBeDrainedIsNeededByNobodyFromThatMomentOn() {
        var cluster = formatted(1009, 3, 1);
        var guest = cluster.guest("monkey", 12, 0);
        cluster.load(4);
        cluster.run(Duration.ofSeconds(4));
        cluster.settle();
        SimNode node = cluster.node(2);
        node.loop().slow(Duration.ofMillis(50));

        drain(cluster, node);
        node.losePower();

        cluster.explained(() -> guest.verify(LIMIT));
    }

    @Test
    void noCopyIsMissingWhileANodeIsDrained() {
        var cluster = formatted(1002, 4, 2);
        cluster.guest("monkey", 8, 0);
        cluster.load(4);
        cluster.run(Duration.ofSeconds(4));
        SimNode node = cluster.node(3);

        assertThat(ask(cluster, node, How.DRAIN)).isEqualTo(ResultCode.SUCCESS);
        cluster.run(Duration.ofMillis(700));
        cluster.node(1).losePower();
        awaitDrained(cluster, node);
        node.losePower();
        cluster.run(Duration.ofSeconds(5));
        cluster.node(1).start();

        cluster.verify();
    }

    @Test
    void nodeIsGatewayVoterAndMemberWhileItIsDrainedAndAlsoAfterAStart() {
        var cluster = formatted(1003, 3, 2);
        var guest = cluster.guest("monkey", 4, 2);
        cluster.load(4);
        cluster.run(Duration.ofSeconds(4));
        SimNode node = cluster.node(2);

        assertThat(ask(cluster, node, How.DRAIN)).isEqualTo(ResultCode.SUCCESS);
        awaitDrained(cluster, node);
        long before = guest.writes();
        cluster.run(Duration.ofSeconds(3));
        assertThat(guest.writes()).isGreaterThan(before);
        assertThat(node.latestEpoch().orElseThrow().voters()).hasSize(3);
        node.kill();
        cluster.run(Duration.ofSeconds(8));
        node.start();
        cluster.awaitServing();
        assertThat(vnodes(cluster, node)).isZero();
        cluster.node(0).losePower(); // Two of three votes are left, and one of them is its.
        cluster.run(Duration.ofSeconds(6));
        cluster.awaitServing();

        cluster.verify();
        assertThat(vnodes(cluster, node)).isZero();
        assertThat(node.store().oids()).isEmpty();
    }

    @Test
    void nodeThatTakesObjectsAgainGetsItsShare() {
        var cluster = formatted(1004, 3, 2);
        cluster.guest("monkey", 8, 0);
        cluster.load(4);
        cluster.run(Duration.ofSeconds(4));
        SimNode node = cluster.node(1);
        int share = vnodes(cluster, node);

        assertThat(ask(cluster, node, How.DRAIN)).isEqualTo(ResultCode.SUCCESS);
        awaitDrained(cluster, node);
        cluster.run(Duration.ofSeconds(2));
        assertThat(ask(cluster, node, How.CANCEL)).isEqualTo(ResultCode.SUCCESS);
        cluster.run(Duration.ofSeconds(5));

        assertThat(vnodes(cluster, node)).isEqualTo(share).isPositive();
        cluster.verify();
        assertThat(node.store().oids()).isNotEmpty();
    }

    @Test
    void nodeThatDiesInTheMiddleIsWaitedForAndThenDrained() {
        var cluster = formatted(1005, 3, 1);
        cluster.guest("monkey", 40, 0);
        cluster.load(4);
        cluster.run(Duration.ofSeconds(4));
        SimNode node = cluster.node(2);

        assertThat(ask(cluster, node, How.DRAIN)).isEqualTo(ResultCode.SUCCESS);
        cluster.run(Duration.ofMillis(1200));
        node.losePower();
        cluster.run(Duration.ofSeconds(10));
        node.start();
        cluster.awaitServing();
        awaitDrained(cluster, node);

        cluster.verify();
        assertThat(node.store().oids()).isEmpty();
    }

    @Test
    void thoseThatAreDrainedServeIfNobodyElseIsLeft() {
        var cluster = formatted(1006, 3, 2);
        var guest = cluster.guest("monkey", 4, 1);
        cluster.load(4);
        cluster.run(Duration.ofSeconds(4));
        assertThat(ask(cluster, cluster.node(1), How.DRAIN)).isEqualTo(ResultCode.SUCCESS);
        awaitDrained(cluster, cluster.node(1));
        assertThat(ask(cluster, cluster.node(2), How.DRAIN)).isEqualTo(ResultCode.INVALID_PARMS);
        assertThat(ask(cluster, cluster.node(2), How.DRAIN_WITH_FEWER_COPIES)).isEqualTo(ResultCode.SUCCESS);
        cluster.run(Duration.ofMillis(300));

        cluster.node(0).losePower();
        cluster.run(Duration.ofSeconds(6));

        assertThat(vnodes(cluster, cluster.node(2))).isPositive();
        assertThat(cluster.isServing()).isTrue();
        assertThat(guest.refused())
                .as("what only the dead one has is waited for")
                .isZero();
        cluster.verify();
    }

    @Test
    void diskThatIsDeletedWhileItsNodeIsDrainedLeavesNothing() {
        var cluster = formatted(1007, 3, 1);
        var guest = cluster.guest("monkey", 16, 0);
        cluster.guest("donkey", 2, 0);
        cluster.load(4);
        cluster.run(Duration.ofSeconds(4));
        SimNode node = cluster.node(2);

        assertThat(ask(cluster, node, How.DRAIN)).isEqualTo(ResultCode.SUCCESS);
        cluster.run(Duration.ofMillis(150));
        cluster.delete(guest);
        awaitDrained(cluster, node);
        cluster.run(Duration.ofSeconds(30));

        cluster.verify();
        assertThat(cluster.nodes())
                .allSatisfy(other -> assertThat(other.store().oids())
                        .noneMatch(oid -> oid.vid().equals(guest.vid())));
    }

    @Test
    void lastOneThatCouldHoldAnythingIsNotDrained() {
        var cluster = formatted(1008, 1, 1);

        assertThat(ask(cluster, cluster.node(0), How.DRAIN_WITH_FEWER_COPIES)).isEqualTo(ResultCode.INVALID_PARMS);
        assertThat(ask(cluster, cluster.node(0), How.AWAIT)).isEqualTo(ResultCode.NO_TAG);
        cluster.verify();
    }

    /** Has {@code node} hand over all it holds, and waits until it has. */
    static void drain(SimCluster cluster, SimNode node) {
        assertThat(ask(cluster, node, How.DRAIN)).isEqualTo(ResultCode.SUCCESS);
        awaitDrained(cluster, node);
    }

    private static void awaitDrained(SimCluster cluster, SimNode node) {
        long storeId = node.directory().id();
        cluster.await(
                "a drain",
                () -> node.isUp() && node.look(w -> w.cluster().state().isDrained(storeId)));
        assertThat(ask(cluster, node, How.AWAIT)).isEqualTo(ResultCode.SUCCESS);
    }

    private static ResultCode ask(SimCluster cluster, SimNode node, How how) {
        var request = new Request.DrainNode(SimClient.internalHeader(Opcode.DRAIN_NODE, 0), how, 1024);
        return cluster.ask(node, request);
    }

    private static int vnodes(SimCluster cluster, SimNode node) {
        return cluster.nodes().stream()
                .filter(SimNode::isUp)
                .findFirst()
                .orElseThrow()
                .look(w -> w.cluster().view().orElseThrow().record().member(node.id()))
                .map(member -> member.node())
                .map(Node::vnodes)
                .orElseThrow();
    }

    private static SimCluster formatted(long seed, int nodes, int copies) {
        return SimCluster.consensus(seed, nodes, SimNetwork.Weather.FAIR).format(copies);
    }
}
