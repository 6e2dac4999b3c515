package sheepdog.membership.log;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;

/** A story drawn from a seed: a cluster, commands all the time, faults now and then, then calm, then nothing is amiss. */
final class Storm {
    /** I13: since nothing is amiss any more, until somebody serves. */
    private static final Duration RESUMES = Duration.ofSeconds(10);
    /** I14: without one that is stopped, cut off or killed. */
    private static final Duration GOES_ON = Duration.ofSeconds(8);

    private final Lab lab;
    private final SplittableRandom random;
    private final List<String> asked = new ArrayList<>();
    private int commands;
    private int wipes;
    private boolean calm;
    private Optional<SplittableRandom> fills = Optional.empty();
    private final Optional<SplittableRandom> elections;
    private final SplittableRandom last;

    Storm(long seed) {
        lab = new Lab(seed);
        random = lab.random().split();
        last = new SplittableRandom(seed);
        elections = seed % 2 == 0 ? Optional.of(last.split()) : Optional.empty();
    }

    /** Logs find no space now and then, too. By chances of their own: a seed's other faults stay what they are. */
    Storm withFullDisks() {
        fills = Optional.of(random.split());
        return this;
    }

    Lab lab() {
        return lab;
    }

    /** @return the events it took */
    long run(Duration length) {
        int nodes = random.nextInt(1, 8);
        boolean compacts = random.nextInt(2) == 0;
        lab.limits(new LogSetup.Limits(compacts ? 300 : 1 << 20, 1000, 1 << 20, compacts ? random.nextInt(12) : 1024));
        lab.drift(random.nextInt(3) == 0 ? 24_000 : 200);
        lab.zones(random.nextInt(3) == 0 ? random.nextInt(1, 4) : Integer.MAX_VALUE);
        for (int i = 0; i < nodes; i++) {
            boolean gateway = i > 0 && random.nextInt(8) == 0;
            lab.add(gateway ? 0 : 1L << 30).start();
        }
        lab.weather(
                random.nextInt(3) == 0 ? random.nextInt(1, 150) : 0,
                random.nextInt(3) == 0 ? random.nextInt(1, 100) : 0,
                Duration.ofMillis(random.nextInt(3) == 0 ? random.nextInt(5, 120) : 3),
                random.nextInt(3) == 0 ? 30 : 100);
        lab.lateMessages(random.nextInt(3) == 0 ? random.nextInt(1, 400) : 0);
        lab.slowDisks(Duration.ofMillis(random.nextInt(3) == 0 ? random.nextInt(200) : 0));
        lab.run(Duration.ofSeconds(3));
        format();
        int late = random.nextInt(3);
        for (int i = 0; i < late; i++) {
            lab.add(1L << 30).start();
        }
        long end = lab.now() + length.toNanos();
        while (lab.now() < end) {
            lab.run(Duration.ofMillis(random.nextInt(5, 400)));
            command();
            if (random.nextInt(8) == 0) {
                fault();
            }
            fills.ifPresent(this::fill);
            elections.ifPresent(this::elect);
        }
        calm();
        loseTheLeader();
        return lab.eventsRun();
    }

    private void format() {
        for (int tries = 0; tries < 20; tries++) {
            var done = lab.alive().get(random.nextInt(lab.alive().size())).format("format " + tries);
            lab.until(() -> done.isDone(), Duration.ofSeconds(20));
            if (done.join().equals("ok")) {
                return;
            }
            lab.run(Duration.ofSeconds(1));
        }
        throw new AssertionError("cannot be formatted\n" + lab.describe());
    }

    private void command() {
        var alive = lab.alive().stream().filter(life -> !life.paused).toList();
        if (!alive.isEmpty()) {
            String text = (random.nextInt(200) == 0 ? "format again " : "c") + commands++;
            asked.add(text);
            alive.get(random.nextInt(alive.size())).propose(text);
        }
    }

    private void fill(SplittableRandom chance) {
        if (chance.nextInt(12) == 0) {
            Lab.Box box = lab.box(chance.nextInt(lab.boxes().size()));
            boolean full = chance.nextBoolean();
            lab.tell("box " + box.number + (full ? " has no space" : " has space"));
            box.disk.full(full);
        }
    }

    /**
     * In every other storm, by chances of their own, what is dangerous about elections: voters that lose their power with
     * their vote under way, and old leaders, or those they gave leases to, that do not hear of new ones.
     */
    private void elect(SplittableRandom chance) {
        Optional<Lab.Life> leader = lab.leader();
        if (leader.isPresent() && lab.boxes().size() > 2 && chance.nextInt(20) == 0) {
            if (chance.nextBoolean()) {
                forgetAVote(leader.get(), chance);
            } else {
                loseOneWhoHeardTheLeader(leader.get(), chance);
            }
        }
    }

    /**
     * The leader is started anew and does not reach the one that is to follow it. The first who votes for that one loses its
     * power at that moment; it and the old leader may then elect another one, in the same term if it has forgotten.
     */
    private void forgetAVote(Lab.Life leader, SplittableRandom chance) {
        Lab.Box old = leader.box;
        Lab.Box next = anotherBox(old, chance);
        lab.tell("the next vote is lost, " + old.number + " and " + next.number + " do not reach each other");
        lab.cutBoth(old.number, next.number);
        lab.onNextVote((voter, candidate) -> {
            lab.tell("power loss of " + voter + ", which voted for " + Long.toHexString(candidate));
            voter.box.kill();
            startLater(voter.box, chance.nextLong(1_000_000, 500_000_000));
            later(chance.nextLong(20_000_000, 400_000_000), () -> isolate(candidate));
        });
        old.kill();
        startLater(old, chance.nextLong(1_000_000, 500_000_000));
        later(9_000_000_000L, () -> {
            lab.noMatterWhoVotes();
            lab.heal();
        });
    }

    /** One that may hold a lease, or lead, is stopped or cut off just before the others have another leader. */
    private void loseOneWhoHeardTheLeader(Lab.Life leader, SplittableRandom chance) {
        Lab.Box apart = anotherBox(leader.box, chance);
        isolate(apart.storeId);
        later(chance.nextLong(1_000_000, 1_500_000_000), () -> {
            if (leader.alive && chance.nextBoolean()) {
                leader.box.kill();
                startLater(leader.box, chance.nextLong(1_000_000, 4_000_000_000L));
            } else if (leader.alive) {
                leave(leader);
            }
        });
        later(chance.nextLong(2_000_000_000, 6_000_000_000L), lab::heal);
    }

    private Lab.Box anotherBox(Lab.Box than, SplittableRandom chance) {
        return lab.box((than.number + chance.nextInt(1, lab.boxes().size()))
                % lab.boxes().size());
    }

    private void isolate(long storeId) {
        lab.boxes().stream()
                .filter(box -> box.storeId == storeId)
                .findFirst()
                .ifPresent(box -> lab.split(Set.of(box.number)));
    }

    private void leave(Lab.Life life) {
        life.leave().thenAccept(_ -> lab.at(lab.now() + 1_000_000, life.box.killIf(life)));
    }

    /** Unless it is calm by then. */
    private void later(long nanos, Runnable what) {
        lab.at(lab.now() + nanos, () -> {
            if (!calm) {
                what.run();
            }
        });
    }

    private void startLater(Lab.Box box, long nanos) {
        lab.at(lab.now() + nanos, () -> {
            if (box.life.isEmpty()) {
                box.start();
            }
        });
    }

    private void fault() {
        Lab.Box box = lab.box(random.nextInt(lab.boxes().size()));
        switch (random.nextInt(16)) {
            case 0, 1 -> box.kill();
            case 2, 3, 4 -> {
                if (box.life.isEmpty()) {
                    box.start();
                }
            }
            case 5 -> {
                if (box.life.isPresent() && !box.life.get().paused) {
                    Lab.Life life = box.life.get();
                    life.pause();
                    lab.at(lab.now() + random.nextLong(10_000_000L, 9_000_000_000L), () -> {
                        if (life.alive) {
                            life.resume();
                        }
                    });
                }
            }
            case 6 -> {
                Set<Integer> part = new HashSet<>();
                for (int i = 0; i < lab.boxes().size(); i++) {
                    if (random.nextBoolean()) {
                        part.add(i);
                    }
                }
                lab.split(part);
            }
            case 7 -> lab.cut(box.number, random.nextInt(lab.boxes().size()));
            case 8, 9 -> lab.heal();
            case 10 -> {
                box.kill();
                box.start();
            }
            case 11 -> {
                if (box.life.isPresent() && !box.life.get().paused) {
                    leave(box.life.get());
                }
            }
            case 12 -> {
                if (box.life.isPresent()) {
                    if (random.nextBoolean()) {
                        box.disk.fail();
                        lab.tell("disk of " + box.life.get() + " fails");
                    } else {
                        boolean hangs = random.nextInt(3) == 0;
                        box.life.get().slowDisk(Duration.ofMillis(random.nextInt(hangs ? 20_000 : 5000)));
                    }
                }
            }
            case 13 -> {
                if (random.nextBoolean()) {
                    wipe(box);
                } else {
                    long accused = box.storeId;
                    lab.alive().stream().filter(life -> !life.paused).forEach(life -> life.complain(accused));
                }
            }
            case 14, 15 -> lab.checks().onNextAnswer(this::losePower);
            default -> throw new AssertionError();
        }
    }

    /** All machines at once, at the moment somebody is told that his command is done. */
    private void losePower() {
        lab.tell("power loss");
        lab.boxes().forEach(Lab.Box::kill);
        for (Lab.Box box : lab.boxes()) {
            if (random.nextInt(10) > 0) {
                startLater(box, random.nextLong(1_000_000, 3_000_000_000L));
            }
        }
    }

    /** Only when all others are well: what a majority has lost nobody can bring back. */
    private void wipe(Lab.Box box) {
        boolean well = lab.checks().newest() != null
                && lab.alive().size() == lab.boxes().size()
                && lab.alive().stream().noneMatch(life -> life.paused)
                && lab.allServe()
                && lab.checks().newest().members().size() == lab.boxes().size()
                && lab.leader().isPresent()
                && lab.leader().get().log.core().config().reachedBy(id -> id != box.storeId);
        if (!well || wipes > 2) {
            return;
        }
        wipes++;
        box.kill();
        box.wipe();
        box.start();
        lab.run(Duration.ofSeconds(8));
    }

    private void calm() {
        lab.tell("calm");
        calm = true;
        lab.heal();
        lab.slowDisks(Duration.ZERO);
        lab.lateMessages(0);
        lab.checks().onNextAnswer(null);
        lab.noMatterWhoVotes();
        lab.weather(0, 0, Duration.ofMillis(3), 100);
        for (Lab.Box box : lab.boxes()) {
            box.disk.full(false);
            box.life.filter(life -> life.paused).ifPresent(Lab.Life::resume);
            boolean stopped = box.life.isPresent()
                    && box.life.get().on(box.life.get().log::status).phase()
                            == sheepdog.membership.api.ClusterLog.Phase.STOPPED;
            if (stopped
                    || box.disk.failing()
                    || box.life.filter(life -> life.leaving).isPresent()) {
                box.kill();
            }
            if (box.life.isEmpty()) {
                box.start();
            }
            box.life.ifPresent(life -> life.slowDisk(Duration.ZERO));
        }
        long slowUntil = lab.disksBusyUntil();
        lab.until(
                "somebody serves (I13)",
                () -> lab.alive().stream().anyMatch(life -> life.log.holdsLease()),
                RESUMES.plusNanos(Math.max(0, slowUntil - lab.now())));
        lab.until(
                () -> lab.allServe()
                        && lab.checks().newest().members().size() == lab.boxes().size()
                        && lab.alive().stream().allMatch(life -> life.openProposals.isEmpty()),
                Duration.ofSeconds(45));
        // Nothing is applied that is not on the node's own disk, so a slow write from before the calm ends first.
        lab.run(Duration.ofNanos(Math.max(0, slowUntil - lab.now())).plusSeconds(1));
        for (Lab.Life life : lab.alive()) {
            if (!life.machine.commands.equals(lab.checks().history())) {
                throw new AssertionError(life + " has applied " + life.machine.commands + "\n but the history is "
                        + lab.checks().history());
            }
        }
    }

    /** I14: in fair weather the others go on without their leader in time, however it goes. */
    private void loseTheLeader() {
        // By then nobody is stopped or slow any more, and what was complained of in the storm counts no more.
        lab.run(Complaints.WINDOW);
        lab.until(() -> lab.leader().isPresent(), RESUMES);
        Lab.Life lost = lab.leader().orElseThrow();
        boolean othersDecide = lab.checks().newest().voters().stream().anyMatch(id -> id != lost.member.storeId())
                && lost.log.core().config().reachedBy(id -> id != lost.member.storeId());
        if (!othersDecide) {
            return;
        }
        switch (last.nextInt(3)) {
            case 0 -> lost.pause();
            case 1 -> isolate(lost.member.storeId());
            default -> lost.box.kill();
        }
        lab.until(
                "the others go on without their leader (I14)",
                () -> lab.checks().newest().store(lost.member.storeId()).isEmpty()
                        && lab.alive().stream().allMatch(life -> !isMember(life) || life.log.holdsLease()),
                GOES_ON);
    }

    private boolean isMember(Lab.Life life) {
        return lab.checks().newest().store(life.member.storeId()).isPresent();
    }
}
