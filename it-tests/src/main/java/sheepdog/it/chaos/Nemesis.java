package sheepdog.it.chaos;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import sheepdog.it.process.Waiting;

/**
 * Lets faults happen, drawn from a seed: a pack of all of them is shuffled, and shuffled again when it is used up. At most one
 * host at a time is taken out, sometimes while another has it rough; or all are killed at once, and come back. So a majority
 * is there or comes back, each copy that counts comes back, and whatever goes wrong is a bug.
 *
 * <p>One thread.
 */
final class Nemesis {
    private static final Duration COMES_BACK = Duration.ofSeconds(60);
    private static final long[] LENGTHS_MILLIS = {300, 1_000, 3_000, 6_000, 10_000};

    private final Hosts hosts;
    private final Trouble trouble;
    private final StoryLog log;
    private final Waits waits;
    private final Random random;
    private final Optional<Integer> smallDisk;
    private final List<Fault> kinds;
    private final Consumer<Duration> pass;
    private final Set<Integer> members;
    private final Deque<Fault> pack = new ArrayDeque<>();
    private final Deque<Fault> roughPack = new ArrayDeque<>();
    private int faults;

    /**
     * A nemesis of sheep that run and serve.
     *
     * @param smallDisk the host whose disk can be filled
     * @param kinds     of those that take a host out
     * @param pass      lets time pass
     */
    Nemesis(
            Hosts hosts,
            Trouble trouble,
            StoryLog log,
            Waits waits,
            long seed,
            Optional<Integer> smallDisk,
            List<Fault> kinds,
            Consumer<Duration> pass) {
        this.hosts = hosts;
        this.trouble = trouble;
        this.log = log;
        this.waits = waits;
        random = new Random(seed);
        this.smallDisk = smallDisk;
        this.kinds = kinds;
        this.pass = pass;
        members = new TreeSet<>(hosts.running());
    }

    /** How many faults there were. */
    int faults() {
        return faults;
    }

    /** One fault that takes a host out, perhaps with another host that has it rough, and its end. */
    void strike() {
        Fault fault = draw(pack, kinds);
        boolean fillsDisk = fault == Fault.DISK_FULL || fault == Fault.FULL_RESTART;
        if (fault == Fault.JOIN && members.size() == hosts.all().size() || fillsDisk && smallDisk.isEmpty()) {
            return;
        }
        faults++;
        waits.longestAndReset();
        int victim = fillsDisk ? smallDisk.orElseThrow() : pick(members);
        Duration length = Duration.ofMillis(LENGTHS_MILLIS[random.nextInt(LENGTHS_MILLIS.length)]);
        try (var rough = new Afflictions(hosts)) {
            Optional<Integer> bearer = Optional.empty();
            if (random.nextInt(3) == 0) {
                bearer = Optional.of(pick(others(victim)));
                roughen(draw(roughPack, Fault.rough()), bearer.get(), rough);
            }
            strike(fault, victim, length);
            bearer.ifPresent(host -> {
                log.say("host %d has it easy again", host);
                trouble.end(host, Trouble.Kind.WAITS);
            });
        }
        if (fault == Fault.JOIN || fault == Fault.DISK_HANGS || members.size() > 3 || random.nextInt(10) < 7) {
            settle();
        }
        trouble.endAll();
        log.say(
                "longest wait through an untroubled gateway: %d ms",
                waits.longestAndReset().toMillis());
        pass.accept(Duration.ofMillis(random.nextInt(1_500)));
    }

    /** Waits until all members serve; those that their trouble ended are started again. */
    void settle() {
        Duration took = Waiting.timeUntil("all members to serve", COMES_BACK, () -> {
            reviveEnded();
            for (int host : members) {
                if (hosts.sheep(host).clusterStatus() != 0 || hosts.sheep(host).nodeCount() != members.size()) {
                    return false;
                }
            }
            return true;
        });
        log.say("%s serve after %d ms", members, took.toMillis());
        if (members.size() > 3) {
            Duration recovered = Waiting.timeUntil("recovery", COMES_BACK, () -> {
                reviveEnded();
                return hosts.haveRecovered();
            });
            log.say("recovered after %d ms", recovered.toMillis());
        }
    }

    /** Those that are in the cluster, or will be when they are back. */
    Set<Integer> members() {
        return Set.copyOf(members);
    }

    private void reviveEnded() {
        for (int host : members) {
            if (!hosts.isRunning(host)) {
                if (!trouble.wasIn(host, Trouble.Kind.ENDS, System.nanoTime())) {
                    log.error("the sheep of host %d ended by itself", host);
                }
                log.say("start host %d", host);
                hosts.launch(host);
            }
        }
    }

    private void strike(Fault fault, int victim, Duration length) {
        reviveEnded();
        log.say("%s host %d for %d ms", fault, victim, length.toMillis());
        switch (fault) {
            case KILL -> {
                trouble.begin(victim, Trouble.Kind.ENDS);
                hosts.sheep(victim).kill();
                comesBack(victim, length);
            }
            case LEAVE -> {
                trouble.begin(victim, Trouble.Kind.ENDS);
                hosts.sheep(victim).terminate();
                hosts.sheep(victim).awaitExit(COMES_BACK);
                comesBack(victim, length);
            }
            case NODE_KILL -> {
                trouble.begin(victim, Trouble.Kind.ENDS);
                if (!hosts.nodeKill(pick(members), victim)) {
                    log.say("host %d is not in the list", victim);
                    hosts.sheep(victim).terminate();
                }
                hosts.sheep(victim).awaitExit(COMES_BACK);
                comesBack(victim, length);
            }
            case PAUSE -> {
                trouble.begin(victim, Trouble.Kind.WAITS);
                hosts.sheep(victim).pause();
                pass.accept(length);
                log.say("host %d goes on", victim);
                hosts.sheep(victim).resume();
            }
            case CUT_OFF ->
                afflict(victim, length, Trouble.Kind.WAITS, with -> {
                    with.drop(victim, "");
                    with.dropFrom(victim, "");
                });
            case DEAF -> afflict(victim, length, Trouble.Kind.WAITS, with -> with.drop(victim, ""));
            case MUTE -> afflict(victim, length, Trouble.Kind.WAITS, with -> with.dropFrom(victim, ""));
            case CUT_PAIR -> {
                int other = pick(others(victim));
                log.say("the other is host %d", other);
                trouble.begin(other, Trouble.Kind.WAITS);
                afflict(victim, length, Trouble.Kind.WAITS, with -> {
                    with.drop(victim, "ip saddr " + Hosts.address(other));
                    with.drop(other, "ip saddr " + Hosts.address(victim));
                });
            }
            case CUT_TCP ->
                afflict(victim, length, Trouble.Kind.WAITS, with -> {
                    with.drop(victim, "meta l4proto tcp");
                    with.dropFrom(victim, "meta l4proto tcp");
                });
            case CUT_UDP ->
                afflict(victim, length, Trouble.Kind.WAITS, with -> {
                    with.drop(victim, "meta l4proto udp");
                    with.dropFrom(victim, "meta l4proto udp");
                });
            case DISK_HANGS ->
                afflict(
                        victim,
                        length,
                        Trouble.Kind.ENDS,
                        with -> with.inject(victim, "fsync,fdatasync", "delay_enter=20000000"));
            case SYNC_FAILS ->
                afflict(victim, length, Trouble.Kind.ENDS, with -> with.inject(victim, "fsync,fdatasync", "error=EIO"));
            case WRITE_FAILS ->
                afflict(victim, length, Trouble.Kind.ENDS, with -> with.inject(victim, "pwrite64", "error=EIO"));
            case DISK_FULL -> afflict(victim, length, Trouble.Kind.FULL, with -> with.fill(victim));
            case FULL_RESTART -> {
                trouble.begin(victim, Trouble.Kind.ENDS);
                afflict(victim, length, Trouble.Kind.FULL, with -> {
                    with.fill(victim);
                    hosts.sheep(victim).kill();
                    log.say("start host %d on its full disk", victim);
                    Duration took = hosts.start(victim);
                    log.say("host %d answers after %d ms", victim, took.toMillis());
                });
                if (!hosts.isRunning(victim)) {
                    log.error("the sheep of host %d, started on a full disk, ended", victim);
                }
            }
            case KILL_ALL -> {
                var order = new ArrayList<>(members);
                order.forEach(host -> trouble.begin(host, Trouble.Kind.ENDS));
                order.forEach(host -> hosts.sheep(host).kill());
                Collections.shuffle(order, random);
                order.forEach(host -> comesBack(host, Duration.ofMillis(random.nextInt(1_000))));
            }
            case JOIN -> {
                List<Integer> spare = hosts.all().stream()
                        .filter(host -> !members.contains(host))
                        .toList();
                for (int host : spare) {
                    log.say("host %d joins", host);
                    hosts.launch(host);
                    members.add(host);
                }
            }
            case LOSS, NO_MULTICAST, SLOW_NETWORK, SLOW_DISK -> throw new IllegalArgumentException(fault.name());
        }
    }

    private void roughen(Fault fault, int host, Afflictions with) {
        log.say("with %s at host %d", fault, host);
        trouble.begin(host, Trouble.Kind.WAITS);
        switch (fault) {
            case LOSS -> with.drop(host, "numgen random mod 100 < " + (1 + random.nextInt(10)));
            case NO_MULTICAST -> with.drop(host, "ip daddr 224.0.0.0/4");
            case SLOW_NETWORK -> with.rate(host, "20mbit");
            case SLOW_DISK -> with.inject(host, "fsync,fdatasync", "delay_enter=100000");
            default -> throw new IllegalArgumentException(fault.name());
        }
    }

    private void afflict(int victim, Duration length, Trouble.Kind kind, Consumer<Afflictions> what) {
        trouble.begin(victim, kind);
        try (var afflictions = new Afflictions(hosts)) {
            what.accept(afflictions);
            pass.accept(length);
            log.say("host %d heals", victim);
        }
    }

    private void comesBack(int host, Duration after) {
        pass.accept(after);
        log.say("start host %d", host);
        hosts.launch(host);
    }

    private Fault draw(Deque<Fault> from, List<Fault> all) {
        if (from.isEmpty()) {
            var shuffled = new ArrayList<>(all);
            Collections.shuffle(shuffled, random);
            from.addAll(shuffled);
        }
        return from.pop();
    }

    private Set<Integer> others(int host) {
        var others = new TreeSet<>(members);
        others.remove(host);
        return others;
    }

    private int pick(Set<Integer> from) {
        return List.copyOf(new TreeSet<>(from)).get(random.nextInt(from.size()));
    }
}
