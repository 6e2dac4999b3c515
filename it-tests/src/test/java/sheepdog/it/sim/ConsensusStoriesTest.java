package sheepdog.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import sheepdog.membership.runtime.Pool;

/** Over the production log. */
class ConsensusStoriesTest extends ClusterStories {
    @Override
    protected SimCluster cluster(long seed, int nodes) {
        return SimCluster.consensus(seed, nodes, SimNetwork.Weather.FAIR);
    }

    @Test
    void whoeverLeavesByCommandIsHardlyMissed() {
        for (int i = 0; i < 3; i++) {
            var cluster = cluster(50 + i, 3).format(3);
            var guests = new SimGuest[] {
                cluster.guest("a", 3, 0), cluster.guest("b", 3, 1), cluster.guest("c", 3, 2),
            };
            cluster.load(32);
            cluster.run(Duration.ofSeconds(5));
            cluster.longestWaitAndReset();
            SimNode leaving = cluster.node(i);

            leaving.leave();
            cluster.await("the end of " + leaving, () -> !leaving.isUp());
            cluster.run(Duration.ofSeconds(5));

            for (int other = 0; other < 3; other++) {
                // The client of the one that left waits a second before it tries another.
                var limit = other == i ? Duration.ofMillis(2_000) : Duration.ofMillis(500);
                assertThat(guests[other].longestAndReset())
                        .as("guest %d while %d leaves", other, i)
                        .isLessThan(limit);
            }
            cluster.verify();
        }
    }

    @Test
    void whoseDiskHangsIsPutOutByAnEpochAlsoIfItLeads() {
        for (int i = 0; i < 3; i++) {
            var cluster = cluster(60 + i, 3).format(3);
            var other = cluster.guest("monkey", 3, (i + 1) % 3);
            cluster.load(4);
            cluster.run(Duration.ofSeconds(5));
            other.longestAndReset();
            SimNode hung = cluster.node(i);

            hung.loop().hang(Pool.STORE);
            cluster.run(Duration.ofSeconds(20));

            assertThat(other.longestAndReset()).as("disk %d hangs", i).isLessThan(Duration.ofSeconds(8));
            assertThat(hung.isUp()).as("the sheep with the hung disk").isFalse();
            cluster.verify();
        }
    }

    @Test
    void whoseDiskHangsForAMomentIsTakenBack() {
        var cluster = cluster(70, 3).format(3);
        var guest = cluster.guest("monkey", 3, 0);
        cluster.load(4);
        cluster.run(Duration.ofSeconds(5));
        guest.longestAndReset();

        cluster.node(2).loop().hang(Pool.STORE);
        cluster.run(Duration.ofSeconds(8));
        cluster.node(2).loop().unhang(Pool.STORE);

        cluster.await("all to serve again", Duration.ofSeconds(30), cluster::isServing);
        assertThat(guest.longestAndReset()).isLessThan(Duration.ofSeconds(8));
        cluster.verify();
    }

    @Test
    void whoHasNoSpaceForTheLogIsMissedNoLongerThanWhoIsCutOffAndIsBackByItself() {
        for (int i = 0; i < 3; i++) {
            var cluster = cluster(74 + i, 3).format(3);
            var other = cluster.guest("monkey", 3, (i + 1) % 3);
            cluster.load(4);
            cluster.run(Duration.ofSeconds(5));
            other.longestAndReset();
            SimNode full = cluster.node(i);

            full.directory().full(true);
            cluster.guest("donkey", 2, (i + 1) % 3);
            cluster.run(Duration.ofSeconds(30));

            assertThat(other.longestAndReset()).as("node %d is full", i).isLessThan(Duration.ofSeconds(8));
            assertThat(full.isUp()).isTrue();
            assertThat(cluster.node((i + 1) % 3).latestEpoch().orElseThrow().members())
                    .hasSize(2);
            full.directory().full(false);
            cluster.awaitServing();
            cluster.verify();
        }
    }

    @Test
    void anEpochForWhichOneMemberHasNoSpaceHoldsUpTheOthersNoLongerThanAHungDisk() {
        for (int i = 0; i < 3; i++) {
            var cluster = cluster(84 + i, 5).format(3);
            var other = cluster.guest("monkey", 3, 4);
            cluster.load(4);
            cluster.run(Duration.ofSeconds(5));
            other.longestAndReset();
            SimNode full = cluster.node(i);

            full.directory().full(true);
            cluster.node((i + 1) % 3).kill();
            cluster.run(Duration.ofSeconds(30));

            assertThat(other.longestAndReset()).as("node %d is full", i).isLessThan(Duration.ofSeconds(8));
            full.directory().full(false);
            cluster.verify();
        }
    }

    @Test
    void aClusterThatCannotWriteItsLogWaitsAndGoesOnByItself() {
        var cluster = cluster(80, 3).format(3);
        var guest = cluster.guest("monkey", 3, 0);
        cluster.load(4);
        cluster.run(Duration.ofSeconds(5));

        cluster.nodes().forEach(node -> node.directory().full(true));
        cluster.node(2).kill();
        cluster.run(Duration.ofSeconds(60));
        assertThat(cluster.isServing()).isFalse();
        assertThat(cluster.node(0).isUp() && cluster.node(1).isUp()).isTrue();
        guest.longestAndReset();
        cluster.nodes().forEach(node -> node.directory().full(false));

        cluster.awaitServing();
        cluster.node(2).start();
        cluster.awaitServing();
        cluster.verify();
    }
}
