package sheepdog.it.sim;

import java.time.Duration;
import java.util.List;
import java.util.random.RandomGenerator;
import sheepdog.membership.runtime.Pool;

/**
 * Faults at random, within a budget: never so many at once that a majority, or the last copy of an object, is lost for
 * good. So whatever goes wrong in a storm is a bug.
 *
 * <p>One node at a time is killed, stopped, cut off, slow, without power, or has a disk that hangs, fails, or is full for all but objects; sometimes
 * all lose their power together, or new ones join, several within a moment. Between two faults the cluster gets time to agree and, every other time, to recover.
 */
public final class SimStorm {
    private static final int NODES_MAX = 8;

    private final SimCluster cluster;
    private final RandomGenerator random;

    /** A storm over {@code cluster}, drawn from its seed. */
    public SimStorm(SimCluster cluster) {
        this.cluster = cluster;
        random = cluster.story();
    }

    private enum Fault {
        KILL,
        POWER,
        PAUSE,
        CUT_OFF,
        CUT_ONE_WAY,
        CUT_PAIR,
        RESET,
        SLOW,
        HANG,
        DISK_FAILS,
        FULL,
        LEAVE,
        JOIN,
        BLACKOUT
    }

    /** Lets {@code count} faults happen, one after the other. */
    public void blow(int count) {
        for (int i = 0; i < count; i++) {
            Fault fault = Fault.values()[random.nextInt(Fault.values().length)];
            SimNode victim = cluster.nodes().get(random.nextInt(cluster.nodes().size()));
            cluster.time().log("storm", fault + " " + victim);
            cluster.longestWaitAndReset();
            strike(fault, victim);
            cluster.awaitServing();
            cluster.run(Duration.ofSeconds(1));
            startThoseThatEnded();
            cluster.time()
                    .log(
                            "storm",
                            fault + " made requests wait "
                                    + cluster.longestWaitAndReset().toMillis() + " ms");
            if (random.nextBoolean()) {
                cluster.awaitRecovered();
            } else {
                cluster.run(Duration.ofMillis(random.nextLong(2_000)));
            }
        }
    }

    /** One whose disk hung long enough ends in the end, perhaps just when its disk goes on. */
    private void startThoseThatEnded() {
        var ended = cluster.nodes().stream().filter(node -> !node.isUp()).toList();
        ended.forEach(SimNode::start);
        if (!ended.isEmpty()) {
            cluster.awaitServing();
        }
    }

    private void strike(Fault fault, SimNode victim) {
        switch (fault) {
            case KILL -> {
                victim.kill();
                pass();
                victim.start();
            }
            case POWER -> {
                victim.losePower();
                pass();
                victim.start();
            }
            case PAUSE -> {
                victim.pause();
                pass();
                victim.resume();
            }
            case CUT_OFF -> {
                var others = cluster.nodes().stream()
                        .filter(node -> node != victim)
                        .map(SimNode::host)
                        .toList();
                cluster.network().partition(List.of(List.of(victim.host()), others));
                pass();
                cluster.network().heal();
            }
            case CUT_ONE_WAY -> {
                cluster.network().cutOneWay(victim.host(), other(victim).host());
                pass();
                cluster.network().heal();
            }
            case CUT_PAIR -> {
                cluster.network().cut(victim.host(), other(victim).host());
                pass();
                cluster.network().heal();
            }
            case RESET -> {
                cluster.network().reset(victim.host(), other(victim).host());
                pass();
            }
            case SLOW -> {
                victim.loop().slow(Duration.ofMillis(random.nextLong(200)));
                pass();
                victim.loop().slow(Duration.ZERO);
            }
            case HANG -> {
                victim.loop().hang(Pool.STORE);
                pass();
                if (victim.isUp()) {
                    victim.loop().unhang(Pool.STORE);
                }
            }
            case DISK_FAILS -> {
                victim.store().fails(random.nextBoolean() ? SimStore.Failure.WRITE : SimStore.Failure.SYNC);
                pass();
                if (victim.isUp()) {
                    victim.kill(); // It had nothing to write, or has not left yet.
                }
                victim.store().heals();
                victim.start();
            }
            case FULL -> {
                victim.directory().full(true);
                pass();
                if (random.nextInt(3) == 0) {
                    SimNode other = other(victim); // So that there is something to write down.
                    other.kill();
                    pass();
                    other.start();
                    pass();
                }
                victim.directory().full(false);
            }
            case LEAVE -> {
                victim.leave();
                cluster.await("the end of " + victim, () -> !victim.isUp());
                pass();
                victim.start();
            }
            case JOIN -> {
                int joining = Math.min(
                        random.nextInt(1, 4), NODES_MAX - cluster.nodes().size());
                for (int i = 0; i < joining; i++) {
                    cluster.addNode(false);
                    cluster.run(Duration.ofMillis(random.nextInt(500)));
                }
            }
            case BLACKOUT -> {
                cluster.nodes().forEach(SimNode::losePower);
                cluster.run(Duration.ofMillis(random.nextLong(5_000)));
                cluster.nodes().forEach(node -> {
                    cluster.run(Duration.ofMillis(random.nextLong(1_000)));
                    node.start();
                });
            }
        }
    }

    private SimNode other(SimNode victim) {
        var others = cluster.nodes().stream().filter(node -> node != victim).toList();
        return others.get(random.nextInt(others.size()));
    }

    /** Mostly a moment or two, sometimes long enough for an epoch without the victim. */
    private void pass() {
        long millis = random.nextInt(3) == 0 ? random.nextLong(500) : random.nextLong(10_000);
        cluster.run(Duration.ofMillis(millis));
    }
}
