package sheepdog.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Disks and hosts that are replaced while the others serve, over the production log. */
class ReplaceStoriesTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @Test
    void emptyDiskOnTheSameAddressGetsAllItsCopiesWhileTheOthersServe() {
        for (int i = 0; i < 3; i++) {
            var cluster =
                    SimCluster.consensus(1200 + i, 3, SimNetwork.Weather.FAIR).format(3);
            var guest = cluster.guest("monkey", 8, i);
            cluster.load(4);
            cluster.run(Duration.ofSeconds(4));
            SimNode node = cluster.node(i);
            int objects = node.store().oids().size();
            node.losePower();
            cluster.run(
                    i == 0 ? Duration.ofMillis(200) : Duration.ofSeconds(6)); // Before, or after an epoch without it.
            node.wipe();
            guest.longestAndReset();

            node.start();
            cluster.await("all its copies", () -> node.store().oids().size() >= objects);

            assertThat(guest.longestAndReset()).isLessThan(Duration.ofSeconds(8));
            cluster.verify();
        }
    }

    @Test
    void newHostTakesThePlaceOfADeadOneAndThenBearsTheDeathOfTheNext() {
        var cluster = SimCluster.consensus(1211, 3, SimNetwork.Weather.FAIR).format(2);
        var guest = cluster.guest("monkey", 8, 1);
        cluster.load(4);
        cluster.run(Duration.ofSeconds(4));
        cluster.node(2).losePower();
        cluster.run(Duration.ofSeconds(6));

        cluster.addNode(false);
        cluster.awaitRecovered();
        cluster.node(0).losePower();
        cluster.run(Duration.ofSeconds(6));
        cluster.awaitRecovered();
        cluster.settle();
        cluster.explained(() -> guest.verify(LIMIT));

        cluster.node(0).wipe();
        cluster.node(2).wipe();
        cluster.verify();
    }

    @Test
    void hostThatIsReplacedInOrderIsDrainedFirstAndNothingIsMissingMeanwhile() {
        var cluster = SimCluster.consensus(1221, 3, SimNetwork.Weather.FAIR).format(1);
        var guest = cluster.guest("monkey", 12, 0);
        cluster.load(4);
        cluster.run(Duration.ofSeconds(4));
        SimNode old = cluster.node(2);
        cluster.addNode(false);
        cluster.awaitRecovered();
        guest.longestAndReset();

        DrainStoriesTest.drain(cluster, old);
        old.leave();
        cluster.await("its end", () -> !old.isUp());
        cluster.run(Duration.ofSeconds(3));

        assertThat(guest.longestAndReset()).isLessThan(Duration.ofSeconds(1));
        cluster.settle();
        cluster.explained(() -> guest.verify(LIMIT));
        old.wipe();
        cluster.verify();
    }
}
