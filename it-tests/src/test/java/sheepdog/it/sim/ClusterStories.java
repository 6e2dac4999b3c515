package sheepdog.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Stories of whole clusters, for every log: each says what a user would see. */
abstract class ClusterStories {
    /** A cluster of that many nodes, all up, not formatted. */
    protected abstract SimCluster cluster(long seed, int nodes);

    @Test
    void threeNodesAreFormattedAndServeADisk() {
        var cluster = cluster(1, 3).format(3);
        var guest = cluster.guest("monkey", 4, 0);

        cluster.load(4);
        cluster.run(Duration.ofSeconds(10));
        cluster.verify();

        assertThat(guest.writes()).isGreaterThan(500);
        assertThat(guest.reads()).isGreaterThan(200);
    }

    @Test
    void oneKilledIsMissedForAMomentAndBroughtUpToDate() {
        var cluster = cluster(2, 3).format(3);
        var guest = cluster.guest("monkey", 4, 0);
        cluster.load(4);
        cluster.run(Duration.ofSeconds(5));

        cluster.node(2).kill();
        cluster.run(Duration.ofSeconds(10));
        assertThat(guest.longestAndReset()).isLessThan(Duration.ofSeconds(3));
        cluster.node(2).start();
        cluster.run(Duration.ofSeconds(10));

        cluster.verify();
    }

    @Test
    void gatewayThatIsKilledIsReplacedByAnother() {
        var cluster = cluster(3, 3).format(3);
        var guest = cluster.guest("monkey", 4, 0);
        cluster.load(4);
        cluster.run(Duration.ofSeconds(5));

        cluster.node(0).kill();
        cluster.run(Duration.ofSeconds(10));
        assertThat(guest.longestAndReset()).isLessThan(Duration.ofSeconds(8));

        cluster.verify();
    }

    @Test
    void oneStoppedIsLeftOutAndWhenItGoesOnItHarmsNothing() {
        var cluster = cluster(4, 3).format(3);
        var guest = cluster.guest("monkey", 4, 0);
        cluster.load(4);
        cluster.run(Duration.ofSeconds(5));

        cluster.node(0).pause();
        cluster.run(Duration.ofSeconds(10));
        cluster.node(0).resume();
        cluster.run(Duration.ofSeconds(10));

        cluster.verify();
        assertThat(guest.writes()).isGreaterThan(500);
    }

    @Test
    void partitionedMinorityServesNobody() {
        var cluster = cluster(5, 3).format(3);
        cluster.guest("monkey", 4, 0);
        cluster.guest("donkey", 2, 1);
        cluster.load(4);
        cluster.run(Duration.ofSeconds(5));

        cluster.network()
                .partition(List.of(
                        List.of(cluster.node(0).host()),
                        List.of(cluster.node(1).host(), cluster.node(2).host())));
        cluster.run(Duration.ofSeconds(15));

        cluster.verify();
    }

    @Test
    void allLosePowerAndComeBack() {
        var cluster = cluster(6, 3).format(3);
        cluster.guest("monkey", 4, 0);
        cluster.load(8);
        cluster.run(Duration.ofSeconds(5));

        cluster.nodes().forEach(SimNode::losePower);
        cluster.run(Duration.ofSeconds(5));

        cluster.verify();
    }

    @Test
    void fourthNodeJoinsAndTakesItsShare() {
        var cluster = cluster(7, 3).format(3);
        cluster.guest("monkey", 8, 0);
        cluster.load(4);
        cluster.run(Duration.ofSeconds(5));

        cluster.addNode(false);
        cluster.run(Duration.ofSeconds(10));

        cluster.verify();
        assertThat(cluster.node(3).store().oids()).isNotEmpty();
    }

    @Test
    void oneSeedGivesOneRun() {
        assertThat(storm(8)).isEqualTo(storm(8));
    }

    private String storm(long seed) {
        var cluster = cluster(seed, 3).format(3);
        cluster.guest("monkey", 4, 0);
        cluster.load(4);
        cluster.run(Duration.ofSeconds(3));
        cluster.node(1).kill();
        cluster.run(Duration.ofSeconds(4));
        cluster.node(1).start();
        cluster.run(Duration.ofSeconds(3));
        return cluster.time().log().digest() + " " + cluster.time().eventsRun();
    }
}
