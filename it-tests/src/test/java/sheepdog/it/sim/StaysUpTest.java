package sheepdog.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import sheepdog.membership.runtime.Pool;

/**
 * I14, to the millisecond of simulated time: how long requests wait when one of three nodes goes. A guest that has to
 * find another gateway waits a second before it tries, which is part of its time. One whose gateway loses its power, or is
 * stopped, learns of it by the time limits of its own connection only, whatever the others do.
 */
class StaysUpTest {
    private static final int SEEDS = 5;

    @Test
    void replicaThatIsKilledIsMissedForLessThanThreeSeconds() {
        assertLongest(Duration.ofSeconds(3), 2, (_, victim) -> victim.kill());
    }

    @Test
    void gatewayThatIsKilledIsReplacedWithinThreeSeconds() {
        assertLongest(Duration.ofSeconds(3), 0, (_, victim) -> victim.kill());
    }

    @Test
    void nodeWithoutPowerIsMissedForLessThanEightSeconds() {
        assertLongest(Duration.ofSeconds(8), 2, (_, victim) -> victim.losePower());
    }

    @Test
    void replicaThatIsStoppedIsMissedForLessThanEightSeconds() {
        assertLongest(Duration.ofSeconds(8), 2, (_, victim) -> victim.pause());
    }

    @Test
    void replicaThatIsCutOffIsMissedForLessThanEightSeconds() {
        assertLongest(
                Duration.ofSeconds(8),
                2,
                (cluster, victim) -> cluster.network()
                        .partition(List.of(
                                List.of(victim.host()),
                                List.of(cluster.node(0).host(), cluster.node(1).host()))));
    }

    @Test
    void replicaWhoseDiskHangsIsMissedForLessThanEightSeconds() {
        assertLongest(Duration.ofSeconds(8), 2, (_, victim) -> victim.loop().hang(Pool.STORE));
    }

    @Test
    void replicaThatLeavesIsMissedForLessThanHalfASecond() {
        assertLongest(Duration.ofMillis(500), 2, (_, victim) -> victim.leave());
    }

    /** A guest whose gateway is node 0. */
    private static void assertLongest(Duration limit, int victim, BiConsumer<SimCluster, SimNode> goes) {
        for (long seed = 1; seed <= SEEDS; seed++) {
            var cluster = SimCluster.consensus(1_400 + seed, 3, SimNetwork.Weather.FAIR)
                    .format(3);
            SimGuest guest = cluster.guest("monkey", 4, 0);
            cluster.load(4);
            cluster.run(Duration.ofMillis(3_000 + 137 * seed));
            assertThat(guest.longestAndReset()).as("before").isLessThan(Duration.ofMillis(500));

            goes.accept(cluster, cluster.node(victim));
            cluster.run(Duration.ofSeconds(15));

            assertThat(guest.longestAndReset()).as("seed %d", 1_400 + seed).isLessThan(limit);
        }
    }
}
