package sheepdog.it.sim;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import sheepdog.membership.runtime.Pool;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.NodeId;

/**
 * Tells one {@link Story}: guests use their disks, faults come and go, some at the same time; then all is undone and what
 * must hold is checked. Whatever goes wrong is a bug: faults wait where no cluster could bear them.
 *
 * <p>Where the promises name a time, a fault that happens alone is also held to it (I13, I14).
 */
public final class StoryTelling {
    private static final int LOAD = 3;
    private static final Duration THINKS = Duration.ofMillis(45);
    private static final int ANY = 1 << 20;
    private static final int GUESTS_MAX = 4;
    private static final Duration SUPERVISED = Duration.ofMillis(700);
    private static final Duration REPAIRED = Duration.ofSeconds(1);

    /** A sheep whose disk failed serves as before until it has told the others, and ends. */
    private static final Duration LEAVES = Duration.ofSeconds(2);

    /** For so long a fault that is aimed waits until its victim is in the middle of something, and then so much longer. */
    private static final Duration AIMED = Duration.ofMillis(300);

    private static final long AIMED_NANOS_MAX = 1_500_000;

    private static final Duration AT_ONCE = Duration.ofMillis(200);
    private static final Duration READ = Duration.ofSeconds(60);
    private static final Duration CALM_LIMIT = Duration.ofMinutes(3);

    /** I13. */
    private static final Duration RESUMES = Duration.ofSeconds(10);

    /** I14: how long a client that uses another gateway may wait. */
    private static final Map<SimFault, Duration> STAYS_UP = Map.of(
            SimFault.KILL, Duration.ofSeconds(3),
            SimFault.PAUSE, Duration.ofSeconds(8),
            SimFault.CUT_OFF, Duration.ofSeconds(8),
            SimFault.HANG, Duration.ofSeconds(8),
            SimFault.LEAVE, Duration.ofMillis(500));

    private final Story story;
    private final SimCluster cluster;
    private final RandomGenerator random;
    private final SimNetwork.Weather weather;
    private final Figures figures = new Figures();
    private final List<Active> active = new ArrayList<>();
    private final Set<SimNode> heldDown = new HashSet<>();
    private final Set<SimNode> leaving = new HashSet<>();
    private final List<Kept> snapshots = new ArrayList<>();
    private int clones;
    private int snapshotsAsked;
    private boolean diskFailed;

    /** A fault that is to be undone. */
    private record Active(long endNanos, SimFault fault, Runnable undo) {}

    /** A snapshot to be looked at in the end. */
    private record Kept(SimGuest guest, SimGuest.Frozen snapshot) {}

    private StoryTelling(Story story) {
        this.story = story;
        weather = story.rough() ? SimNetwork.Weather.ROUGH : SimNetwork.Weather.FAIR;
        cluster = switch (story.log()) {
            case CONSENSUS -> SimCluster.consensus(story.seed(), story.nodes(), story.zones(), weather);
            case IDEAL -> SimCluster.ideal(story.seed(), story.nodes(), story.zones(), weather);
        };
        random = cluster.story();
    }

    /**
     * Tells it to the end.
     *
     * @throws AssertionError if something did not hold; the message has the story, the seed and the last events
     */
    public static Figures tell(Story story) {
        var telling = new StoryTelling(story);
        try {
            telling.run();
        } catch (AssertionError | RuntimeException wrong) {
            throw new AssertionError(
                    wrong.getMessage() + "\nthe same again: it-tests/sim/run story '" + story + "'", wrong);
        }
        return telling.figures;
    }

    private void run() {
        cluster.format(story.copies());
        cluster.guest("monkey", 3, 0);
        cluster.guest("donkey", 2, 1);
        if (fillsUp()) {
            cluster.guests().forEach(SimGuest::bearsNoSpace);
        }
        cluster.guests().forEach(StoryTelling::isUsedAtEase);
        cluster.load(LOAD);
        for (Story.Step step : story.steps()) {
            passUntil(cluster.time().nowNanos() + step.gapMillis() * 1_000_000L);
            if (step.calm() || step.fault().happensAlone()) {
                calm();
            }
            Optional<Duration> promised = step.calm() && active.isEmpty() ? promised(step) : Optional.empty();
            if (promised.isPresent()) {
                heldToIts(promised.get(), step);
            } else {
                begin(step);
            }
            if (step.fault().happensAlone()) {
                passUntil(cluster.time().nowNanos() + step.lastsMillis() * 1_000_000L);
                calm();
            }
        }
        while (!active.isEmpty()) {
            passUntil(active.stream().mapToLong(Active::endNanos).min().orElseThrow());
        }
        calm();
        cluster.guests().forEach(this::keepSnapshots);
        cluster.guests().forEach(guest -> {
            if (random.nextBoolean()) {
                guest.client().moveTo(node(random.nextInt(ANY)).id()); // What was written is there for all gateways.
            }
        });
        cluster.verify();
        verifySnapshots();
        long operations = cluster.guests().stream()
                .mapToLong(guest -> guest.reads() + guest.writes())
                .sum();
        figures.story(cluster.node(0).epoch().number(), cluster.time().eventsRun(), operations);
    }

    /** I11: whatever is wrong with the copies there is found, and made good by the others'. */
    private void readThrough(SimNode node) {
        cluster.settle();
        cluster.guests().forEach(this::keepSnapshots);
        for (SimGuest guest : cluster.guests()) {
            guest.client().moveTo(node.id());
            cluster.explained(() -> guest.verify(READ));
        }
        snapshots.forEach(kept -> kept.guest.client().moveTo(node.id()));
        verifySnapshots();
        cluster.run(REPAIRED);
    }

    /** I8. */
    private void verifySnapshots() {
        for (Kept kept : snapshots) {
            if (kept.guest.snapshots().contains(kept.snapshot)) {
                cluster.explained(() -> kept.guest.verify(kept.snapshot, READ));
            }
        }
    }

    private boolean fillsUp() {
        return story.steps().stream().anyMatch(step -> step.fault() == SimFault.FULL);
    }

    private SimNode node(int number) {
        return cluster.nodes().get(number % cluster.nodes().size());
    }

    private SimGuest guest(int number) {
        return cluster.guests().get(number % cluster.guests().size());
    }

    /** A node from that number on that does not wait to be formatted, as one does that has only just been started for the first time. */
    private int formatted(int number) {
        return IntStream.range(number, number + cluster.nodes().size())
                .filter(i -> isFormatted(node(i)))
                .findFirst()
                .orElse(number);
    }

    private static boolean isFormatted(SimNode node) {
        return !node.isAwake() || node.look(w -> w.cluster().view().isPresent());
    }

    /** Another node than {@code victim}, if there is one. */
    private Optional<SimNode> other(SimNode victim, int number) {
        var others = cluster.nodes().stream().filter(node -> node != victim).toList();
        return others.isEmpty() ? Optional.empty() : Optional.of(others.get(number % others.size()));
    }

    /** Lets time pass; faults end, and sheep that ended by themselves are started. */
    private void passUntil(long end) {
        while (cluster.time().nowNanos() < end) {
            long next = Math.min(end, cluster.time().nowNanos() + SUPERVISED.toNanos());
            for (Active one : active) {
                next = Math.min(next, Math.max(one.endNanos, cluster.time().nowNanos()));
            }
            cluster.run(Duration.ofNanos(next - cluster.time().nowNanos()));
            endThoseDue();
            startThoseThatEnded();
        }
        endThoseDue();
    }

    private void endThoseDue() {
        var due = active.stream()
                .filter(one -> one.endNanos <= cluster.time().nowNanos())
                .sorted(Comparator.comparingLong(Active::endNanos))
                .toList();
        due.forEach(this::end);
    }

    private void end(Active one) {
        if (active.remove(one)) {
            cluster.time().log("story", one.fault + " is over");
            cluster.explained(one.undo);
        }
    }

    private void startThoseThatEnded() {
        for (SimNode node : cluster.nodes()) {
            if (!node.isUp()) {
                leaving.remove(node);
                if (!heldDown.contains(node)) {
                    cluster.explained(node::start);
                }
            }
        }
    }

    /** Ends all faults and waits until all nodes serve and have recovered. */
    private void calm() {
        List.copyOf(active).forEach(this::end);
        startThoseThatEnded();
        cluster.time().log("story", "calm");
        awaitSupervised("those that leave to be gone", CALM_LIMIT, leaving::isEmpty);
        if (!story.rough() && story.log() == Story.Log.CONSENSUS) {
            awaitSupervised("somebody to serve, 10 s after all are well (I13)", RESUMES, cluster::isAnyoneServing);
        }
        awaitSupervised("all to serve and to have recovered", CALM_LIMIT, cluster::isRecovered);
        while (diskFailed) {
            passUntil(cluster.time().nowNanos() + LEAVES.toNanos());
            diskFailed = !cluster.isRecovered();
            awaitSupervised("all to serve and to have recovered", CALM_LIMIT, cluster::isRecovered);
        }
    }

    private void awaitSupervised(String what, Duration limit, BooleanSupplier condition) {
        long end = cluster.time().nowNanos() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            cluster.explained(
                    () -> Invariant.check(cluster.time().nowNanos() < end, "waited %s in vain for %s", limit, what));
            cluster.run(Duration.ofMillis(100));
            startThoseThatEnded();
        }
    }

    /** How long clients may wait if the step is alone; nothing if no promise is made for this cluster. */
    private Optional<Duration> promised(Story.Step step) {
        boolean healthy =
                !story.rough() && story.log() == Story.Log.CONSENSUS && canLoseOne() && story.zones() == story.nodes();
        return healthy ? Optional.ofNullable(STAYS_UP.get(step.fault())) : Optional.empty();
    }

    /** I14. */
    private void heldToIts(Duration promised, Story.Step step) {
        SimNode victim = node(step.victim());
        passUntil(cluster.time().nowNanos() + 1_000_000_000L);
        var others = cluster.guests().stream()
                .filter(guest -> !guest.client().gateway().equals(victim.id()))
                .toList();
        // What an earlier fault holds up is none of this one's doing.
        awaitSupervised(
                "requests of before to be answered",
                CALM_LIMIT,
                () -> others.stream().allMatch(guest -> guest.oldest().compareTo(AT_ONCE) < 0));
        others.forEach(SimGuest::longestAndReset);
        begin(step);
        passUntil(cluster.time().nowNanos() + step.lastsMillis() * 1_000_000L);
        for (SimGuest guest : others) {
            Duration waited = guest.longestAndReset();
            cluster.explained(() -> Invariant.check(
                    waited.compareTo(promised) <= 0,
                    "%s waited %s when %s befell %s; promised are %s (I14)",
                    guest.client(),
                    waited,
                    step.fault(),
                    victim,
                    promised));
        }
    }

    private void begin(Story.Step step) {
        SimNode victim = node(step.victim());
        cluster.time().log("story", step + " befalls " + victim);
        cluster.explained(() -> {
            if (befall(step, victim)) {
                figures.fault(step.fault());
            }
        });
    }

    private void until(Story.Step step, Runnable undo) {
        active.add(new Active(cluster.time().nowNanos() + step.lastsMillis() * 1_000_000L, step.fault(), undo));
    }

    /** @return whether it could happen */
    private boolean befall(Story.Step step, SimNode victim) {
        return switch (step.fault()) {
            case KILL, POWER, LEAVE -> ends(step, victim);
            case PAUSE -> pauses(step, victim);
            case BLACKOUT -> blackout(step);
            case CUT_OFF -> cut(step, everyLinkOf(victim, true, true));
            case DEAF -> cut(step, everyLinkOf(victim, false, true));
            case MUTE -> cut(step, everyLinkOf(victim, true, false));
            case CUT_ONE_WAY, CUT_PAIR, CUT_TCP, CUT_UDP, RESET -> between(step, victim);
            case HALVES, BRIDGE -> cut(step, parted(step, victim));
            case LATE, ROUGH -> weather(step);
            case SLOW_DISK, HANG, HANG_LOG -> slow(step, victim);
            case WRITE_FAILS, SYNC_FAILS, READ_FAILS, READ_FAILS_ONCE, FAILS_ONCE, LOG_FAILS, FULL, LOG_FULL ->
                disk(step, victim);
            case WIPE, OLD_COPY -> loses(step, victim);
            case ROT -> rots(step, victim);
            case CLOCK -> {
                long seconds = (step.detail() % 2 == 0 ? 1 : -1) * (step.detail() * 997L);
                victim.wallClock(Duration.ofSeconds(seconds));
                until(step, () -> victim.wallClock(Duration.ZERO));
                yield true;
            }
            case RUMOURS -> {
                cluster.network().rumour(victim.host(), random);
                yield true;
            }
            case JOIN -> joins(step);
            case HOST_DIES -> hostDies(step);
            case MOVE, TWO_WAYS, OWNER_SLEEPS, GUEST_DIES, SNAPSHOT, CLONE, DELETE, DISCARD -> guestDoes(step);
        };
    }

    private boolean ends(Story.Step step, SimNode victim) {
        if (!victim.isUp() || heldDown.contains(victim)) {
            return false;
        }
        if (step.detail() % 2 == 0) {
            aim(victim);
        }
        switch (step.fault()) {
            case KILL -> victim.kill();
            case POWER -> victim.losePower();
            case LEAVE -> {
                leaving.add(victim);
                victim.leave();
            }
            default -> throw new AssertionError(step.fault());
        }
        heldDown.add(victim);
        until(step, () -> comesBack(victim));
        return true;
    }

    /** Waits until a guest has something under way by that gateway. */
    private void aim(SimNode victim) {
        cluster.time()
                .runUntil(
                        () -> cluster.guests().stream()
                                .anyMatch(guest -> guest.underWay() > 1
                                        && guest.client().gateway().equals(victim.id())),
                        AIMED);
        cluster.run(Duration.ofNanos(random.nextLong(AIMED_NANOS_MAX)));
    }

    private boolean hostDies(Story.Step step) {
        NodeId gateway = guest(step.victim()).client().gateway();
        SimNode host = cluster.nodes().stream()
                .filter(node -> node.id().equals(gateway))
                .findFirst()
                .orElseThrow();
        if (!host.isUp() || heldDown.contains(host)) {
            return false;
        }
        aim(host);
        host.losePower();
        diesWith(List.of(host), step.detail());
        heldDown.add(host);
        until(step, () -> comesBack(host));
        return true;
    }

    /** The guests that run where their gateways do end with them. */
    private void diesWith(List<SimNode> hosts, int elsewhere) {
        for (SimGuest guest : cluster.guests()) {
            if (hosts.stream().anyMatch(host -> host.id().equals(guest.client().gateway()))) {
                guest.crash();
                guest.client().moveTo(node(elsewhere).id());
            }
        }
    }

    private void comesBack(SimNode node) {
        heldDown.remove(node);
        if (!node.isUp()) {
            leaving.remove(node);
            node.start();
        }
    }

    private boolean pauses(Story.Step step, SimNode victim) {
        if (!victim.isAwake()) {
            return false;
        }
        SimLoop process = victim.loop();
        victim.pause();
        until(step, () -> {
            if (process.alive()) {
                victim.resume();
            }
        });
        return true;
    }

    private boolean blackout(Story.Step step) {
        var struck = cluster.nodes().stream()
                .filter(node -> node.isUp() && !heldDown.contains(node))
                .toList();
        if (step.detail() % 2 == 0 && !struck.isEmpty()) {
            aim(struck.get(step.victim() % struck.size()));
        }
        struck.forEach(SimNode::losePower);
        if (step.detail() % 4 < 2) {
            diesWith(struck, step.victim());
        }
        heldDown.addAll(struck);
        long later = step.lastsMillis() * 1_000_000L;
        for (SimNode node : struck) {
            active.add(new Active(cluster.time().nowNanos() + later, step.fault(), () -> comesBack(node)));
            later += random.nextLong(1_000_000_000L);
        }
        return true;
    }

    /** A direction of a link between two nodes. */
    private record Way(SimHost from, SimHost to) {}

    private List<Way> everyLinkOf(SimNode victim, boolean out, boolean in) {
        var ways = new ArrayList<Way>();
        for (SimNode node : cluster.nodes()) {
            if (node != victim && out) {
                ways.add(new Way(victim.host(), node.host()));
            }
            if (node != victim && in) {
                ways.add(new Way(node.host(), victim.host()));
            }
        }
        return ways;
    }

    /** Which nodes are on which side is the detail's bits; the victim of a BRIDGE is on both. */
    private List<Way> parted(Story.Step step, SimNode victim) {
        var ways = new ArrayList<Way>();
        for (int a = 0; a < cluster.nodes().size(); a++) {
            for (int b = 0; b < cluster.nodes().size(); b++) {
                boolean bridged = step.fault() == SimFault.BRIDGE && (node(a) == victim || node(b) == victim);
                if ((step.detail() >> a & 1) != (step.detail() >> b & 1) && !bridged) {
                    ways.add(new Way(node(a).host(), node(b).host()));
                }
            }
        }
        return ways;
    }

    private boolean cut(Story.Step step, List<Way> ways) {
        ways.forEach(way -> cluster.network().cutOneWay(way.from, way.to));
        until(step, () -> ways.forEach(way -> cluster.network().healOneWay(way.from, way.to)));
        return !ways.isEmpty();
    }

    private boolean between(Story.Step step, SimNode victim) {
        Optional<SimNode> second = other(victim, step.detail());
        if (second.isEmpty()) {
            return false;
        }
        SimHost a = victim.host();
        SimHost b = second.get().host();
        if (step.fault() == SimFault.RESET) {
            cluster.network().reset(a, b);
            return true;
        }
        if (step.fault() == SimFault.CUT_TCP || step.fault() == SimFault.CUT_UDP) {
            if (step.fault() == SimFault.CUT_TCP) {
                cluster.network().cutStreams(a, b);
            } else {
                cluster.network().cutDatagrams(a, b);
            }
            until(step, () -> cluster.network().heal(a, b));
            return true;
        }
        return cut(
                step,
                step.fault() == SimFault.CUT_ONE_WAY ? List.of(new Way(a, b)) : List.of(new Way(a, b), new Way(b, a)));
    }

    private boolean weather(Story.Step step) {
        var rough = SimNetwork.Weather.ROUGH;
        cluster.network()
                .weather(
                        step.fault() == SimFault.ROUGH
                                ? rough
                                : new SimNetwork.Weather(
                                        weather.delayMin(),
                                        Duration.ofMillis(10 + step.detail() % 100),
                                        weather.lostPerMille(),
                                        rough.doubledPerMille(),
                                        100,
                                        weather.suspectedPerMillion(),
                                        weather.missedPerMille(),
                                        weather.patience()));
        until(step, () -> cluster.network().weather(weather));
        return true;
    }

    private boolean slow(Story.Step step, SimNode victim) {
        if (!victim.isUp()) {
            return false;
        }
        SimLoop process = victim.loop();
        switch (step.fault()) {
            case SLOW_DISK -> {
                process.slow(Duration.ofMillis(step.detail() % 300));
                until(step, () -> process.slow(Duration.ZERO));
            }
            case HANG -> hang(step, process, Pool.STORE);
            case HANG_LOG -> hang(step, process, Pool.LOG);
            default -> throw new AssertionError(step.fault());
        }
        return true;
    }

    private void hang(Story.Step step, SimLoop process, Pool pool) {
        process.hang(pool);
        until(step, () -> {
            if (process.alive()) {
                process.unhang(pool);
            }
        });
    }

    private boolean disk(Story.Step step, SimNode victim) {
        if (step.fault().happensAlone() && !isHeldTwice()) {
            return false; // Without another copy an error is the truth.
        }
        SimDirectory directory = victim.directory();
        switch (step.fault()) {
            case WRITE_FAILS -> directory.store().fails(SimStore.Failure.WRITE);
            case SYNC_FAILS -> directory.store().fails(SimStore.Failure.SYNC);
            case READ_FAILS_ONCE -> directory.store().failsOnce(SimStore.Failure.READ, step.detail() / 8);
            case READ_FAILS -> directory.store().fails(SimStore.Failure.READ);
            case FAILS_ONCE ->
                directory
                        .store()
                        .failsOnce(
                                step.detail() % 2 == 0 ? SimStore.Failure.WRITE : SimStore.Failure.SYNC,
                                step.detail() / 8);
            case LOG_FAILS -> directory.log().fail();
            case LOG_FULL -> directory.full(true);
            case FULL -> directory.store().fillsUp((step.detail() % 400L) << 10);
            default -> throw new AssertionError(step.fault());
        }
        until(step, () -> {
            directory.full(false);
            directory.store().heals();
            directory.log().heal();
        });
        diskFailed = true;
        return true;
    }

    /** Whether there is another copy of everything. */
    private boolean isHeldTwice() {
        return Math.min(story.zones(), story.copies()) >= 2;
    }

    /** Whether the others have everything that is on one node, and can decide without it. */
    private boolean canLoseOne() {
        return story.nodes() >= 3 && isHeldTwice();
    }

    private boolean loses(Story.Step step, SimNode victim) {
        boolean old = step.fault() == SimFault.OLD_COPY;
        if (!canLoseOne() || old && story.log() == Story.Log.IDEAL) {
            return false;
        }
        SimDirectory backup = victim.directory().copy();
        if (old) {
            // The cluster must know that the store has grown older since: its next start tells.
            passUntil(cluster.time().nowNanos() + step.lastsMillis() * 1_000_000L);
            victim.kill();
            victim.start();
            calm();
            passUntil(cluster.time().nowNanos() + 3_000_000_000L);
        }
        heldDown.add(victim);
        if (random.nextBoolean()) {
            victim.kill();
        } else {
            victim.losePower();
        }
        if (old) {
            victim.put(backup);
            victim.start();
            cluster.await("the old copy to be refused", () -> !victim.isUp());
            Invariant.check(victim.end().contains("old copy of store"), "%s ended with '%s'", victim, victim.end());
        } else {
            passUntil(cluster.time().nowNanos() + step.lastsMillis() * 1_000_000L);
        }
        victim.wipe();
        comesBack(victim);
        return true;
    }

    /** A guest then reads that disk's copies; the others' make it whole again. */
    private boolean rots(Story.Step step, SimNode victim) {
        if (!isHeldTwice()) {
            return false;
        }
        SimGuest guest = guest(step.detail());
        var nodes = new ArrayList<SimNode>();
        nodes.add(victim);
        cluster.nodes().stream().filter(node -> node != victim).forEach(nodes::add);
        Optional<SimNode> rotten = guest.rot(nodes, 1 + step.lastsMillis() % 2, step.detail());
        // Before another copy goes: that would be the last sound one. Who has a copy reads it first, and meets the
        // damage.
        readThrough(rotten.orElse(victim));
        cluster.explained(() -> Invariant.check(
                cluster.nodes().stream().allMatch(node -> node.store().isSound()),
                "a damaged copy was read, and is as it was (I11)"));
        cluster.load(LOAD);
        return rotten.isPresent();
    }

    private boolean joins(Story.Step step) {
        int joining = Math.min(
                1 + step.detail() % 3, Story.NODES_MAX - cluster.nodes().size());
        for (int i = 0; i < joining; i++) {
            cluster.addNode(false);
            cluster.run(Duration.ofMillis(random.nextInt(500)));
        }
        return joining > 0;
    }

    private boolean guestDoes(Story.Step step) {
        SimGuest guest = guest(step.victim());
        NodeId elsewhere = node(formatted(step.detail())).id();
        switch (step.fault()) {
            case MOVE -> guest.client().moveTo(elsewhere);
            case TWO_WAYS -> {
                if (!guest.isInUse()) {
                    return false;
                }
                guest.takesSecondWay(elsewhere);
                until(step, guest::leavesSecondWay);
            }
            case OWNER_SLEEPS -> {
                SimNode owner = cluster.nodes().stream()
                        .filter(node -> node.id().equals(guest.client().gateway()))
                        .findFirst()
                        .orElseThrow();
                Optional<SimNode> next = other(owner, step.detail()).filter(StoryTelling::isFormatted);
                if (next.isEmpty() || !pauses(step, owner)) {
                    return false;
                }
                guest.client().moveTo(next.get().id());
            }
            case GUEST_DIES -> {
                guest.crash();
                guest.client().moveTo(elsewhere);
            }
            case SNAPSHOT -> snapshot(guest, _ -> {});
            case CLONE -> {
                if (cluster.guests().size() >= GUESTS_MAX) {
                    return false;
                }
                if (guest.snapshots().isEmpty()) {
                    snapshot(
                            guest,
                            frozen ->
                                    cluster.time().at(cluster.time().nowNanos(), () -> cloneOf(frozen, step.detail())));
                } else {
                    cloneOf(guest.snapshots().getLast(), step.detail());
                }
            }
            case DELETE -> {
                return deletes(step, guest);
            }
            case DISCARD -> guest.discardUnderLoad(step.detail() % 2);
            default -> throw new AssertionError(step.fault());
        }
        return true;
    }

    private void snapshot(SimGuest guest, Consumer<SimGuest.Frozen> then) {
        guest.snapshotUnderLoad("s" + ++snapshotsAsked, then);
    }

    private void cloneOf(SimGuest.Frozen snapshot, int first) {
        var clone = cluster.cloneOf(snapshot, "clone" + ++clones, formatted(first));
        if (fillsUp()) {
            clone.bearsNoSpace();
        }
        isUsedAtEase(clone);
        clone.makeClone(LOAD);
    }

    private static void isUsedAtEase(SimGuest guest) {
        guest.thinks(THINKS);
        guest.varies();
    }

    private boolean deletes(Story.Step step, SimGuest guest) {
        if (step.detail() % 2 == 0 && cluster.guests().size() >= 3) {
            calm();
            keepSnapshots(cluster.guests().getLast());
            cluster.delete(cluster.guests().getLast());
            return true;
        }
        if (!cluster.guests().stream().allMatch(SimGuest::isOpen)) {
            return false; // A clone is being made, perhaps of what would be deleted.
        }
        if (guest.snapshots().isEmpty()) {
            snapshot(guest, guest::deleteUnderLoad);
        } else {
            guest.deleteUnderLoad(guest.snapshots().getFirst());
        }
        return true;
    }

    private void keepSnapshots(SimGuest guest) {
        guest.snapshots().stream()
                .map(snapshot -> new Kept(guest, snapshot))
                .filter(kept -> !snapshots.contains(kept))
                .forEach(snapshots::add);
    }
}
