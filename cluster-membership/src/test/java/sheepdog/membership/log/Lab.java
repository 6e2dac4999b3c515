package sheepdog.membership.log;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import sheepdog.membership.api.ClusterLog;
import sheepdog.membership.api.ClusterTransport;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.api.Member;
import sheepdog.membership.consensus.Consensus;
import sheepdog.membership.consensus.LogTiming;
import sheepdog.membership.consensus.Message;
import sheepdog.membership.runtime.Cancellable;
import sheepdog.membership.runtime.Loop;
import sheepdog.membership.runtime.Pool;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.placement.Weights;

/**
 * A cluster of {@link ConsensusLog}s on simulated time, network and disks, in one thread. What happens is drawn from the
 * seed; after every event the {@link LabChecks} run.
 */
public final class Lab {
    static final Duration STORM_PAUSE_MAX = Duration.ofSeconds(6);

    private final SplittableRandom random;
    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final List<Box> boxes = new ArrayList<>();
    private final LabChecks checks = new LabChecks(this);
    private final Set<String> cut = new HashSet<>();
    private final LogTiming timing;
    private LogSetup.Limits limits = new LogSetup.Limits(4096, 1000, 1 << 20, 1024);
    private long now = 1;
    private long sequence;
    private long eventsRun;
    private long nextStore = 1;
    private int processes;
    private int lossPerMille;
    private int doublePerMille;
    private int latePerMille;
    private long delayMax = 3_000_000;
    private int deadSeenPerCent = 100;
    private Throwable failure;
    private Life running;
    private boolean checked = true;
    private Optional<BiConsumer<Life, Long>> onVote = Optional.empty();
    private long disksExtra;
    private int driftPpm = 200;
    private int zones = Integer.MAX_VALUE;
    final List<String> story = new ArrayList<>();

    private record Event(long at, long number, Runnable work) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            return at != other.at ? Long.compare(at, other.at) : Long.compare(number, other.number);
        }
    }

    public Lab(long seed) {
        this(seed, LogTiming.DEFAULT);
    }

    public Lab(long seed, LogTiming timing) {
        random = new SplittableRandom(seed);
        this.timing = timing;
    }

    // ---- What a test asks

    SplittableRandom random() {
        return random;
    }

    long now() {
        return now;
    }

    long eventsRun() {
        return eventsRun;
    }

    LogTiming timing() {
        return timing;
    }

    List<Box> boxes() {
        return boxes;
    }

    Box box(int i) {
        return boxes.get(i);
    }

    Life life(int i) {
        return boxes.get(i).life.orElseThrow();
    }

    List<Life> alive() {
        return boxes.stream().flatMap(box -> box.life.stream()).toList();
    }

    LabChecks checks() {
        return checks;
    }

    /** For tests with state machines of their own, which do not tell the checks. */
    void unchecked() {
        checked = false;
    }

    void limits(LogSetup.Limits limits) {
        this.limits = limits;
    }

    Box add(long space) {
        var box = new Box(boxes.size(), space);
        boxes.add(box);
        return box;
    }

    /** Clocks of processes that start from now on run at most so much too fast or too slow. */
    void drift(int ppm) {
        driftPpm = ppm;
    }

    /** Boxes share so many zones. */
    void zones(int n) {
        zones = n;
    }

    /** What happens at the moment the next vote leaves its voter: who gives it, and to which store. */
    void onNextVote(BiConsumer<Life, Long> then) {
        onVote = Optional.of(then);
    }

    void noMatterWhoVotes() {
        onVote = Optional.empty();
    }

    private void sent(Life by, long to, byte[] message) {
        boolean vote = onVote.isPresent()
                && Letter.decode(message).letter() instanceof Letter.Core(Message.VoteReply reply)
                && reply.granted()
                && !reply.trial();
        if (vote) {
            BiConsumer<Life, Long> then = onVote.get();
            onVote = Optional.empty();
            at(now, () -> then.accept(by, to));
        }
    }

    /** {@code n} boxes with disks, all started, none formatted. */
    static Lab of(long seed, int n) {
        var lab = new Lab(seed);
        for (int i = 0; i < n; i++) {
            lab.add(1L << 30).start();
        }
        return lab;
    }

    /** {@link #of}, formatted, every node serving. */
    static Lab formatted(long seed, int n) {
        Lab lab = of(seed, n);
        lab.run(Duration.ofSeconds(2));
        lab.format(0);
        return lab;
    }

    void format(int i) {
        var done = life(i).format("format");
        until(() -> done.isDone() && allServe(), Duration.ofSeconds(10));
    }

    boolean allServe() {
        return alive().stream()
                .allMatch(life -> life.log.status().phase() == ClusterLog.Phase.SERVING && life.log.holdsLease());
    }

    Optional<Life> leader() {
        return alive().stream()
                .filter(life -> !life.paused && life.log.core().role() == Consensus.Role.LEADER)
                .max((a, b) -> Long.compare(a.log.core().term(), b.log.core().term()));
    }

    // ---- Weather

    void weather(int lossPerMille, int doublePerMille, Duration delayMax, int deadSeenPerCent) {
        this.lossPerMille = lossPerMille;
        this.doublePerMille = doublePerMille;
        this.delayMax = delayMax.toNanos();
        this.deadSeenPerCent = deadSeenPerCent;
    }

    /** Some messages take up to four seconds. */
    void lateMessages(int perMille) {
        latePerMille = perMille;
    }

    /** Of all processes that start from now on, and of those that run. */
    void slowDisks(Duration extra) {
        disksExtra = extra.toNanos();
        alive().forEach(life -> life.slowDisk(extra));
    }

    /** When the last of the disk writes under way now returns. One that began on a slow disk stays slow. */
    long disksBusyUntil() {
        return alive().stream().mapToLong(life -> life.diskFree).reduce(now, Math::max);
    }

    void cut(int from, int to) {
        cut.add(from + ">" + to);
    }

    void cutBoth(int a, int b) {
        cut(a, b);
        cut(b, a);
    }

    /** The boxes in {@code part} and the others do not hear each other. */
    void split(Set<Integer> part) {
        tell("split " + part);
        for (int a = 0; a < boxes.size(); a++) {
            for (int b = 0; b < boxes.size(); b++) {
                if (part.contains(a) != part.contains(b)) {
                    cut(a, b);
                }
            }
        }
    }

    void heal() {
        tell("heal");
        cut.clear();
    }

    // ---- Time

    void at(long when, Runnable work) {
        events.add(new Event(when, sequence++, work));
    }

    void run(Duration time) {
        long end = now + time.toNanos();
        while (!events.isEmpty() && events.peek().at <= end) {
            step();
        }
        now = Math.max(now, end);
    }

    /** @throws AssertionError if it does not come to that in time */
    Duration until(BooleanSupplier condition, Duration atMost) {
        return until("", condition, atMost);
    }

    /** @param what is waited for */
    Duration until(String what, BooleanSupplier condition, Duration atMost) {
        long start = now;
        long end = now + atMost.toNanos();
        while (!condition.getAsBoolean()) {
            if (events.isEmpty() || events.peek().at > end) {
                throw new AssertionError((what + " not within " + atMost).strip() + ":\n" + describe());
            }
            step();
        }
        return Duration.ofNanos(now - start);
    }

    private void step() {
        Event event = events.poll();
        now = Math.max(now, event.at);
        eventsRun++;
        event.work.run();
        if (failure != null) {
            throw new AssertionError("failed at " + now + "\n" + describe(), failure);
        }
        if (!checked) {
            return;
        }
        try {
            checks.afterEvent();
        } catch (AssertionError broken) {
            throw new AssertionError("broken at " + now + "\n" + describe(), broken);
        }
    }

    void failed(Throwable with) {
        if (failure == null) {
            failure = with;
        }
    }

    void tell(String what) {
        story.add("%8.3f %s".formatted(now / 1e9, what));
    }

    String describe() {
        var text = new StringBuilder(String.join("\n", story.subList(Math.max(0, story.size() - 60), story.size())));
        for (Box box : boxes) {
            text.append("\n").append(box);
        }
        return text.append("\ncut ").append(cut).toString();
    }

    // ---- A machine

    /** A place for a sheep: an address, a disk, and at times a process. */
    final class Box {
        final int number;
        final long space;
        NodeId address;
        long storeId;
        long starts;
        long age;
        /** Index of the newest epoch that a process on this store has acted on. */
        long epochIndex;

        SimLogStorage disk;
        Optional<Life> life = Optional.empty();
        Consumer<SimLogStorage> diskFault = _ -> {};

        Box(int number, long space) {
            this.number = number;
            this.space = space;
            address = NodeId.of("10.0.0." + (number + 1), 7000);
            wipe();
        }

        /** An empty store in place of what was there. */
        void wipe() {
            storeId = 1000 * nextStore++ + number + 1;
            starts = 0;
            age = 0;
            epochIndex = 0;
            disk = new SimLogStorage();
            tell("box " + number + " has an empty store " + Long.toHexString(storeId));
        }

        /** This box gets a copy of the other's folder. */
        void copyOf(Box other) {
            storeId = other.storeId;
            starts = other.starts;
            age = other.age;
            epochIndex = other.epochIndex;
            disk = other.disk.copy();
        }

        /** What it is now is kept, to be restored another day. */
        Runnable backUp() {
            long id = storeId;
            long startsThen = starts;
            long ageThen = age;
            long epochThen = epochIndex;
            SimLogStorage kept = disk.copy();
            return () -> {
                tell("box " + number + " gets an old copy of its store");
                storeId = id;
                starts = startsThen;
                age = ageThen;
                epochIndex = epochThen;
                disk = kept.copy();
            };
        }

        Life start() {
            return start(Optional.empty());
        }

        Life start(ClusterLog.StateMachine machine) {
            return start(Optional.of(machine));
        }

        private Life start(Optional<ClusterLog.StateMachine> other) {
            if (life.isPresent()) {
                throw new AssertionError("runs already");
            }
            starts++;
            disk.reopened();
            diskFault.accept(disk);
            var started = new Life(this);
            life = Optional.of(started);
            tell("start " + started);
            started.begin(other.orElse(started.machine));
            return started;
        }

        /** Kills {@code which}, if it still runs. */
        Runnable killIf(Life which) {
            return () -> {
                if (life.filter(now -> now == which).isPresent()) {
                    kill();
                }
            };
        }

        void kill() {
            life.ifPresent(dead -> {
                tell("kill " + dead);
                dead.alive = false;
                life = Optional.empty();
                dead.transport.processEnded();
            });
        }

        @Override
        public String toString() {
            return "box " + number + " " + life.map(Life::describe).orElse("down");
        }
    }

    // ---- A process

    /** One process. */
    final class Life implements Loop {
        final Box box;
        final Member member;
        final ConsensusLog log;
        final LabMachine machine;
        final LabTransport transport;
        boolean alive = true;
        boolean paused;
        boolean leaving;
        final Set<String> openProposals = new HashSet<>();
        private final List<Runnable> held = new ArrayList<>();
        private final long offset = random.nextLong(1L << 40);
        private final long driftPpm = random.nextLong(-Lab.this.driftPpm, Lab.this.driftPpm + 1);
        private long lastPost;
        private long diskFree;
        private long diskExtra = disksExtra;

        Life(Box box) {
            this.box = box;
            var node = new Node(box.address, Optional.empty(), box.space == 0 ? 0 : 64, box.number % zones, box.space);
            processes++;
            member = new Member(node, box.storeId, Member.incarnation(box.age, box.starts, processes));
            transport = new LabTransport(this);
            machine = new LabMachine(this);
            var setup = new LogSetup(
                    member,
                    timing,
                    Weights::assign,
                    () -> 1_369_145_520L + now / 1_000_000_000L,
                    random.split(),
                    to -> box.age = to,
                    limits);
            log = new ConsensusLog(setup, this, transport, box.disk);
        }

        void begin(ClusterLog.StateMachine of) {
            as(() -> log.start(of));
        }

        void as(Runnable work) {
            Life outer = running;
            running = this;
            try {
                work.run();
            } finally {
                running = outer;
            }
        }

        <T> T on(Callable<T> work) {
            Life outer = running;
            running = this;
            try {
                return work.call();
            } catch (Exception e) {
                throw new AssertionError(e);
            } finally {
                running = outer;
            }
        }

        CompletableFuture<String> propose(String command) {
            checks.proposed(command);
            openProposals.add(command);
            var done = new CompletableFuture<String>();
            as(() -> log.propose(command.getBytes()).thenAccept(outcome -> {
                checks.answered(command, outcome);
                openProposals.remove(command);
                done.complete(outcome.isOk() ? "ok" : outcome.code().name());
            }));
            return done;
        }

        CompletableFuture<String> format(String command) {
            var done = new CompletableFuture<String>();
            tell(this + " formats");
            as(() -> log.format(command.getBytes()).thenAccept(outcome -> {
                tell(this + " formatted " + outcome.code());
                done.complete(outcome.isOk() ? "ok" : outcome.code().name());
            }));
            return done;
        }

        CompletableFuture<Void> leave() {
            tell(this + " leaves");
            leaving = true;
            var done = new CompletableFuture<Void>();
            as(() -> log.leave().thenAccept(_ -> {
                tell(this + " has left");
                done.complete(null);
            }));
            return done;
        }

        void complain(long storeId) {
            as(() -> log.complain(storeId));
        }

        void pause() {
            tell("pause " + this);
            paused = true;
        }

        void resume() {
            tell("resume " + this);
            paused = false;
            var due = List.copyOf(held);
            held.clear();
            due.forEach(work -> at(now, () -> run(work)));
        }

        void slowDisk(Duration extra) {
            diskExtra = extra.toNanos();
        }

        LabChecks checkLab() {
            return checks;
        }

        EpochRecord epoch() {
            return machine.epoch;
        }

        private void run(Runnable work) {
            if (!alive) {
                return;
            }
            if (paused) {
                held.add(work);
                return;
            }
            as(() -> {
                try {
                    work.run();
                } catch (RuntimeException | AssertionError e) {
                    failed(new AssertionError("on " + this, e));
                }
            });
        }

        @Override
        public void execute(Runnable task) {
            lastPost = Math.max(lastPost, now + random.nextLong(500, 20_000));
            at(lastPost, () -> run(task));
        }

        @Override
        public long nowNanos() {
            return offset + now + now / 1_000_000 * driftPpm;
        }

        @Override
        public Cancellable after(Duration delay, Runnable task) {
            boolean[] cancelled = new boolean[1];
            at(
                    now + delay.toNanos() + random.nextLong(1_000, 300_000),
                    () -> run(() -> {
                        if (!cancelled[0]) {
                            task.run();
                        }
                    }));
            return () -> cancelled[0] = true;
        }

        @Override
        public <T> CompletionStage<T> offload(Pool pool, long stripe, Callable<T> blocking) {
            var stage = new Stage<T>();
            diskFree = Math.max(diskFree, now) + random.nextLong(50_000, 3_000_000) + diskExtra;
            long done = diskFree;
            at(done, () -> {
                if (!alive) {
                    return;
                }
                T value;
                try {
                    value = blocking.call();
                } catch (Exception | AssertionError e) {
                    failed(e);
                    return;
                }
                at(now + random.nextLong(1_000, 50_000), () -> run(() -> stage.complete(value)));
            });
            return stage;
        }

        @Override
        public void checkOnLoop() {
            if (running != null && running != this) {
                throw new AssertionError("on " + running + " instead of " + this);
            }
        }

        String describe() {
            var status = on(log::status);
            Consensus core = log.core();
            return "%s %s%s lease=%s term=%d role=%s leader=%x last=%d commit=%d applied=%d epoch=%s %s %s"
                    .formatted(
                            member,
                            status.phase(),
                            paused ? " paused" : "",
                            log.holdsLease(),
                            core.term(),
                            core.role(),
                            core.leader(),
                            core.lastIndex(),
                            core.commit(),
                            core.applied(),
                            machine.epoch == null ? "-" : machine.epoch.epoch() + "" + machine.epoch.members(),
                            core.formatted() ? core.config() : "",
                            status.reason());
        }

        @Override
        public String toString() {
            return box.number + "/" + Long.toHexString(member.storeId()) + "." + member.starts();
        }
    }

    /** Keeps no fault to itself. */
    private final class Stage<T> extends CompletableFuture<T> {
        @Override
        public CompletableFuture<Void> thenAccept(java.util.function.Consumer<? super T> action) {
            return super.thenAccept(value -> {
                try {
                    action.accept(value);
                } catch (RuntimeException | AssertionError e) {
                    failed(e);
                }
            });
        }
    }

    // ---- The network

    /** Discovery by repeated greetings; silence and ends of processes are noticed after a while. */
    final class LabTransport implements ClusterTransport {
        private final Life life;
        private final TreeMap<Long, Peer> peers = new TreeMap<>();
        private Listener listener;
        private Member self;
        private boolean open;

        private static final class Peer {
            private Member member;
            private Life life;
            private long heardAt;
            private boolean there;
        }

        LabTransport(Life life) {
            this.life = life;
        }

        @Override
        public void start(Member self, Listener listener) {
            this.self = self;
            this.listener = listener;
            open = true;
            life.execute(this::greet);
        }

        private void greet() {
            if (!open) {
                return;
            }
            for (Life other : Lab.this.alive()) {
                if (other != life) {
                    carry(other, () -> other.transport.greeted(life));
                }
            }
            for (Peer peer : List.copyOf(peers.values())) {
                if (peer.there && now - peer.heardAt > 3_000_000_000L) {
                    peer.there = false;
                    listener.gone(peer.member, Evidence.SILENT);
                }
            }
            life.after(Duration.ofMillis(500), this::greet);
        }

        private void greeted(Life by) {
            if (!open) {
                return;
            }
            Peer peer = peers.computeIfAbsent(by.member.storeId(), _ -> new Peer());
            if (peer.there && peer.member.incarnation() > by.member.incarnation()) {
                return;
            }
            boolean news = !peer.there || !by.member.equals(peer.member);
            peer.member = by.member;
            peer.life = by;
            peer.heardAt = now;
            peer.there = true;
            if (news) {
                listener.seen(by.member);
            }
        }

        @Override
        public void send(long storeId, byte[] message) {
            life.checkOnLoop();
            Peer peer = peers.get(storeId);
            if (!open || peer == null || message.length > MESSAGE_BYTES_MAX) {
                return;
            }
            sent(life, storeId, message);
            byte[] bytes = message.clone();
            LabTransport to = peer.life.transport;
            carry(peer.life, () -> {
                if (to.open) {
                    to.listener.received(self, bytes);
                }
            });
        }

        @Override
        public void broadcast(byte[] message) {
            List.copyOf(peers.keySet()).forEach(id -> send(id, message));
        }

        @Override
        public void leave() {
            for (Life other : Lab.this.alive()) {
                if (other != life) {
                    carry(other, () -> other.transport.ended(life, Evidence.LEFT));
                }
            }
            open = false;
        }

        @Override
        public void close() {
            processEnded();
            open = false;
        }

        /** The end of the process: the others' connections close, and mostly its host says that nobody listens. */
        void processEnded() {
            open = false;
            for (Life other : Lab.this.alive()) {
                boolean reachable =
                        !cut.contains(box() + ">" + other.box.number) && !cut.contains(other.box.number + ">" + box());
                if (other == life || !reachable || random.nextInt(100) >= deadSeenPerCent) {
                    continue;
                }
                Evidence evidence = life.alive || random.nextInt(5) == 0 ? Evidence.CLOSED : Evidence.DEAD;
                at(
                        now + random.nextLong(1_000_000, 200_000_000),
                        () -> other.run(() -> other.transport.ended(life, evidence)));
            }
        }

        private int box() {
            return life.box.number;
        }

        private void ended(Life ended, Evidence evidence) {
            Peer peer = peers.get(ended.member.storeId());
            if (open && peer != null && peer.there && peer.member.incarnation() == ended.member.incarnation()) {
                peer.there = false;
                listener.gone(ended.member, evidence);
            }
        }

        private void carry(Life to, Runnable arrival) {
            int copies = random.nextInt(1000) < lossPerMille ? 0 : random.nextInt(1000) < doublePerMille ? 2 : 1;
            for (int i = 0; i < copies; i++) {
                long delay = random.nextInt(1000) < latePerMille
                        ? random.nextLong(50_000, 4_000_000_000L)
                        : random.nextLong(50_000, delayMax);
                at(now + delay, () -> {
                    if (!cut.contains(life.box.number + ">" + to.box.number)) {
                        to.run(arrival);
                    }
                });
            }
        }
    }
}
