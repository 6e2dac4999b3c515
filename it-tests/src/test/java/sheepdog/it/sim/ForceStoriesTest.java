package sheepdog.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.Flags;
import sheepdog.protocol.wire.LostObject;
import sheepdog.protocol.wire.LostObject.Answer;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.Request;
import sheepdog.sheep.cluster.ClusterStatus;

/** Clusters that go on by an operator's word without the majority that is gone for good, over the production log. */
class ForceStoriesTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @Test
    void oneOfThreeGoesOnWithAllThatWasAcknowledgedAndTheOthersComeBackEmpty() {
        for (int i = 0; i < 3; i++) {
            var cluster = formatted(1101 + i, 3, 3);
            var guest = cluster.guest("monkey", 6, i);
            cluster.load(4);
            cluster.run(Duration.ofSeconds(4));
            SimNode left = cluster.node(i);
            cluster.nodes().stream().filter(node -> node != left).forEach(SimNode::losePower);
            cluster.run(Duration.ofSeconds(6));
            ClusterStatus status = left.look(w -> w.cluster().status());
            assertThat(status).isEqualTo(ClusterStatus.ISOLATED);
            guest.client().moveTo(left.id());
            var before = left.epoch();

            assertThat(force(cluster, left)).isEqualTo(ResultCode.SUCCESS);
            long written = guest.writes();
            cluster.run(Duration.ofSeconds(5));

            assertThat(cluster.isServing()).isTrue();
            assertThat(guest.writes()).isGreaterThan(written + 20);
            assertThat(left.epoch().number()).isGreaterThan(before.number() + 999);
            assertThat(force(cluster, left)).as("it runs").isEqualTo(ResultCode.FORCE_RECOVER);
            for (SimNode other : cluster.nodes()) {
                if (other != left) {
                    other.start();
                    cluster.await("its old directory to be refused", () -> !other.isUp());
                    assertThat(other.end()).contains("went on by force");
                    other.wipe();
                    other.start();
                }
            }
            cluster.verify();
        }
    }

    @Test
    void thoseThatComeBackTogetherAreNoMajority() {
        var cluster = formatted(1111, 3, 3);
        cluster.guest("monkey", 6, 0);
        cluster.load(4);
        cluster.run(Duration.ofSeconds(4));
        cluster.node(1).losePower();
        cluster.node(2).losePower();
        cluster.run(Duration.ofSeconds(6));
        assertThat(force(cluster, cluster.node(0))).isEqualTo(ResultCode.SUCCESS);
        cluster.run(Duration.ofSeconds(2));

        cluster.node(1).start();
        cluster.node(2).start();
        cluster.await(
                "both to be refused",
                () -> !cluster.node(1).isUp() && !cluster.node(2).isUp());

        cluster.node(1).wipe();
        cluster.node(2).wipe();
        cluster.verify();
    }

    @Test
    void allThatAreThereGoOnWithWhatTheyHave() {
        var cluster = formatted(1121, 5, 4);
        var guest = cluster.guest("monkey", 12, 4);
        cluster.load(4);
        cluster.run(Duration.ofSeconds(4));
        for (int i = 0; i < 3; i++) {
            cluster.node(i).losePower();
        }
        cluster.run(Duration.ofSeconds(6));
        guest.client().moveTo(cluster.node(4).id());

        assertThat(force(cluster, cluster.node(3))).isEqualTo(ResultCode.SUCCESS);
        cluster.await("both to serve", Duration.ofSeconds(20), cluster::isServing);
        cluster.awaitRecovered();
        cluster.settle();
        cluster.explained(() -> guest.verify(LIMIT));

        for (int i = 0; i < 3; i++) {
            cluster.node(i).wipe();
        }
        cluster.verify();
    }

    @Test
    void whoeverIsAskedTheOneThatKnowsMostDecides() {
        for (int asked = 1; asked < 3; asked++) {
            var cluster = formatted(1130 + asked, 3, 3);
            var guest = cluster.guest("monkey", 6, 0);
            cluster.load(4);
            cluster.run(Duration.ofSeconds(4));
            cluster.node(2).kill();
            cluster.run(Duration.ofSeconds(8)); // What is written now is not on it.
            cluster.node(1).losePower();
            cluster.node(0).losePower();
            cluster.run(Duration.ofSeconds(1));
            SimNode gone = goneVoter(cluster);
            SimNode left = gone == cluster.node(0) ? cluster.node(1) : cluster.node(0);
            left.start();
            cluster.node(2).start();
            cluster.run(Duration.ofSeconds(8));
            assertThat(cluster.isServing()).isFalse();
            guest.client().moveTo(left.id());

            assertThat(force(cluster, asked == 1 ? left : cluster.node(2))).isEqualTo(ResultCode.SUCCESS);
            cluster.await("both to serve", Duration.ofSeconds(20), cluster::isServing);
            cluster.awaitRecovered();
            cluster.settle();
            cluster.explained(() -> guest.verify(LIMIT));

            gone.wipe();
            cluster.verify();
        }
    }

    @Test
    void objectsWhoseReplicasAreAllGoneAreToldApartFromThoseThatAreThere() {
        var cluster = formatted(1171, 5, 2);
        var guest = cluster.guest("monkey", 24, 4);
        cluster.load(4);
        cluster.run(Duration.ofSeconds(6));
        cluster.settle();
        var oids = new TreeSet<ObjectId>();
        cluster.nodes().forEach(node -> oids.addAll(node.store().oids()));
        for (int i = 0; i < 3; i++) {
            cluster.node(i).losePower();
        }
        cluster.run(Duration.ofSeconds(6));
        guest.client().moveTo(cluster.node(4).id());
        var left = new HashSet<>(cluster.node(3).store().oids());
        left.addAll(cluster.node(4).store().oids());

        assertThat(force(cluster, cluster.node(3))).isEqualTo(ResultCode.SUCCESS);

        assertThat(cluster.isServing()).as("both are there when it is answered").isTrue();
        var answers = look(cluster, cluster.node(3), List.copyOf(oids));
        assertThat(answers).contains(Answer.ABSENT, Answer.NOT_WAITING);
        assertThat(answers)
                .isEqualTo(oids.stream()
                        .map(oid -> left.contains(oid) ? Answer.NOT_WAITING : Answer.ABSENT)
                        .toList());
        cluster.awaitRecovered();
        assertThat(look(cluster, cluster.node(4), List.copyOf(oids))).isEqualTo(answers);
    }

    private static List<Answer> look(SimCluster cluster, SimNode node, List<ObjectId> oids) {
        var operator = new SimClient(cluster.network(), "operator", List.of(node.id()));
        var request = new Request.LostObjects(SimClient.internalHeader(Opcode.LOST_OBJECTS, Flags.WRITE), true, oids);
        return LostObject.readAll(operator.call(request, LIMIT).data().bytes()).stream()
                .map(LostObject::answer)
                .toList();
    }

    @Test
    void whatWasDecidedOutlivesALossOfPower() {
        var cluster = formatted(1141, 3, 3);
        cluster.guest("monkey", 6, 0);
        cluster.load(4);
        cluster.run(Duration.ofSeconds(4));
        cluster.node(1).losePower();
        cluster.node(2).losePower();
        cluster.run(Duration.ofSeconds(6));
        assertThat(force(cluster, cluster.node(0))).isEqualTo(ResultCode.SUCCESS);
        cluster.node(0).losePower();
        cluster.run(Duration.ofSeconds(1));
        cluster.node(0).start();

        cluster.await("it to serve", Duration.ofSeconds(10), cluster::isServing);

        cluster.node(1).wipe();
        cluster.node(2).wipe();
        cluster.verify();
    }

    @Test
    void twoHalvesThatAreEachForcedRefuseEachOther() {
        var cluster = formatted(1151, 4, 4);
        cluster.run(Duration.ofSeconds(2));
        cluster.nodes().forEach(SimNode::losePower);
        cluster.node(1).start();
        cluster.run(Duration.ofSeconds(4));
        assertThat(force(cluster, cluster.node(1))).isEqualTo(ResultCode.SUCCESS);
        cluster.node(1).losePower();
        cluster.node(2).start();
        cluster.run(Duration.ofSeconds(4));
        assertThat(force(cluster, cluster.node(2))).isEqualTo(ResultCode.SUCCESS);

        cluster.node(1).start();
        cluster.run(Duration.ofSeconds(10));

        assertThat(membersSeenBy(cluster.node(2))).isEqualTo(1);
        if (cluster.node(1).isUp()) {
            assertThat(membersSeenBy(cluster.node(1))).isEqualTo(1);
        } else {
            assertThat(cluster.node(1).end()).contains("belongs to cluster");
        }
    }

    @Test
    void sheepThatDoesNotWaitIsNotForced() {
        var cluster = SimCluster.consensus(1161, 3, SimNetwork.Weather.FAIR);
        cluster.run(Duration.ofSeconds(2));
        assertThat(force(cluster, cluster.node(0))).isEqualTo(ResultCode.FORCE_RECOVER);
        cluster.format(3);
        assertThat(force(cluster, cluster.node(0))).isEqualTo(ResultCode.FORCE_RECOVER);
        cluster.verify();
    }

    private static int membersSeenBy(SimNode node) {
        return node.look(w -> w.cluster().nodes().size());
    }

    /** Of two that were left and ended, the one without which the other cannot decide. */
    private static SimNode goneVoter(SimCluster cluster) {
        var last = cluster.node(0).latestEpoch().orElseThrow();
        long tie = last.voters().getFirst();
        return cluster.nodes().stream()
                .filter(node -> node.directory().id() == tie)
                .findFirst()
                .orElseThrow();
    }

    private static ResultCode force(SimCluster cluster, SimNode node) {
        var request = new Request.ForceRecover(SimClient.internalHeader(Opcode.FORCE_RECOVER, 0), 57_344);
        return cluster.ask(node, request);
    }

    private static SimCluster formatted(long seed, int nodes, int copies) {
        return SimCluster.consensus(seed, nodes, SimNetwork.Weather.FAIR).format(copies);
    }
}
