package sheepdog.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * I13, over the production log: three nodes end in every way, with data written in between, and are started in every order.
 * As soon as a majority of the last epoch's voters is there they serve, nothing is lost and nothing older is read.
 */
class RestartStoriesTest {
    private static final Duration RESUMES = Duration.ofSeconds(10);

    private static final List<List<Integer>> ORDERS = List.of(
            List.of(0, 1, 2), List.of(0, 2, 1), List.of(1, 0, 2), List.of(1, 2, 0), List.of(2, 0, 1), List.of(2, 1, 0));

    /** How the nodes end. */
    private enum End {
        /** All at once by kill -9. */
        KILLED {
            @Override
            void come(SimCluster cluster, SimGuest guest) {
                cluster.nodes().forEach(SimNode::kill);
            }
        },
        /** All at once without power. */
        POWERLESS {
            @Override
            void come(SimCluster cluster, SimGuest guest) {
                cluster.nodes().forEach(SimNode::losePower);
            }
        },
        /** By one command. */
        SHUT_DOWN {
            @Override
            void come(SimCluster cluster, SimGuest guest) {
                cluster.settle();
                cluster.shutdown();
            }
        },
        /** One after the other leaves, so that each knows of less than the next. */
        LEFT {
            @Override
            void come(SimCluster cluster, SimGuest guest) {
                for (SimNode node : cluster.nodes()) {
                    node.leave();
                    cluster.await("the end of " + node, () -> !node.isUp());
                    goOn(cluster, guest, node);
                }
            }
        },
        /** One is killed, and the cluster goes on; another loses its power; the last leaves. */
        ONE_BY_ONE {
            @Override
            void come(SimCluster cluster, SimGuest guest) {
                cluster.node(2).kill();
                goOn(cluster, guest, cluster.node(2));
                cluster.node(1).losePower();
                cluster.run(Duration.ofSeconds(6));
                cluster.node(0).leave();
                cluster.await("the end of n1", () -> !cluster.node(0).isUp());
            }
        },
        /** One leaves, and the others are killed after they went on. */
        LEFT_AND_KILLED {
            @Override
            void come(SimCluster cluster, SimGuest guest) {
                cluster.node(0).leave();
                cluster.await("the end of n1", () -> !cluster.node(0).isUp());
                goOn(cluster, guest, cluster.node(0));
                cluster.node(1).kill();
                cluster.node(2).losePower();
            }
        };

        abstract void come(SimCluster cluster, SimGuest guest);

        /** What is written now is not on the node that has ended. */
        private static void goOn(SimCluster cluster, SimGuest guest, SimNode without) {
            cluster.nodes().stream()
                    .filter(SimNode::isUp)
                    .findFirst()
                    .ifPresent(other -> guest.client().moveTo(other.id()));
            cluster.run(Duration.ofSeconds(5));
        }
    }

    @Test
    void allAreKilled() {
        startedInEveryOrder(End.KILLED);
    }

    @Test
    void allLoseTheirPower() {
        startedInEveryOrder(End.POWERLESS);
    }

    @Test
    void theClusterIsShutDown() {
        startedInEveryOrder(End.SHUT_DOWN);
    }

    @Test
    void oneAfterTheOtherLeaves() {
        startedInEveryOrder(End.LEFT);
    }

    @Test
    void oneAfterTheOtherEndsInAnotherWay() {
        startedInEveryOrder(End.ONE_BY_ONE);
    }

    @Test
    void oneLeavesAndTheOthersDie() {
        startedInEveryOrder(End.LEFT_AND_KILLED);
    }

    private static void startedInEveryOrder(End end) {
        for (int i = 0; i < ORDERS.size(); i++) {
            var cluster = formatted(700 + 10 * end.ordinal() + i, 3);
            var guest = cluster.guest("monkey", 4, i % 3);
            cluster.load(4);
            cluster.run(Duration.ofSeconds(4));
            end.come(cluster, guest);
            cluster.run(Duration.ofSeconds(3));
            assertThat(cluster.nodes()).noneMatch(SimNode::isUp);
            cluster.load(4);

            for (int number : ORDERS.get(i)) {
                // Those that are to decide may be the last ones to come: nobody gives up before.
                assertThat(cluster.nodes().stream().filter(SimNode::isUp).toList())
                        .as("%s %s", end, ORDERS.get(i))
                        .hasSize(ORDERS.get(i).indexOf(number));
                cluster.node(number).start();
                cluster.run(Duration.ofSeconds(7));
            }
            cluster.await("service to resume", RESUMES.minusSeconds(7), cluster::isServing);

            cluster.run(Duration.ofSeconds(3));
            cluster.verify();
        }
    }

    @Test
    void whoLosesItsPowerRightAfterAnEpochBeginsWithThatEpoch() {
        for (int i = 0; i < 3; i++) {
            var cluster = formatted(790 + i, 3);
            SimNode left = cluster.node((i + 1) % 3);
            var next = left.epoch().next();
            cluster.node(i).kill();
            cluster.await("the epoch without it", () -> left.epoch().equals(next));
            left.losePower();
            cluster.node((i + 2) % 3).losePower();
            cluster.run(Duration.ofSeconds(1));

            left.start();
            cluster.run(Duration.ofSeconds(3));

            assertThat(left.holdsLease()).as("it is alone").isFalse();
            assertThat(left.epoch()).isEqualTo(next);
            cluster.verify();
        }
    }

    @Test
    void majorityOfTheLastEpochSuffices() {
        for (int absent = 0; absent < 3; absent++) {
            var cluster = formatted(800 + absent, 3);
            var guest = cluster.guest("monkey", 4, 0);
            cluster.load(4);
            cluster.run(Duration.ofSeconds(4));
            cluster.nodes().forEach(SimNode::losePower);
            cluster.run(Duration.ofSeconds(2));
            long before = guest.writes();

            for (int i = 0; i < 3; i++) {
                if (i != absent) {
                    cluster.node(i).start();
                }
            }

            cluster.await("two of three to serve", RESUMES, cluster::isServing);
            guest.client().moveTo(cluster.node((absent + 1) % 3).id());
            cluster.await("writes", RESUMES, () -> guest.writes() > before + 20);
            cluster.verify();
        }
    }

    @Test
    void oldCopyOfADirectoryIsRefusedAndAnEmptyOneTakesItsPlace() {
        for (int i = 0; i < 3; i++) {
            var cluster = formatted(900 + i, 3);
            cluster.guest("monkey", 4, 0);
            cluster.load(4);
            cluster.run(Duration.ofSeconds(4));
            SimNode node = cluster.node(i);
            SimDirectory backup = node.directory().copy();
            node.kill();
            cluster.run(Duration.ofSeconds(1));
            node.start();
            cluster.awaitRecovered();
            cluster.run(Duration.ofSeconds(3));
            cluster.nodes().forEach(SimNode::kill);
            node.put(backup);

            cluster.nodes().forEach(SimNode::start);
            cluster.await("the old copy to be refused", () -> !node.isUp());
            assertThat(node.end()).contains("old copy of store");
            cluster.await("the others to serve", RESUMES, cluster::isServing);
            for (int again = 0; again < 3; again++) {
                node.start();
                cluster.await("the old copy to be refused again", () -> !node.isUp());
            }
            node.wipe();

            cluster.verify();
        }
    }

    @Test
    void oldCopyThatComesAfterAnEpochWithoutItIsRefused() {
        var cluster = formatted(910, 3);
        var guest = cluster.guest("monkey", 4, 0);
        cluster.load(4);
        cluster.run(Duration.ofSeconds(4));
        SimNode node = cluster.node(2);
        SimDirectory backup = node.directory().copy();
        node.kill();
        cluster.run(Duration.ofSeconds(1));
        node.start();
        cluster.awaitRecovered();
        cluster.run(Duration.ofSeconds(3));
        node.losePower();
        cluster.await(
                "an epoch without it",
                () -> cluster.node(0).look(w -> w.cluster().nodes().size()) == 2);
        node.put(backup);
        cluster.run(Duration.ofSeconds(2));
        guest.longestAndReset();

        node.start();
        cluster.await("the old copy to be refused", () -> !node.isUp());
        cluster.run(Duration.ofSeconds(5));

        assertThat(node.end()).contains("old copy of store");
        assertThat(guest.longestAndReset()).isLessThan(Duration.ofSeconds(1));
        node.wipe();
        cluster.verify();
    }

    @Test
    void directoriesThatAreSwappedServeUnderTheirNewAddresses() {
        for (int i = 0; i < 4; i++) {
            var cluster = formatted(920 + i, 3);
            cluster.guest("monkey", 4, i % 3);
            cluster.load(4);
            cluster.run(Duration.ofSeconds(4));
            SimNode one = cluster.node(0);
            SimNode two = cluster.node(1 + i % 2);
            if (i < 2) {
                cluster.nodes().forEach(SimNode::losePower);
            } else {
                one.kill();
                cluster.run(Duration.ofSeconds(6));
                two.kill();
            }
            SimDirectory ofOne = one.directory();
            one.put(two.directory());
            two.put(ofOne);

            cluster.nodes().stream().filter(node -> !node.isUp()).forEach(SimNode::start);

            cluster.await("all to serve", RESUMES, cluster::isServing);
            cluster.verify();
        }
    }

    @Test
    void storesThatAllGetOtherAddressesKeepWhatTheyHave() {
        var cluster = formatted(935, 3);
        cluster.guest("monkey", 4, 0);
        cluster.load(4);
        cluster.run(Duration.ofSeconds(4));
        cluster.settle();
        cluster.shutdown();
        var directories = cluster.nodes().stream().map(SimNode::directory).toList();
        var before = directories.stream().map(SimDirectory::store).toList();

        for (int i = 0; i < 3; i++) {
            cluster.node(i).put(directories.get((i + 1) % 3));
            cluster.node(i).start();
        }
        cluster.run(Duration.ofMillis(100)); // Each alone with what it knows.
        assertThat(before).allSatisfy(store -> assertThat(store.oids()).isNotEmpty());

        cluster.await("all to serve", RESUMES, cluster::isServing);
        cluster.verify();
    }

    @Test
    void directoryThatMovesToANewHostServesThere() {
        var cluster = formatted(930, 3);
        cluster.guest("monkey", 4, 0);
        cluster.load(4);
        cluster.run(Duration.ofSeconds(4));
        SimNode old = cluster.node(2);
        old.kill();
        SimNode host = cluster.addNode(false);
        cluster.run(Duration.ofSeconds(1));
        host.kill();
        host.put(old.directory());
        old.wipe();

        host.start();

        cluster.await("the store to serve at its new address", RESUMES, cluster::isServing);
        cluster.verify();
        assertThat(host.store().oids()).isNotEmpty();
    }

    @Test
    void nodeOfAnotherClusterIsRefusedAndHarmsNobody() {
        for (int i = 0; i < 3; i++) {
            var cluster = formatted(940 + i, 3);
            cluster.guest("monkey", 4, 0);
            cluster.load(4);
            cluster.run(Duration.ofSeconds(4));
            var elsewhere = formatted(950 + i, 3);
            SimNode lost = elsewhere.node(1);
            lost.kill();
            SimNode node = cluster.node(i);
            SimDirectory own = node.directory();
            node.kill();
            node.put(lost.directory());

            node.start();
            cluster.await("the stranger to be refused", () -> !node.isUp());

            assertThat(node.end()).contains("belongs to cluster");
            node.put(own);
            cluster.verify();
        }
    }

    private static SimCluster formatted(long seed, int nodes) {
        return SimCluster.consensus(seed, nodes, SimNetwork.Weather.FAIR).format(nodes);
    }
}
