package sheepdog.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import sheepdog.sheep.cluster.ClusterStatus;

/**
 * One primary component (R1, R2, R9): two to six nodes split in every way into two or three parts. The part that decides
 * goes on within the time of I14; the others acknowledge nothing, say so, and are back by themselves when the network is
 * whole. That no two parts ever hold leases is looked at after every event.
 *
 * <p>Which node is which matters only for the one that breaks ties, which leads too, unless the story says that another
 * leads: so of the splits that differ by the names of the others only one is told. {@code -Dsplits=all} tells those of
 * six nodes, too, and all again with another leader.
 */
class SplitsTest {
    private static final boolean ALL = "all".equals(System.getProperty("splits"));
    private static final Duration GOES_ON = Duration.ofSeconds(8);
    /**
     * Longer than any lease, with the delays of the last answers: a leader that is cut off with those who lose gives leases for
     * as long as its own lasts, and each lasts as long again. The others' leader waits for that.
     */
    private static final Duration PARKED = Duration.ofMillis(4_500);

    private static final Duration BACK = Duration.ofSeconds(30);

    /** Node 0 breaks ties. */
    record Split(int nodes, List<Set<Integer>> parts, boolean anotherLeads) {
        Optional<Set<Integer>> winner() {
            return parts.stream()
                    .filter(part -> part.size() * 2 > nodes || part.size() * 2 == nodes && part.contains(0))
                    .findFirst();
        }

        @Override
        public String toString() {
            return parts + (anotherLeads ? " another leads" : "");
        }
    }

    static Stream<Split> splits() {
        return IntStream.rangeClosed(2, ALL ? 6 : 5)
                .boxed()
                .flatMap(n -> shapes(n).stream())
                .flatMap(split -> ALL ? Stream.of(split, new Split(split.nodes, split.parts, true)) : Stream.of(split));
    }

    static Stream<Split> halves() {
        return splits().filter(split -> split.parts.size() == 2 && split.nodes <= (ALL ? 6 : 4));
    }

    /** One of each kind: how many nodes each part has, and in which one node 0 is. */
    private static List<Split> shapes(int nodes) {
        var shapes = new ArrayList<Split>();
        for (int first = 1; first < nodes; first++) {
            for (int second = 1; second <= nodes - first; second++) {
                int third = nodes - first - second;
                if (third == 0 || second <= third) {
                    var parts = new ArrayList<Set<Integer>>();
                    parts.add(range(0, first));
                    parts.add(range(first, first + second));
                    if (third > 0) {
                        parts.add(range(first + second, nodes));
                    }
                    shapes.add(new Split(nodes, List.copyOf(parts), false));
                }
            }
        }
        return shapes;
    }

    private static Set<Integer> range(int from, int to) {
        return new TreeSet<>(IntStream.range(from, to).boxed().toList());
    }

    @ParameterizedTest
    @MethodSource("splits")
    void onePartGoesOnAtMost(Split split) {
        var story = new Story(split);

        story.cluster.network().partition(split.parts.stream().map(story::hosts).toList());

        story.tell(split.winner(), "waits for a majority; missing [");
    }

    /** Nothing gets from one part to the other; the reverse does. */
    @ParameterizedTest
    @MethodSource("halves")
    void onePartGoesOnAtMostWhenOnlyOneDirectionIsCut(Split split) {
        var story = new Story(split);

        for (SimHost from : story.hosts(split.parts.get(0))) {
            story.hosts(split.parts.get(1))
                    .forEach(to -> story.cluster.network().cutOneWay(from, to));
        }

        // Those who hear all, and are not heard, may only know that nobody gives them a lease, or that they are put
        // out.
        story.tell(split.winner(), "waits ");
    }

    /** Those who are stopped still believe what they believed when they go on. */
    @ParameterizedTest
    @MethodSource("halves")
    void whoIsStoppedAndGoesOnHarmsNothing(Split split) {
        for (Set<Integer> stopped : split.parts) {
            var story = new Story(split);
            Set<Integer> others = split.parts.get(stopped == split.parts.get(0) ? 1 : 0);

            stopped.forEach(i -> story.cluster.node(i).pause());
            story.cluster.run(Duration.ofSeconds(12));

            if (split.winner().filter(others::equals).isPresent()) {
                others.forEach(i -> assertThat(story.guests.get(i).longestAndReset())
                        .as("longest at node %d", i)
                        .isLessThan(GOES_ON));
            } else {
                assertThat(story.leased(others)).isEmpty();
            }
            stopped.forEach(i -> story.cluster.node(i).resume());
            story.cluster.await("all to serve again", BACK, story.cluster::isServing);
            story.cluster.verify();
        }
    }

    /** A cluster with a guest at each node. */
    private static final class Story {
        private final Split split;
        private final SimCluster cluster;
        private final List<SimGuest> guests = new ArrayList<>();

        Story(Split split) {
            this.split = split;
            long seed = 3_000 + split.toString().hashCode() % 1_000;
            cluster = SimCluster.consensus(seed, split.nodes, SimNetwork.Weather.FAIR)
                    .format(Math.min(3, split.nodes));
            for (int i = 0; i < split.nodes; i++) {
                guests.add(cluster.guest("disk" + i, 1, i));
            }
            if (split.anotherLeads) {
                // For so long that another is elected, and not so long that the one that led is put out.
                cluster.network().partition(List.of(hosts(Set.of(0)), hosts(range(1, split.nodes))));
                cluster.run(Duration.ofMillis(2_900));
                cluster.network().heal();
                cluster.awaitServing();
            }
            cluster.load(1);
            cluster.run(Duration.ofSeconds(2));
            cluster.longestWaitAndReset();
        }

        List<SimHost> hosts(Set<Integer> part) {
            return part.stream().map(i -> cluster.node(i).host()).toList();
        }

        void tell(Optional<Set<Integer>> winner, String reason) {
            cluster.run(PARKED);
            Set<Integer> losers = range(0, split.nodes);
            winner.ifPresent(losers::removeAll);
            long[] answered = losers.stream().mapToLong(this::answered).toArray();
            cluster.run(Duration.ofSeconds(10));

            assertThat(losers.stream().mapToLong(this::answered).toArray())
                    .as("answered by those that have lost")
                    .isEqualTo(answered);
            assertThat(leased(range(0, split.nodes))).isEqualTo(winner.orElse(Set.of()));
            winner.ifPresent(part -> part.forEach(i -> assertThat(guests.get(i).longestAndReset())
                    .as("longest at node %d", i)
                    .isLessThan(GOES_ON)));
            for (int i : losers) {
                assertThat(cluster.node(i).status()).isEqualTo(ClusterStatus.ISOLATED);
                assertThat(cluster.node(i).logStatus().reason())
                        .as("what node %d says", i)
                        .startsWith(reason);
            }
            cluster.network().heal();
            cluster.await("all to serve again", BACK, cluster::isServing);
            cluster.verify();
        }

        private long answered(int node) {
            return guests.get(node).writes() + guests.get(node).reads();
        }

        Set<Integer> leased(Set<Integer> of) {
            var leased = new TreeSet<Integer>();
            of.stream().filter(i -> cluster.node(i).holdsLease()).forEach(leased::add);
            return leased;
        }
    }
}
