package sheepdog.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.Flags;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.Request;
import sheepdog.sheep.cluster.ClusterStatus;

/**
 * Networks in which not all reach each other, though some reach all: as few as possible are put out, the others go on
 * within the time of I14, nobody is put out twice for one fault, and when it has ended all serve again.
 */
class BrokenLinksTest {
    private static final Duration GOES_ON = Duration.ofSeconds(8);
    /** Who was put out waits 15 s, and is looked at each 3 s. */
    private static final Duration COMES_BACK = Duration.ofSeconds(40);

    @Test
    void eachOfThreeLinksBroken() {
        for (int one = 0; one < 3; one++) {
            int a = one;
            int b = (one + 1) % 3;
            broken(2_000 + one, 3, 1, n -> n.cut(a, b));
        }
    }

    @Test
    void eachDirectionOfEachLinkBroken() {
        for (int a = 0; a < 3; a++) {
            for (int b = 0; b < 3; b++) {
                if (a != b) {
                    int from = a;
                    int to = b;
                    broken(2_010 + 3 * a + b, 3, 1, n -> n.cutOneWay(from, to));
                }
            }
        }
    }

    @Test
    void eachOfThreeLinksBrokenForConnectionsOnly() {
        for (int one = 0; one < 3; one++) {
            int a = one;
            int b = (one + 1) % 3;
            broken(2_030 + one, 3, 1, n -> n.cutStreams(a, b));
        }
    }

    @Test
    void oneOfThreeReachesNobodyByConnections() {
        for (int one = 0; one < 3; one++) {
            int a = one;
            broken(2_040 + one, 3, 1, n -> {
                n.cutStreams(a, (a + 1) % 3);
                n.cutStreams(a, (a + 2) % 3);
            });
        }
    }

    @Test
    void bridgeBetweenTwoPairs() {
        broken(2_050, 5, 2, n -> {
            for (int a : new int[] {0, 1}) {
                n.cut(a, 2);
                n.cut(a, 3);
            }
        });
    }

    @Test
    void starOfFour() {
        broken(2_060, 4, 2, n -> {
            n.cut(0, 1);
            n.cut(1, 3);
            n.cut(0, 3);
        });
    }

    @Test
    void chainOfFour() {
        broken(2_070, 4, 2, n -> {
            n.cut(0, 2);
            n.cut(0, 3);
            n.cut(1, 3);
        });
    }

    @Test
    void oneOfFiveLinksBroken() {
        broken(2_080, 5, 1, n -> n.cut(1, 3));
    }

    /** Only connections are needed between those that do not lead: so at most one is out, and often nobody. */
    @Test
    void datagramsLostOnOneLinkHarmNobodyForLong() {
        for (int one = 0; one < 3; one++) {
            var story = new Story(2_090 + one, 3);
            story.cutDatagrams(one, (one + 1) % 3);
            story.cluster.run(Duration.ofSeconds(20));
            assertThat(story.longestWait()).isLessThan(GOES_ON);
            assertThat(story.members()).isGreaterThanOrEqualTo(2);
            story.heals();
        }
    }

    @Test
    void ofTwoThatHaveNoConnectionsOneGoesOn() {
        for (int seed = 0; seed < 3; seed++) {
            broken(2_100 + seed, 2, 1, n -> n.cutStreams(0, 1));
        }
    }

    @Test
    void linkThatIsBrokenForAMomentPutsNobodyOut() {
        for (int seed = 0; seed < 3; seed++) {
            var story = new Story(2_110 + seed, 3);
            story.cut(1, 2);
            story.cut(0, 1);
            story.cut(0, 2);
            story.cluster.run(Duration.ofMillis(1_500));
            story.cluster.network().heal();
            story.cluster.run(Duration.ofSeconds(10));
            assertThat(story.members()).isEqualTo(3);
            assertThat(story.epochs()).isZero();
            story.cluster.verify();
        }
    }

    @Test
    void whoIsKeptOutSaysWhy() {
        var story = new Story(2_120, 3);
        story.cut(0, 2);
        story.cluster.await("an epoch of two", () -> story.members() == 2);
        story.cluster.run(Duration.ofSeconds(10));

        SimNode out = story.cluster.nodes().stream()
                .filter(node -> node.status() == ClusterStatus.ISOLATED)
                .findFirst()
                .orElseThrow();
        SimNode other = story.cluster.node(out == story.cluster.node(0) ? 2 : 0);
        boolean leaderCut = out.logStatus().reason().startsWith("waits for a majority");
        assertThat(out.logStatus().reason())
                .contains(leaderCut ? "missing [" + other.id() : "not reached by [" + other.id() + "]");
        story.heals();
    }

    /** Else it would refuse to talk to the others: they are another cluster to it. */
    @Test
    void whoIsKeptOutWhileTheOthersFormatComesBack() {
        var cluster = SimCluster.consensus(2_140, 3, SimNetwork.Weather.FAIR).format(3);
        SimGuest guest = cluster.guest("disk", 3, 1);
        cluster.load(2);
        cluster.network().cutStreams(cluster.node(1).host(), cluster.node(2).host());
        cluster.await("the third to be kept out", () -> cluster.node(2).status() == ClusterStatus.ISOLATED);
        cluster.run(Duration.ofSeconds(5));
        assertThat(guest.writes()).isPositive();
        cluster.forgetGuests();

        var header = SimClient.internalHeader(Opcode.MAKE_FS, Flags.WRITE);
        var format = new Request.MakeFs(header, 2, cluster.time().wallSeconds() << 32, "plain");
        assertThat(cluster.client("admin").call(format, GOES_ON).result()).isEqualTo(ResultCode.SUCCESS);
        cluster.network().heal();

        cluster.await("all to serve again", COMES_BACK, cluster::isServing);
        cluster.verify();
    }

    @Test
    void whoIsPutOutAgainAndAgainWaitsLonger() {
        var story = new Story(2_130, 3);
        story.cutStreams(1, 2);
        story.cluster.await("an epoch of two", () -> story.members() == 2);
        Duration first = story.timeToComeBack();
        story.cluster.run(Duration.ofSeconds(3));
        story.cutStreams(1, 2);
        story.cluster.await("an epoch of two", () -> story.members() == 2);
        Duration second = story.timeToComeBack();

        assertThat(second).isGreaterThan(first.plusSeconds(10));
        story.cluster.verify();
    }

    private static void broken(long seed, int nodes, int out, Consumer<Story> fault) {
        var story = new Story(seed, nodes);
        fault.accept(story);
        story.cluster.run(Duration.ofSeconds(35));

        assertThat(story.longestWait()).as("seed %d", seed).isLessThan(GOES_ON);
        assertThat(story.members()).as("members, seed %d", seed).isEqualTo(nodes - out);
        assertThat(story.epochs()).as("epochs, seed %d", seed).isLessThanOrEqualTo(out);
        story.heals();
    }

    /** A cluster with a guest at each node. */
    private static final class Story {
        private final SimCluster cluster;
        private final List<SimGuest> guests = new ArrayList<>();
        private final long epochBefore;

        Story(long seed, int nodes) {
            cluster = SimCluster.consensus(seed, nodes, SimNetwork.Weather.FAIR).format(Math.min(3, nodes));
            IntStream.range(0, nodes).forEach(i -> guests.add(cluster.guest("disk" + i, 3, i)));
            cluster.load(2);
            cluster.run(Duration.ofSeconds(4));
            cluster.longestWaitAndReset();
            epochBefore = newest();
        }

        void cut(int a, int b) {
            cluster.network().cut(cluster.node(a).host(), cluster.node(b).host());
        }

        void cutOneWay(int a, int b) {
            cluster.network().cutOneWay(cluster.node(a).host(), cluster.node(b).host());
        }

        void cutStreams(int a, int b) {
            cluster.network().cutStreams(cluster.node(a).host(), cluster.node(b).host());
        }

        void cutDatagrams(int a, int b) {
            cluster.network()
                    .cutDatagrams(cluster.node(a).host(), cluster.node(b).host());
        }

        /** Of the guests whose gateway has stayed; who uses one that is kept out has to take another. */
        Duration longestWait() {
            return IntStream.range(0, guests.size())
                    .filter(i -> cluster.node(i).holdsLease())
                    .mapToObj(i -> guests.get(i).longestAndReset())
                    .max(Duration::compareTo)
                    .orElseThrow();
        }

        private long newest() {
            return cluster.nodes().stream()
                    .mapToLong(node -> node.epoch().number())
                    .max()
                    .orElseThrow();
        }

        long epochs() {
            return newest() - epochBefore;
        }

        int members() {
            long newest = newest();
            return cluster.nodes().stream()
                    .filter(node -> node.epoch().number() == newest)
                    .findFirst()
                    .orElseThrow()
                    .look(wiring -> wiring.cluster().nodes().size());
        }

        Duration timeToComeBack() {
            cluster.network().heal();
            long healed = cluster.time().nowNanos();
            cluster.await("all to serve", Duration.ofSeconds(90), cluster::isServing);
            return Duration.ofNanos(cluster.time().nowNanos() - healed);
        }

        void heals() {
            cluster.network().heal();
            cluster.await("all to serve again", COMES_BACK, cluster::isServing);
            cluster.verify();
        }
    }
}
