package sheepdog.it.sim;

/** Over a log that is right by decree: what fails here is the daemon's. */
class IdealLogStoriesTest extends ClusterStories {
    @Override
    protected SimCluster cluster(long seed, int nodes) {
        return SimCluster.of(seed, nodes);
    }
}
