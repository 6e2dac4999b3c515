package sheepdog.it.sim;

/** Over the production log. */
class ConsensusStoriesTest extends ClusterStories {
    @Override
    protected SimCluster cluster(long seed, int nodes) {
        return SimCluster.consensus(seed, nodes, SimNetwork.Weather.FAIR);
    }
}
