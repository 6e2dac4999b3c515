package sheepdog.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Clusters whose disks fill up to the last at about the same time, while objects are made and written. */
class FullDisksTest {
    private static final int SEEDS = 2;
    private static final Duration FULL = Duration.ofSeconds(8);

    /** Longer than what is under way when the disks fill up needs. */
    private static final Duration ANSWERED = Duration.ofSeconds(3);

    @Test
    void whereNobodyHasSpaceWritesAreRefusedAndWaitForNothing() {
        assertRefused(3);
    }

    @Test
    void whereOneOfThreeHasSpaceWritesAreRefusedAndWaitForNothing() {
        assertRefused(2);
    }

    private static void assertRefused(int full) {
        for (long seed = 1_701; seed <= 1_700 + SEEDS; seed++) {
            var cluster = SimCluster.consensus(seed, 3, SimNetwork.Weather.FAIR).format(3);
            SimGuest guest = cluster.guest("monkey", 40, 0);
            guest.bearsNoSpace();
            cluster.load(8);
            cluster.run(Duration.ofMillis(400));

            for (int i = 0; i < full; i++) {
                cluster.node(i).store().fillsUp((seed * 17 + i * 29) % 64 << 10);
            }
            cluster.run(FULL);
            cluster.nodes().forEach(node -> node.store().heals());
            cluster.run(Duration.ofSeconds(2));

            assertThat(guest.refused()).as("seed %d", seed).isGreaterThan(20);
            assertThat(guest.longestAndReset()).as("seed %d", seed).isLessThan(ANSWERED);
            cluster.verify();
        }
    }
}
