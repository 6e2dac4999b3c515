package sheepdog.it.sim;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.random.RandomGenerator;
import sheepdog.membership.api.ClusterLog;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.api.Member;
import sheepdog.membership.runtime.LoopFuture;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.placement.Weights;

/**
 * An ideal committed log: what {@link ClusterLog} promises, by decree and not by protocol. It lets stories about the
 * daemon run without the consensus core, and shows which of the two a failure belongs to.
 *
 * <p>One object for the whole cluster holds the entries. A node takes part while it, and the network between, let it
 * reach a majority of the current epoch's voters; only then it renews its lease, learns entries and puts some in.
 * Whoever is not reached for longer than a lease lasts is left out; whoever can be seen and is no member is taken in.
 */
public final class SimLog {
    private static final Duration TICK = Duration.ofMillis(100);
    private static final Duration LEASE = Duration.ofSeconds(2);
    private static final Duration DEAD_AFTER = Duration.ofMillis(400);
    /** A leader that has just started waits for those who start, too. */
    private static final Duration ARRIVAL = Duration.ofSeconds(4);

    private static final int VOTERS_MAX = 7;
    private static final int REPLAY_MAX = 50;

    private final SimTime time;
    private final SimNetwork network;
    private final RandomGenerator random;
    private final List<Entry> entries = new ArrayList<>();
    private final TreeMap<Long, NodeLog> live = new TreeMap<>();
    private final TreeMap<Long, Long> reachedNanos = new TreeMap<>();
    private final TreeMap<Long, Integer> known = new TreeMap<>();
    private final TreeMap<Integer, byte[]> results = new TreeMap<>();
    private Optional<EpochRecord> current = Optional.empty();

    private sealed interface Entry {
        record Command(byte[] bytes, Member proposer, long number) implements Entry {}

        record NewEpoch(EpochRecord record) implements Entry {}

        record Started(Member member) implements Entry {}
    }

    /** A log for a cluster on {@code network}. */
    public SimLog(SimTime time, SimNetwork network) {
        this.time = time;
        this.network = network;
        random = time.random("log");
    }

    /** The log as one process sees it. */
    public ClusterLog of(SimHost host, SimLoop loop, Member self) {
        return new NodeLog(host, loop, self);
    }

    /** The epoch that was decided last. */
    public Optional<EpochRecord> current() {
        return current;
    }

    private void append(Entry entry) {
        switch (entry) {
            case Entry.NewEpoch(EpochRecord record) -> {
                current = Optional.of(record);
                time.log("log", "epoch " + record.epoch() + " " + record.members() + " voters " + record.voters());
            }
            case Entry.Started(Member member) -> {
                EpochRecord old = current.orElseThrow();
                var members = old.members().stream()
                        .map(m -> m.sameStore(member) ? m.as(member.incarnation()) : m)
                        .toList();
                current = Optional.of(new EpochRecord(old.epoch(), old.timeSeconds(), members, old.voters()));
                time.log("log", "started " + member);
            }
            case Entry.Command _ -> {}
        }
        entries.add(entry);
        for (NodeLog node : List.copyOf(live.values())) {
            time.at(time.nowNanos() + random.nextLong(100_000, 3_000_000), () -> {
                if (node.loop.alive()) {
                    node.loop.execute(node::pull);
                }
            });
        }
    }

    private EpochRecord epochOf(Epoch number, List<Member> members) {
        var sorted = members.stream()
                .sorted(Comparator.comparing((Member m) -> m.node().id()))
                .toList();
        List<Node> weighted = Weights.assign(sorted.stream().map(Member::node).toList());
        var record = new ArrayList<Member>();
        for (int i = 0; i < sorted.size(); i++) {
            Member member = sorted.get(i);
            record.add(new Member(weighted.get(i), member.storeId(), member.incarnation()));
        }
        boolean anyData = weighted.stream().anyMatch(Node::storesObjects);
        List<Long> voters = record.stream()
                .filter(m -> !anyData || m.node().storesObjects())
                .limit(VOTERS_MAX)
                .map(Member::storeId)
                .toList();
        return new EpochRecord(number, time.wallSeconds(), record, voters);
    }

    private boolean isMajority(NodeLog from) {
        if (current.isEmpty()) {
            return false;
        }
        List<Long> voters = current.get().voters();
        long reached = voters.stream().filter(voter -> sees(from, voter)).count();
        return 2 * reached > voters.size() || 2 * reached == voters.size() && sees(from, voters.getFirst());
    }

    private boolean sees(NodeLog from, long storeId) {
        NodeLog other = live.get(storeId);
        return other == from
                || other != null
                        && other.runs()
                        && network.reaches(from.host, other.host)
                        && network.reaches(other.host, from.host);
    }

    private final class NodeLog implements ClusterLog {
        private final SimHost host;
        private final SimLoop loop;
        private final Member self;
        private final TreeMap<Long, LoopFuture<Outcome<byte[]>>> asked = new TreeMap<>();
        private final TreeMap<Long, byte[]> unsent = new TreeMap<>();
        private Optional<StateMachine> machine = Optional.empty();
        private Optional<EpochRecord> epoch = Optional.empty();
        private Phase phase = Phase.JOINING;
        private int applied;
        private long numbers;
        private final long startedNanos = time.nowNanos();
        private long contactNanos = Long.MIN_VALUE / 2;
        private boolean stopped;

        NodeLog(SimHost host, SimLoop loop, Member self) {
            this.host = host;
            this.loop = loop;
            this.self = self;
        }

        @Override
        public void start(StateMachine machine) {
            this.machine = Optional.of(machine);
            live.put(self.storeId(), this);
            phase = known.getOrDefault(self.storeId(), 0) > 0 ? Phase.JOINING : Phase.UNFORMATTED;
            loop.execute(() -> {
                apply(known.getOrDefault(self.storeId(), 0));
                tick();
            });
        }

        @Override
        public CompletionStage<Outcome<byte[]>> propose(byte[] command) {
            loop.checkOnLoop();
            Invariant.check(command.length <= COMMAND_BYTES_MAX, "a command of %d bytes", command.length);
            var stage = new LoopFuture<Outcome<byte[]>>(loop);
            if (stopped) {
                loop.execute(() -> stage.complete(Outcome.refused(ResultCode.SHUTDOWN)));
                return stage;
            }
            long number = ++numbers;
            asked.put(number, stage);
            unsent.put(number, command.clone());
            loop.after(Duration.ofNanos(random.nextLong(200_000, 3_000_000)), this::sendUnsent);
            return stage;
        }

        @Override
        public CompletionStage<Outcome<byte[]>> format(byte[] command) {
            loop.checkOnLoop();
            var stage = new LoopFuture<Outcome<byte[]>>(loop);
            loop.after(Duration.ofMillis(5), () -> {
                if (!entries.isEmpty()) {
                    stage.complete(Outcome.refused(ResultCode.NETWORK_ERROR));
                    return;
                }
                long number = ++numbers;
                asked.put(number, stage);
                var founders = new ArrayList<>(List.of(self));
                live.values().stream()
                        .filter(other -> other != this && other.runs() && sees(this, other.self.storeId()))
                        .forEach(other -> founders.add(other.self));
                current = Optional.of(epochOf(Epoch.FIRST, founders));
                append(new Entry.Command(command.clone(), self, number));
                append(new Entry.NewEpoch(current.get()));
            });
            return stage;
        }

        @Override
        public CompletionStage<Void> leave() {
            loop.checkOnLoop();
            var stage = new LoopFuture<Void>(loop);
            boolean member = current.flatMap(e -> e.store(self.storeId())).isPresent();
            if (member && isMajority(this) && current.get().members().size() > 1) {
                exclude(self.storeId());
            }
            stop();
            loop.execute(() -> stage.complete(null));
            return stage;
        }

        @Override
        public void close() {
            stop();
        }

        @Override
        public Status status() {
            List<Member> missing = epoch.map(e -> e.members().stream()
                            .filter(m -> !sees(this, m.storeId()))
                            .toList())
                    .orElse(List.of());
            long leader = phase == Phase.SERVING ? leader() : 0;
            return new Status(phase, leader, applied, missing, phase == Phase.SERVING ? "" : "simulated");
        }

        @Override
        public boolean holdsLease() {
            return !stopped
                    && phase == Phase.SERVING
                    && time.nowNanos() - contactNanos < LEASE.toNanos()
                    && epoch.flatMap(e -> e.store(self.storeId())).isPresent();
        }

        @Override
        public List<Member> visible() {
            return live.values().stream()
                    .filter(other -> sees(this, other.self.storeId()))
                    .map(other -> other.self)
                    .sorted(Comparator.comparing((Member m) -> m.node().id()))
                    .toList();
        }

        @Override
        public void complain(long storeId) {
            // The decree below needs no hints.
        }

        private boolean runs() {
            return loop.alive() && !loop.paused() && !stopped;
        }

        private long leader() {
            return current.map(e -> e.voters().stream()
                            .filter(voter -> sees(this, voter))
                            .findFirst()
                            .orElse(0L))
                    .orElse(0L);
        }

        private void stop() {
            stopped = true;
            phase = Phase.STOPPED;
            live.remove(self.storeId(), this);
            unsent.clear();
            asked.values().forEach(stage -> loop.execute(() -> stage.complete(Outcome.refused(ResultCode.SHUTDOWN))));
            asked.clear();
        }

        private void tick() {
            if (stopped) {
                return;
            }
            if (isMajority(this)) {
                contactNanos = time.nowNanos();
                if (current.get().store(self.storeId()).isPresent()) {
                    reachedNanos.put(self.storeId(), contactNanos);
                    members();
                }
                pull();
                sendUnsent();
                set(
                        epoch.flatMap(e -> e.store(self.storeId()))
                                        .filter(m -> m.incarnation() == self.incarnation())
                                        .isPresent()
                                ? Phase.SERVING
                                : Phase.JOINING);
            } else if (phase == Phase.SERVING && time.nowNanos() - contactNanos >= LEASE.toNanos()) {
                set(Phase.ISOLATED);
            }
            loop.after(TICK, this::tick);
        }

        private void set(Phase now) {
            boolean seen = entries.isEmpty();
            Phase next = seen ? Phase.UNFORMATTED : now;
            if (phase != next) {
                phase = next;
                time.log(loop.toString(), "phase " + phase);
                machine.orElseThrow().statusChanged();
            }
        }

        /** What the leader decides: new processes of members, members to leave out, others to take in. */
        private void members() {
            if (leader() != self.storeId()) {
                return;
            }
            boolean young = time.nowNanos() - startedNanos < ARRIVAL.toNanos();
            for (Member member : current.get().members()) {
                NodeLog node = live.get(member.storeId());
                if (node != null && sees(this, member.storeId()) && node.self.incarnation() > member.incarnation()) {
                    append(new Entry.Started(node.self));
                    return;
                }
                long reached = reachedNanos.getOrDefault(member.storeId(), 0L);
                long silent = time.nowNanos() - reached;
                boolean certain = (node == null || !node.loop.alive()) && silent > DEAD_AFTER.toNanos();
                if (!young
                        && !sees(this, member.storeId())
                        && (certain || silent > LEASE.plusMillis(500).toNanos())) {
                    exclude(member.storeId());
                    return;
                }
            }
            for (NodeLog node : live.values()) {
                if (current.get().store(node.self.storeId()).isEmpty() && sees(this, node.self.storeId())) {
                    var members = new ArrayList<>(current.get().members().stream()
                            .filter(m -> !m.node().id().equals(node.self.node().id()))
                            .toList());
                    members.add(node.self);
                    reachedNanos.put(node.self.storeId(), time.nowNanos());
                    append(new Entry.NewEpoch(epochOf(current.get().epoch().next(), members)));
                    return;
                }
            }
        }

        private void exclude(long storeId) {
            var left = current.get().members().stream()
                    .filter(m -> m.storeId() != storeId)
                    .toList();
            append(new Entry.NewEpoch(epochOf(current.get().epoch().next(), left)));
        }

        private void sendUnsent() {
            boolean member = current.flatMap(e -> e.store(self.storeId())).isPresent();
            if (stopped || !member || !isMajority(this)) {
                return;
            }
            var now = new TreeMap<>(unsent);
            unsent.clear();
            now.forEach((number, command) -> {
                append(new Entry.Command(command, self, number));
                if (machine.orElseThrow().restartsEpochs(command)) {
                    append(new Entry.NewEpoch(
                            epochOf(Epoch.FIRST, current.orElseThrow().members())));
                }
            });
        }

        private void pull() {
            if (!stopped && isMajority(this)) {
                apply(entries.size());
            }
        }

        private void apply(int upTo) {
            StateMachine to = machine.orElseThrow();
            if (upTo - applied > REPLAY_MAX) {
                restore(to, upTo);
            }
            while (applied < upTo && !stopped) {
                Entry entry = entries.get(applied);
                applied++;
                known.merge(self.storeId(), applied, Math::max);
                var position = new Position(applied, 1);
                switch (entry) {
                    case Entry.NewEpoch(EpochRecord record) -> {
                        epoch = Optional.of(record);
                        to.epoch(position, record);
                    }
                    case Entry.Started(Member member) -> {
                        EpochRecord old = epoch.orElseThrow();
                        var members = old.members().stream()
                                .map(m -> m.sameStore(member) ? m.as(member.incarnation()) : m)
                                .toList();
                        epoch = Optional.of(new EpochRecord(old.epoch(), old.timeSeconds(), members, old.voters()));
                        to.memberStarted(position, member);
                    }
                    case Entry.Command command -> {
                        byte[] result = to.apply(position, command.bytes());
                        byte[] others = results.putIfAbsent(applied, result);
                        Invariant.check(
                                others == null || Arrays.equals(others, result),
                                "entry %d had another result on %s than elsewhere",
                                applied,
                                loop);
                        answer(command, result);
                    }
                }
            }
        }

        private void answer(Entry.Command command, byte[] result) {
            if (command.proposer().equals(self)) {
                Optional.ofNullable(asked.remove(command.number()))
                        .ifPresent(stage -> loop.execute(() -> stage.complete(Outcome.ok(result))));
            }
        }

        /** Far behind: the state of a node that is not, instead of every entry. */
        private void restore(StateMachine to, int upTo) {
            live.values().stream()
                    .filter(other -> other.applied == upTo && other.machine.isPresent() && other != this)
                    .findFirst()
                    .ifPresent(source -> {
                        to.restore(
                                new Position(upTo, 1),
                                source.machine.orElseThrow().snapshot());
                        epoch = source.epoch;
                        for (int i = applied; i < upTo; i++) {
                            if (entries.get(i) instanceof Entry.Command command) {
                                answer(command, results.get(i + 1));
                            }
                        }
                        applied = upTo;
                        known.put(self.storeId(), applied);
                        time.log(loop.toString(), "restored from " + source.self + " at " + upTo);
                    });
        }
    }
}
