package sheepdog.it.sim;

import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/** Storms over whole clusters of production sheep: nothing acknowledged is lost, whatever strikes. */
class StormSimulation {
    @Property(tries = 6, shrinking = ShrinkingMode.OFF, edgeCases = EdgeCasesMode.NONE)
    void nothingIsLostInAStorm(@ForAll long seed) {
        storm(SimCluster.consensus(seed, 3, SimNetwork.Weather.FAIR), 6);
    }

    @Property(tries = 4, shrinking = ShrinkingMode.OFF, edgeCases = EdgeCasesMode.NONE)
    void nothingIsLostInAStormOverARoughNetwork(@ForAll long seed) {
        storm(SimCluster.consensus(seed, 4, SimNetwork.Weather.ROUGH), 5);
    }

    @Property(tries = 4, shrinking = ShrinkingMode.OFF, edgeCases = EdgeCasesMode.NONE)
    void nothingIsLostInAStormOverAnIdealLog(@ForAll long seed) {
        storm(SimCluster.of(seed, 3), 6);
    }

    private static void storm(SimCluster cluster, int faults) {
        cluster.format(3);
        cluster.guest("monkey", 3, 0);
        cluster.guest("donkey", 2, 1);
        cluster.load(3);
        new SimStorm(cluster).blow(faults);
        cluster.verify();
    }
}
