package sheepdog.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.api.Member;
import sheepdog.sheep.cluster.ClusterStatus;

/** Two hosts with data and a witness: any one of the three may be lost. */
class WitnessTest {
    private static final Duration GOES_ON = Duration.ofSeconds(8);
    private static final int WITNESS = 2;

    @Test
    void theWitnessHasTheThirdVoteAndNoObjects() {
        SimCluster cluster = cluster(4_000);
        guest(cluster, 0);
        cluster.run(Duration.ofSeconds(3));

        assertThat(voters(cluster)).isEqualTo(3);
        assertThat(cluster.node(WITNESS).store().oids()).isEmpty();
        cluster.verify();
    }

    @Test
    void aThirdHostWithDataTakesTheVoteOver() {
        SimCluster cluster = cluster(4_001);
        cluster.addNode(SimNode.Kind.DATA);
        cluster.awaitServing();

        assertThat(voters(cluster)).isEqualTo(3);
        assertThat(record(cluster).voters())
                .doesNotContain(record(cluster).members().stream()
                        .filter(Member::witness)
                        .findFirst()
                        .orElseThrow()
                        .storeId());
    }

    @Test
    void eitherHostMayBeKilled() {
        for (int lost = 0; lost < 2; lost++) {
            loses(4_010 + lost, lost, SimNode::kill);
        }
    }

    @Test
    void eitherHostMayLoseItsPower() {
        for (int lost = 0; lost < 2; lost++) {
            loses(4_020 + lost, lost, SimNode::losePower);
        }
    }

    @Test
    void eitherHostMayBeStopped() {
        for (int lost = 0; lost < 2; lost++) {
            loses(4_030 + lost, lost, SimNode::pause);
        }
    }

    @Test
    void theWitnessMayBeLost() {
        loses(4_040, WITNESS, SimNode::kill);
        loses(4_041, WITNESS, SimNode::losePower);
        loses(4_042, WITNESS, SimNode::pause);
    }

    private static void loses(long seed, int lost, Consumer<SimNode> goes) {
        SimCluster cluster = cluster(seed);
        int stays = lost == 0 ? 1 : 0;
        SimGuest guest = guest(cluster, stays);
        cluster.run(Duration.ofSeconds(3));
        guest.longestAndReset();

        goes.accept(cluster.node(lost));
        cluster.run(Duration.ofSeconds(15));

        assertThat(guest.longestAndReset()).as("seed %d", seed).isLessThan(GOES_ON);
        cluster.verify();
        assertThat(voters(cluster)).as("voters when all are back").isEqualTo(3);
    }

    @Test
    void ofTwoHalvesTheOneWithTheWitnessGoesOn() {
        for (int alone = 0; alone < 3; alone++) {
            SimCluster cluster = cluster(4_050 + alone);
            SimGuest[] guests = {guest(cluster, 0), guest(cluster, 1)};
            cluster.run(Duration.ofSeconds(3));
            guests[0].longestAndReset();
            guests[1].longestAndReset();
            SimNode cutOff = cluster.node(alone);

            cluster.network()
                    .partition(List.of(
                            List.of(cutOff.host()),
                            cluster.nodes().stream()
                                    .filter(node -> node != cutOff)
                                    .map(SimNode::host)
                                    .toList()));
            cluster.run(Duration.ofSeconds(15));

            assertThat(cutOff.holdsLease()).isFalse();
            for (int i = 0; i < 2; i++) {
                if (i != alone) {
                    assertThat(guests[i].longestAndReset())
                            .as("node %d while %d is cut off", i, alone)
                            .isLessThan(GOES_ON);
                }
            }
            cluster.verify();
        }
    }

    /** R4: what the host that is lost wrote alone is not there; the witness's vote does not change that. */
    @Test
    void theWitnessDoesNotMakeOldDataServed() {
        SimCluster cluster = cluster(4_060);
        SimGuest guest = guest(cluster, 0);
        cluster.run(Duration.ofSeconds(3));
        cluster.node(1).kill();
        cluster.run(Duration.ofSeconds(10));
        long written = guest.writes();
        cluster.run(Duration.ofSeconds(3));
        assertThat(guest.writes()).as("writes by the one that is left").isGreaterThan(written);

        cluster.node(0).losePower();
        cluster.node(1).start();
        cluster.run(Duration.ofSeconds(3));
        long before = guest.writes() + guest.reads();
        cluster.run(Duration.ofSeconds(25));

        assertThat(guest.writes() + guest.reads()).isEqualTo(before);
        assertThat(cluster.node(1).status()).isNotEqualTo(ClusterStatus.RUNNING);
        cluster.verify();
    }

    private static SimCluster cluster(long seed) {
        SimCluster cluster = SimCluster.consensus(seed, 2, SimNetwork.Weather.FAIR);
        cluster.addNode(SimNode.Kind.WITNESS);
        return cluster.format(2);
    }

    private static SimGuest guest(SimCluster cluster, int node) {
        SimGuest guest = cluster.guest("disk" + node, 2, node);
        guest.load(2);
        return guest;
    }

    private static EpochRecord record(SimCluster cluster) {
        return cluster.nodes().stream()
                .flatMap(node -> node.latestEpoch().stream())
                .max((a, b) -> a.epoch().compareTo(b.epoch()))
                .orElseThrow();
    }

    private static int voters(SimCluster cluster) {
        return record(cluster).voters().size();
    }
}
