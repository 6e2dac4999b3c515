package sheepdog.membership.log;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.api.ClusterLog;
import sheepdog.membership.api.ClusterTransport;
import sheepdog.membership.api.ClusterTransport.Evidence;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.api.Member;
import sheepdog.membership.consensus.Config;
import sheepdog.membership.consensus.Consensus;
import sheepdog.membership.consensus.Entry;
import sheepdog.membership.consensus.FieldReader;
import sheepdog.membership.consensus.LogWrite;
import sheepdog.membership.consensus.MalformedException;
import sheepdog.membership.consensus.Message;
import sheepdog.membership.consensus.Outgoing;
import sheepdog.membership.consensus.Restored;
import sheepdog.membership.consensus.Snapshot;
import sheepdog.membership.files.NoSpaceException;
import sheepdog.membership.runtime.Loop;
import sheepdog.membership.runtime.LoopFuture;
import sheepdog.membership.runtime.Pool;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.ResultCode;

/**
 * The committed log of one sheep: runs a {@link Consensus} on a loop, a {@link LogStorage} and a transport. Loop-owned.
 *
 * <p>Every turn ends in {@link #pump}: what the core wants sent is sent, what it wants written goes to {@link Pool#LOG},
 * what is committed and on this disk is applied. While a leader it also looks after the membership ({@link Steward}).
 *
 * <p>An I/O error of the log's disk stops this node: what is on the disk is unknown then, and so is what this node may
 * still promise. A disk that only hangs leaves a voter that answers but stores nothing; the others commit without it. So does
 * a file system on which even the space that is kept for the log is used up: what is to be written is tried again, and after
 * some seconds this node asks to be put out, since the others may wait for it.
 */
public final class ConsensusLog implements ClusterLog {
    private static final Logger LOG = LoggerFactory.getLogger(ConsensusLog.class);

    private static final Duration LEAVE_RETRY = Duration.ofMillis(100);
    private static final Duration LEAVE_MAX = Duration.ofSeconds(2);
    private static final Duration HANDOVER_PATIENCE = Duration.ofMillis(300);
    private static final Duration COMMIT_FLUSH = Duration.ofSeconds(1);
    private static final Duration FULL_RETRY = Duration.ofSeconds(1);
    /** As for a disk that hangs: the others must be able to go on within 8 s (I14). */
    private static final Duration FULL_MAX = Duration.ofSeconds(3);
    /** A copy of the directory that is older than this is known for one. */
    private static final Duration AGE_RAISE = Duration.ofMinutes(10);

    /** The epochs of a cluster that goes on by force begin so far behind: those that are gone may have had more. */
    private static final int FORCED_EPOCHS = 1000;

    /** Who hears another cluster's leader ends after a while, if that does not continue his own. */
    private static final Duration FOREIGN_PATIENCE = Duration.ofMillis(1000);

    private static final Duration AGE_RETRY = Duration.ofSeconds(5);
    /** What the leader last said of who is kept out counts so long. */
    private static final Duration BAR_FRESH = Duration.ofSeconds(10);

    private static final Duration AGE_TOLD = Duration.ofMillis(500);

    private final LogSetup setup;
    private final Member self;
    private final Loop loop;
    private final ClusterTransport transport;
    private final LogStorage storage;
    private final Neighbours neighbours = new Neighbours();
    private final Complaints complaints = new Complaints();
    private final Reports reports = new Reports();
    private final Bars bars = new Bars();
    private final Reach reach;
    private final Links links;
    private final Proposals proposals;
    private final Formatting formatting;
    private final Twins twins;
    private final Forcing forcing;

    private StateMachine machine;
    private Consensus core;
    private long cluster;
    private EpochRecord epoch;
    private Sessions sessions = new Sessions();
    private StoreAges ages = new StoreAges();
    private Lineage lineage = Lineage.NONE;
    private long bytesSinceSnapshot;
    private Optional<Steward> steward = Optional.empty();
    private long stewardTerm;

    private boolean pumping;
    private boolean pumpAgain;
    private long flushedAt;
    private boolean everLeased;
    private long leasedAt;
    private boolean heardOfOwnCluster;
    private Optional<Stranger> foreign = Optional.empty();
    /** This node has left the cluster in its log for the one that continues it, and has got nothing of that one's log yet. */
    private boolean adopting;

    private boolean superseded;
    private long age;
    private boolean raising;
    private boolean raiseFailed;
    private long raisedAt = Long.MIN_VALUE / 2;
    private long ageToldAt = Long.MIN_VALUE / 2;
    private boolean stopped;
    private String reason = "";
    private Optional<Leaving> leaving = Optional.empty();
    private final ArrayDeque<Unstored> unstored = new ArrayDeque<>();
    private OptionalLong fullSince = OptionalLong.empty();
    private Shown shown = new Shown(new Status(Phase.UNFORMATTED, 0, 0, List.of(), ""), false, List.of());

    /** What {@link StateMachine#statusChanged} was last called for. */
    private record Shown(Status status, boolean lease, List<Member> visible) {
        boolean differs(Shown other) {
            return status.phase() != other.status.phase()
                    || status.leader() != other.status.leader()
                    || !status.missing().equals(other.status.missing())
                    || !status.reason().equals(other.status.reason())
                    || lease != other.lease
                    || !visible.equals(other.visible);
        }
    }

    /** A leader of another cluster, which seems to be where this one's should be. */
    private record Stranger(Member leader, long cluster, long since) {}

    /** A planned leave under way. */
    private static final class Leaving {
        private final LoopFuture<Void> done;
        private final long since;
        private long askedAt;

        Leaving(Loop loop) {
            done = new LoopFuture<>(loop);
            since = loop.nowNanos();
            askedAt = since - LEAVE_RETRY.toNanos();
        }
    }

    /**
     * @param transport not started yet; this log starts it and is its listener
     * @param storage   not loaded yet; this log closes it
     */
    public ConsensusLog(LogSetup setup, Loop loop, ClusterTransport transport, LogStorage storage) {
        this.setup = setup;
        this.loop = loop;
        this.transport = transport;
        this.storage = storage;
        self = setup.self();
        age = self.age();
        Invariant.check(self.storeId() != 0, "store id 0");
        var node = new Node();
        proposals = new Proposals(setup, loop, node);
        formatting = new Formatting(setup, loop, node);
        twins = new Twins(setup, loop, node);
        reach = new Reach(loop, this::send);
        links = new Links(self, neighbours, bars, new Asking());
        forcing = new Forcing(setup, loop, node);
        epoch = new EpochRecord(Epoch.NONE, 0, List.of(), List.of());
    }

    // ---- ClusterLog

    /** @throws LogStorageException or ClusterTransport.TransportException, with what the operator must do */
    @Override
    public void start(StateMachine machine) {
        this.machine = machine;
        Restored restored = storage.load();
        restored.snapshot().ifPresent(found -> {
            try {
                cluster = LogState.decode(found.data()).cluster();
            } catch (MalformedException unreadable) {
                throw new LogStorageException("the cluster log's snapshot cannot be read: " + unreadable.getMessage());
            }
        });
        core = newCore(restored);
        flushedAt = loop.nowNanos();
        loop.execute(() -> {
            pump();
            tick();
        });
        transport.start(self, new Listening());
    }

    @Override
    public CompletionStage<Outcome<byte[]>> propose(byte[] command) {
        loop.checkOnLoop();
        Invariant.check(command.length <= COMMAND_BYTES_MAX, "command of %d bytes", command.length);
        if (stopped || leaving.isPresent()) {
            return CompletableFuture.completedStage(Outcome.refused(ResultCode.SHUTDOWN));
        }
        var stage = proposals.add(command);
        pump();
        return stage;
    }

    @Override
    public CompletionStage<Outcome<byte[]>> format(byte[] command) {
        loop.checkOnLoop();
        Invariant.check(command.length <= COMMAND_BYTES_MAX, "command of %d bytes", command.length);
        if (stopped || leaving.isPresent()) {
            return CompletableFuture.completedStage(Outcome.refused(ResultCode.SHUTDOWN));
        }
        if (!core.pristine() || formatting.busy() || adopting) {
            return CompletableFuture.completedStage(Outcome.refused(ResultCode.AGAIN));
        }
        var stage = formatting.start(command);
        pump();
        return stage;
    }

    @Override
    public CompletionStage<Outcome<Void>> force() {
        loop.checkOnLoop();
        if (stopped || leaving.isPresent()) {
            return CompletableFuture.completedStage(Outcome.refused(ResultCode.SHUTDOWN));
        }
        if (!stranded()) {
            return CompletableFuture.completedStage(Outcome.refused(ResultCode.FORCE_RECOVER));
        }
        var stage = forcing.start();
        pump();
        return stage;
    }

    /** Whether this log stopped because its cluster went on by force without this store, whose directory must not be used. */
    public boolean superseded() {
        return superseded;
    }

    @Override
    public CompletionStage<Void> leave() {
        loop.checkOnLoop();
        if (leaving.isPresent()) {
            return leaving.get().done;
        }
        var started = new Leaving(loop);
        leaving = Optional.of(started);
        proposals.refuseAll();
        pump();
        return started.done;
    }

    @Override
    public void close() {
        loop.checkOnLoop();
        if (!stopped) {
            stop("closed");
        }
    }

    @Override
    public Status status() {
        loop.checkOnLoop();
        List<Member> missing = epoch.members().stream()
                .filter(member -> member.storeId() != self.storeId()
                        && neighbours.visible(member.storeId()).isEmpty())
                .toList();
        Phase phase = phase();
        return new Status(
                phase, stopped ? 0 : core.leader(), Math.max(0, core.commit()), missing, reason(phase, missing));
    }

    @Override
    public boolean holdsLease() {
        return !stopped && leaving.isEmpty() && foreign.isEmpty() && memberNow() && core.holdsLease(loop.nowNanos());
    }

    @Override
    public List<Member> visible() {
        loop.checkOnLoop();
        var all = new ArrayList<>(neighbours.visible());
        all.add(self);
        all.sort((a, b) -> a.node().compareTo(b.node()));
        return List.copyOf(all);
    }

    @Override
    public Optional<Duration> unseenFor(long storeId) {
        loop.checkOnLoop();
        return neighbours.goneAt(storeId).map(at -> Duration.ofNanos(loop.nowNanos() - at));
    }

    @Override
    public void complain(long storeId) {
        loop.checkOnLoop();
        if (stopped) {
            return;
        }
        complaints.add(self.storeId(), storeId, epoch, loop.nowNanos());
        transport.broadcast(Letter.encode(new Letter.Envelope(cluster, new Letter.Complaint(storeId))));
        doubt(storeId);
    }

    @Override
    public void doubt(long storeId) {
        loop.checkOnLoop();
        if (stopped || storeId == self.storeId()) {
            return;
        }
        if (leads()) {
            links.doubt(self.storeId(), storeId, epoch, loop.nowNanos());
            pump();
        } else if (core.leader() != 0) {
            send(core.leader(), new Letter.Doubt(storeId));
        }
    }

    @Override
    public void probeWith(PortProbe probe) {
        reach.by(probe);
    }

    @Override
    public List<BrokenLink> brokenLinks() {
        loop.checkOnLoop();
        return reports.broken(epoch, loop.nowNanos()).stream()
                .map(link -> new BrokenLink(
                        epoch.store(link.low()).orElseThrow(),
                        epoch.store(link.high()).orElseThrow()))
                .toList();
    }

    @Override
    public List<KeptOut> keptOut() {
        loop.checkOnLoop();
        return visible().stream()
                .flatMap(member -> bars.notReached(member.storeId(), BAR_FRESH, loop.nowNanos()).stream()
                        .map(stores -> new KeptOut(member, members(stores))))
                .toList();
    }

    private List<Member> members(Set<Long> stores) {
        return epoch.members().stream()
                .filter(member -> stores.contains(member.storeId()))
                .toList();
    }

    /** Random number of the cluster this sheep belongs to; 0 before it is formatted. */
    public long cluster() {
        return core.pristine() ? 0 : cluster;
    }

    /** For the checks of simulations. */
    Consensus core() {
        return core;
    }

    // ---- Where this node stands

    private boolean leads() {
        return core.role() == Consensus.Role.LEADER;
    }

    /** Whether this very process is a member of the newest epoch applied here. */
    private boolean memberNow() {
        return epoch.store(self.storeId())
                .filter(member -> member.incarnation() == self.incarnation()
                        && member.node().id().equals(self.node().id()))
                .isPresent();
    }

    private Phase phase() {
        if (stopped) {
            return Phase.STOPPED;
        }
        if (core.pristine() && !adopting) {
            return Phase.UNFORMATTED;
        }
        if (!everLeased || adopting) {
            return Phase.JOINING;
        }
        if (forcing.isFrozen()) {
            return Phase.ISOLATED;
        }
        boolean lately = loop.nowNanos() - leasedAt < setup.timing().lease().toNanos();
        return memberNow() && (holdsLease() || core.leader() != 0 && lately) ? Phase.SERVING : Phase.ISOLATED;
    }

    private String reason(Phase phase, List<Member> missing) {
        return switch (phase) {
            case UNFORMATTED, SERVING -> "";
            case STOPPED -> reason;
            case JOINING, ISOLATED -> {
                if (adopting || forcing.isFrozen()) {
                    yield "waits for the cluster that goes on by force";
                }
                if (core.damaged()) {
                    yield "waits for the part of the cluster log that is missing here";
                }
                Optional<Set<Long>> notReached = bars.notReached(self.storeId(), BAR_FRESH, loop.nowNanos());
                if (notReached.isPresent()) {
                    yield "waits to be taken into an epoch; "
                            + (notReached.get().isEmpty()
                                    ? "all members reach it again"
                                    : "not reached by "
                                            + members(notReached.get()).stream()
                                                    .map(m -> m.node().id().toString())
                                                    .toList());
                }
                boolean seesMajority = core.config()
                        .reachedBy(id ->
                                id == self.storeId() || neighbours.visible(id).isPresent());
                boolean seesLeader = core.leader() == self.storeId()
                        || neighbours.visible(core.leader()).isPresent();
                if (!seesLeader || !seesMajority) {
                    yield missing.isEmpty()
                            ? "waits for a leader"
                            : "waits for a majority; missing "
                                    + missing.stream()
                                            .map(m -> m.node().id().toString())
                                            .toList();
                }
                yield memberNow() ? "waits for a lease" : "waits to be taken into an epoch";
            }
        };
    }

    private void stop(String why) {
        if (stopped) {
            return;
        }
        reason = why;
        stopped = true;
        LOG.info("cluster log stopped reason=\"{}\"", why);
        proposals.refuseAll();
        formatting.abandon();
        forcing.abandon();
        steward = Optional.empty();
        leaving.ifPresentOrElse(
                under -> {
                    transport.leave();
                    under.done.complete(null);
                },
                transport::close);
        // After what is being written now.
        loop.offload(Pool.LOG, 0, () -> {
            storage.close();
            return true;
        });
        show();
    }

    // ---- Turns

    private Consensus newCore(Restored restored) {
        return new Consensus(
                self.storeId(), self.incarnation(), setup.timing(), setup.random(), restored, loop.nowNanos());
    }

    private void tick() {
        if (stopped) {
            return;
        }
        long now = loop.nowNanos();
        if (!forcing.isFrozen()) {
            core.tick(now);
            if (now - flushedAt >= COMMIT_FLUSH.toNanos()) {
                flushedAt = now;
                core.flushCommit();
            }
        }
        endAmongStrangers(now);
        forcing.tick();
        formatting.tick();
        twins.tick();
        pump();
        grow(now);
        if (!stopped) {
            loop.after(setup.timing().tick(), this::tick);
        }
    }

    /** Brings out what the core has, until there is no more. */
    private void pump() {
        if (pumping) {
            // Called by the state machine, or by what waited for a proposal: the turn around it goes on with it.
            pumpAgain = true;
            return;
        }
        pumping = true;
        try {
            do {
                pumpAgain = false;
                turn();
            } while (pumpAgain && !stopped);
        } finally {
            pumping = false;
        }
        show();
    }

    private void turn() {
        if (stopped) {
            return;
        }
        apply();
        if (stopped) {
            return;
        }
        if (forcing.isFrozen()) {
            core.takeWrite().ifPresent(this::write);
            forcing.proceed();
            apply();
            forcing.proceed();
            return;
        }
        proposals.forward();
        look();
        apply();
        for (Outgoing outgoing : core.takeMessages()) {
            transport.send(
                    outgoing.to(), Letter.encode(new Letter.Envelope(cluster, new Letter.Core(outgoing.message()))));
        }
        core.takeWrite().ifPresent(this::write);
        leaving.ifPresent(this::goOnLeaving);
    }

    private void write(LogWrite write) {
        Consensus of = core;
        store(write).thenAccept(failure -> {
            if (stopped) {
                return;
            }
            if (failure.isPresent()) {
                LOG.error("the cluster log cannot be written error=\"{}\"", failure.get());
                stop("the cluster log cannot be written: " + failure.get());
            } else if (of == core) {
                core.written(write, loop.nowNanos());
                pump();
            }
        });
    }

    /** One after the other, also when one must wait for space. Empty when it is done, else why not. */
    private CompletionStage<Optional<String>> store(LogWrite write) {
        var waiting = new Unstored(write, new LoopFuture<>(loop));
        unstored.add(waiting);
        if (unstored.size() == 1) {
            storeNext();
        }
        return waiting.done;
    }

    private record Unstored(LogWrite write, LoopFuture<Optional<String>> done) {}

    private void storeNext() {
        LogWrite write = unstored.getFirst().write;
        loop.offload(Pool.LOG, 0, () -> tryToStore(write)).thenAccept(result -> {
            switch (result) {
                case Attempted.Done(Optional<String> failure) -> {
                    if (fullSince.isPresent()) {
                        fullSince = OptionalLong.empty();
                        LOG.info("the cluster log is written again");
                    }
                    Unstored first = unstored.removeFirst();
                    if (!unstored.isEmpty()) {
                        storeNext();
                    }
                    first.done.complete(failure);
                }
                case Attempted.Full(String reason) -> waitForSpace(reason);
            }
        });
    }

    private void waitForSpace(String reason) {
        if (fullSince.isEmpty()) {
            fullSince = OptionalLong.of(loop.nowNanos());
            LOG.warn("the cluster log waits for space, and this sheep answers for nothing new error=\"{}\"", reason);
        }
        boolean holdsUp = loop.nowNanos() - fullSince.getAsLong() >= FULL_MAX.toNanos();
        if (holdsUp && !stopped && everLeased && memberNow()) {
            complain(self.storeId());
        }
        loop.after(FULL_RETRY, () -> {
            if (!stopped) {
                storeNext();
            }
        });
    }

    private sealed interface Attempted {
        record Done(Optional<String> failure) implements Attempted {}

        record Full(String reason) implements Attempted {}
    }

    private Attempted tryToStore(LogWrite write) {
        try {
            storage.write(write);
            return new Attempted.Done(Optional.empty());
        } catch (NoSpaceException full) {
            return new Attempted.Full(full.getMessage());
        } catch (IOException failure) {
            return new Attempted.Done(Optional.of(failure.toString()));
        }
    }

    private void show() {
        boolean lease = holdsLease();
        if (lease) {
            everLeased = true;
            leasedAt = loop.nowNanos();
        }
        var now = new Shown(status(), lease, visible());
        if (now.differs(shown)) {
            if (now.status.phase() != shown.status.phase()) {
                LOG.info(
                        "cluster log phase={} leader={} reason=\"{}\"",
                        now.status.phase(),
                        Long.toHexString(now.status.leader()),
                        now.status.reason());
            }
            shown = now;
            machine.statusChanged();
        }
    }

    // ---- Applying

    private void apply() {
        boolean more = true;
        while (more && !stopped) {
            Optional<Snapshot> snapshot = core.takeRestore();
            snapshot.ifPresent(this::restore);
            Optional<Entry> entry = snapshot.isPresent() ? Optional.empty() : core.nextCommitted();
            entry.ifPresent(this::apply);
            more = snapshot.isPresent() || entry.isPresent();
        }
        if (!stopped
                && core.mayCompact()
                && bytesSinceSnapshot > setup.limits().snapshotBytes()
                && bytesSinceSnapshot > core.snapshot().data().length) {
            var state = new LogState(cluster, epoch, sessions, ages, lineage, Optional.of(machine.snapshot()));
            core.compact(state.encode(), setup.limits().trailingEntries());
            bytesSinceSnapshot = 0;
        }
    }

    private void restore(Snapshot snapshot) {
        LogState state = LogState.decode(snapshot.data());
        cluster = state.cluster();
        epoch = state.epoch();
        sessions = state.sessions();
        ages = state.ages();
        lineage = state.lineage();
        adopting = false;
        bytesSinceSnapshot = 0;
        state.machine().ifPresent(bytes -> machine.restore(new Position(snapshot.index(), snapshot.term()), bytes));
        knowIncarnations();
        proposals.restored(sessions);
    }

    private void apply(Entry entry) {
        bytesSinceSnapshot += entry.data().length + 64;
        var position = new Position(entry.index(), entry.term());
        switch (entry.kind()) {
            case NOOP -> {}
            case CONFIG -> {
                var config = Config.decode(entry.data());
                if (config.payload().length > 0) {
                    applyEpoch(position, config.current().voters(), config.payload());
                }
            }
            case COMMAND, FENCE -> {
                switch (Command.decode(entry.data())) {
                    case Command.Genesis genesis -> applyGenesis(position, genesis);
                    case Command.Proposal proposal -> applyProposal(position, proposal);
                    case Command.Started started -> applyStarted(position, started.member());
                    case Command.Raised raised -> {
                        ages.raised(raised.storeId(), raised.incarnation(), raised.age());
                        LOG.info("store={} age={}", HexFormat.of().toHexDigits(raised.storeId()), raised.age());
                        refuseAllOutdated();
                    }
                }
            }
        }
    }

    private void applyEpoch(Position position, List<Long> voters, byte[] payload) {
        var in = new FieldReader(payload);
        long seconds = in.i64();
        List<Member> members =
                RecordCodec.readMembers(in).stream().map(this::newestProcess).toList();
        members.forEach(this::forgetLastProcess);
        epoch = new EpochRecord(epoch.epoch().next(), seconds, members, voters);
        LOG.info("epoch={} members={} voters={}", epoch.epoch(), epoch.members(), voters.size());
        knowIncarnations();
        machine.epoch(position, epoch);
    }

    /** An entry between the proposal of an epoch and its place in the log may have told of a newer process. */
    private Member newestProcess(Member member) {
        long newest = Math.max(member.incarnation(), ages.newest(member.storeId()));
        return member.as(newest);
    }

    private void applyGenesis(Position position, Command.Genesis genesis) {
        byte[] result = machine.apply(position, genesis.bytes());
        firstEpoch(position, genesis.wallSeconds());
        formatting.applied(result);
    }

    private void applyProposal(Position position, Command.Proposal proposal) {
        if (sessions.fresh(proposal)) {
            byte[] result = machine.apply(position, proposal.bytes());
            if (machine.restartsEpochs(proposal.bytes())) {
                firstEpoch(position, proposal.wallSeconds());
            }
            sessions.applied(position.index(), proposal, result);
        }
        proposals.applied(proposal, sessions);
    }

    /** Who is new in an epoch, as a store or as a process, begins without what was said of it: on all, for each may lead next. */
    private void forgetLastProcess(Member now) {
        boolean same = epoch.store(now.storeId())
                .filter(before -> before.incarnation() == now.incarnation())
                .isPresent();
        if (!same) {
            complaints.forget(now.storeId());
            reports.forget(now.storeId());
        }
    }

    private void firstEpoch(Position position, long seconds) {
        epoch = new EpochRecord(Epoch.FIRST, seconds, epoch.members(), epoch.voters());
        knowIncarnations();
        machine.epoch(position, epoch);
    }

    private void applyStarted(Position position, Member started) {
        Optional<Member> known = epoch.store(started.storeId());
        if (known.isEmpty() || known.get().incarnation() >= started.incarnation()) {
            return;
        }
        Member member = known.get().as(started.incarnation());
        forgetLastProcess(member);
        List<Member> members = epoch.members().stream()
                .map(old -> old.sameStore(member) ? member : old)
                .toList();
        epoch = new EpochRecord(epoch.epoch(), epoch.timeSeconds(), members, epoch.voters());
        knowIncarnations();
        machine.memberStarted(position, member);
    }

    private void knowIncarnations() {
        ages.add(epoch);
        epoch.members().forEach(member -> core.memberIncarnation(member.storeId(), member.incarnation()));
        refuseAllOutdated();
    }

    // ---- Old copies of directories

    /** Raises the age of this store once it is a member, and from time to time, first in the directory. */
    private void grow(long now) {
        if (stopped || leaving.isPresent() || !memberNow()) {
            return;
        }
        Duration pause = age > self.age() ? AGE_RAISE : AGE_RETRY;
        if (everLeased && !raising && now - raisedAt > pause.toNanos()) {
            raising = true;
            raisedAt = now;
            long next = age + 1;
            loop.offload(Pool.LOG, 0, () -> raise(next)).thenAccept(failure -> {
                raising = false;
                if (failure.isEmpty()) {
                    age = next;
                } else if (!raiseFailed) {
                    LOG.warn("the age of the store cannot be written error=\"{}\"", failure.get());
                }
                raiseFailed = failure.isPresent();
            });
        }
        boolean untold = age > ages.age(self.storeId());
        if (untold && core.leader() != 0 && now - ageToldAt > AGE_TOLD.toNanos()) {
            ageToldAt = now;
            if (leads()) {
                core.propose(new Command.Raised(self.storeId(), self.incarnation(), age).encode(), false);
                pump();
            } else {
                send(core.leader(), new Letter.Raised(self.incarnation(), age));
            }
        }
    }

    private Optional<String> raise(long to) {
        try {
            setup.ageMark().raise(to);
            return Optional.empty();
        } catch (IOException failure) {
            return Optional.of(failure.toString());
        }
    }

    private void refuseAllOutdated() {
        if (ages.outdates(self)) {
            stopOutdated(ages.age(self.storeId()));
            return;
        }
        neighbours.visible().stream().filter(ages::outdates).toList().forEach(this::refuseOutdated);
    }

    /**
     * Its word counts for nothing: it has forgotten what it voted, what it stored of the log, and what its objects were.
     * It may be a process that has ended, and its message come late; then nobody reads the answer.
     */
    private void refuseOutdated(Member process) {
        neighbours.forget(process);
        send(process.storeId(), new Letter.Outdated(process.incarnation(), ages.age(process.storeId())));
    }

    private void stopOutdated(long known) {
        stop(("this directory is an old copy of store %016x (its age is %d, that of the store %d) and lacks what was"
                        + " written since: start on an empty directory instead, which gets all its copies anew")
                .formatted(self.storeId(), self.age(), known));
    }

    // ---- Leading

    private Steward steward() {
        if (steward.isEmpty() || stewardTerm != core.term()) {
            long arrivals = everLeased ? 0 : setup.timing().arrival().toNanos();
            steward = Optional.of(new Steward(
                    setup,
                    core,
                    neighbours,
                    complaints,
                    reports,
                    links,
                    bars,
                    loop.nowNanos() + arrivals,
                    machine::draining));
            stewardTerm = core.term();
            proposals.newLeader();
            LOG.info("leading term={}", stewardTerm);
        }
        return steward.get();
    }

    private void look() {
        if (!leads()) {
            steward = Optional.empty();
            links.leadsNoMore();
            return;
        }
        boolean selfLeaves = leaving.isPresent() && loop.nowNanos() - leaving.get().since > HANDOVER_PATIENCE.toNanos();
        Steward acting = steward();
        acting.takeReleased().forEach((id, incarnation) -> send(id, new Letter.Released(incarnation)));
        acting.act(epoch, selfLeaves, loop.nowNanos());
        links.act(epoch, loop.nowNanos());
    }

    /** How the leader asks others, and itself, who reaches whom. */
    private final class Asking implements Links.Questions {
        @Override
        public void ask(long who, Member target, boolean all) {
            if (who == self.storeId()) {
                check(who, target, all);
            } else {
                send(who, new Letter.Check(target, all));
            }
        }

        @Override
        public void tell(Letter.Barred barred) {
            transport.broadcast(Letter.encode(new Letter.Envelope(cluster, barred)));
        }
    }

    private void check(long asker, Member target, boolean all) {
        reach.check(target, result -> {
            if (stopped) {
                return;
            }
            var found = new Letter.Checked(target.storeId(), all, result.transport(), result.port());
            if (all) {
                checked(self.storeId(), found);
            }
            if (all && !found.port()) {
                transport.broadcast(Letter.encode(new Letter.Envelope(cluster, found)));
            } else if (asker != self.storeId()) {
                send(asker, found);
            } else if (!all) {
                checked(asker, found);
            }
            pump();
        });
    }

    /** Data goes by the port; so that is what a member must have. Who comes back must have both. */
    private void checked(long by, Letter.Checked found) {
        if (found.all()) {
            reports.add(by, found.storeId(), found.port(), epoch, loop.nowNanos());
        } else if (leads()) {
            links.answered(by, found);
        }
    }

    // ---- Leaving

    private void goOnLeaving(Leaving under) {
        long now = loop.nowNanos();
        boolean others = epoch.members().size() > 1;
        boolean over = core.pristine() || !others || core.out() || now - under.since > LEAVE_MAX.toNanos();
        if (over) {
            stop("left the cluster");
        } else if (leads()) {
            if (core.handOver(now - under.since < HANDOVER_PATIENCE.toNanos() / 2)) {
                pumpAgain = true;
            }
        } else if (core.leader() != 0 && now - under.askedAt >= LEAVE_RETRY.toNanos()) {
            under.askedAt = now;
            send(core.leader(), new Letter.Leave(self.incarnation()));
        }
    }

    // ---- Others

    private void send(long to, Letter letter) {
        transport.send(to, Letter.encode(new Letter.Envelope(cluster, letter)));
    }

    private final class Listening implements ClusterTransport.Listener {
        @Override
        public void seen(Member member) {
            if (stopped) {
                return;
            }
            if (member.storeId() == self.storeId()) {
                twins.suspect(member);
                return;
            }
            if (ages.outdates(member)) {
                refuseOutdated(member);
                return;
            }
            Optional<Member> before = neighbours.visible(member.storeId());
            if (neighbours.seen(member)) {
                before.or(() -> epoch.store(member.storeId()))
                        .filter(old -> old.incarnation() < member.incarnation()
                                && old.node().id().equals(member.node().id()))
                        // It has the address of the process before it, so that one is gone.
                        .ifPresent(old -> dead(old.storeId(), old.incarnation()));
            }
            pump();
        }

        @Override
        public void gone(Member member, Evidence evidence) {
            if (stopped || member.storeId() == self.storeId() || ages.outdates(member)) {
                return;
            }
            Evidence proof = ofMember(member) ? evidence : Evidence.CLOSED;
            neighbours.gone(member, proof, loop.nowNanos());
            switch (proof) {
                case LEFT, DEAD -> core.dead(member.storeId(), member.incarnation());
                case CLOSED, SILENT -> {}
            }
            pump();
        }

        @Override
        public void received(Member from, byte[] message) {
            if (stopped) {
                return;
            }
            try {
                Letter.Envelope envelope = Letter.decode(message);
                if (from.storeId() == self.storeId()) {
                    twins.received(from, envelope.letter());
                } else {
                    read(from, envelope);
                }
            } catch (MalformedException refused) {
                LOG.warn("message refused from={} reason=\"{}\"", from, refused.getMessage());
            }
            pump();
        }
    }

    /**
     * Whether the end of this process says something about the member with its store id. A later process elsewhere does
     * not: it may run on a copy of the folder, and the one it was copied from still serve.
     */
    private boolean ofMember(Member process) {
        return epoch.store(process.storeId())
                .filter(member -> member.incarnation() < process.incarnation()
                        && !member.node().id().equals(process.node().id()))
                .isEmpty();
    }

    private void dead(long storeId, long incarnation) {
        neighbours.dead(storeId, incarnation);
        core.dead(storeId, incarnation);
    }

    private void read(Member from, Letter.Envelope envelope) {
        if (ages.outdates(from)) {
            refuseOutdated(from);
            return;
        }
        if (envelope.letter() instanceof Letter.Outdated outdated) {
            if (outdated.incarnation() == self.incarnation() && (envelope.cluster() == cluster || core.pristine())) {
                stopOutdated(outdated.age());
            }
            return;
        }
        if (envelope.letter() instanceof Letter.ForceAsk ask) {
            forcing.asked(from, envelope.cluster(), ask);
            return;
        }
        if (envelope.letter() instanceof Letter.ForceReply reply) {
            forcing.answered(from, envelope.cluster(), reply);
            return;
        }
        if (envelope.letter() instanceof Letter.Superseded told) {
            superseded(from, envelope.cluster(), told);
            return;
        }
        if (forcing.isFrozen() || adopting && envelope.cluster() != cluster) {
            return;
        }
        if (envelope.letter() instanceof Letter.Offer offer) {
            formatting.offered(from, envelope.cluster(), offer);
            return;
        }
        if (envelope.letter() instanceof Letter.OfferReply reply) {
            formatting.answered(from, envelope.cluster(), reply);
            return;
        }
        if (envelope.letter() instanceof Letter.Foreign) {
            if (leads() && lineage.continues(envelope.cluster())) {
                boolean keeps = lineage.keeps(envelope.cluster(), from.storeId());
                send(from.storeId(), new Letter.Superseded(envelope.cluster(), keeps));
            } else if (leads()) {
                steward().foreign(from.storeId());
            }
            return;
        }
        if (envelope.cluster() != cluster && !joins(envelope)) {
            refuseForeign(from, envelope);
            return;
        }
        heardOfOwnCluster = true;
        foreign = Optional.empty();
        switch (envelope.letter()) {
            case Letter.Core letter -> core.receive(loop.nowNanos(), from.storeId(), letter.message());
            case Letter.Propose letter -> {
                if (leads() && epoch.store(from.storeId()).isPresent()) {
                    proposals.accept(letter.proposal());
                }
            }
            case Letter.Leave leave -> released(from, leave);
            case Letter.Raised raised -> {
                if (leads() && raised.age() > ages.age(from.storeId())) {
                    core.propose(
                            new Command.Raised(from.storeId(), raised.incarnation(), raised.age()).encode(), false);
                }
            }
            case Letter.Released released -> {
                if (released.incarnation() == self.incarnation() && leaving.isPresent()) {
                    stop("left the cluster");
                }
            }
            case Letter.Complaint complaint ->
                complaints.add(from.storeId(), complaint.storeId(), epoch, loop.nowNanos());
            case Letter.Doubt doubt -> {
                if (leads()) {
                    links.doubt(from.storeId(), doubt.storeId(), epoch, loop.nowNanos());
                }
            }
            case Letter.Check check -> check(from.storeId(), check.target(), check.all());
            case Letter.Checked checked -> checked(from.storeId(), checked);
            case Letter.Ping ping -> reach.received(from.storeId(), ping);
            case Letter.Barred barred -> bars.told(barred, loop.nowNanos());
            case Letter.Stand() -> {
                if (core.pristine() && core.formatted() && core.config().votes(self.storeId())) {
                    core.campaign(loop.nowNanos());
                }
            }
            case Letter.ForceGo() -> forcing.go();
            case Letter.Offer _,
                    Letter.OfferReply _,
                    Letter.Foreign _,
                    Letter.Outdated _,
                    Letter.Twin _,
                    Letter.ForceAsk _,
                    Letter.ForceReply _,
                    Letter.Superseded _ -> {}
        }
    }

    private void released(Member from, Letter.Leave leave) {
        if (!leads() || !ofMember(from)) {
            return;
        }
        neighbours.left(from.storeId(), leave.incarnation());
        core.withhold(from.storeId(), leave.incarnation());
        if (epoch.store(from.storeId()).isEmpty() && steward().settled()) {
            send(from.storeId(), new Letter.Released(leave.incarnation()));
        }
    }

    /** A sheep that belongs to no cluster follows the first leader that turns to it. */
    private boolean joins(Letter.Envelope envelope) {
        boolean leader = envelope.letter() instanceof Letter.Core core
                && switch (core.message()) {
                    case Message.Append _, Message.Heartbeat _, Message.SnapshotChunk _ -> true;
                    case Message.VoteRequest _,
                            Message.VoteReply _,
                            Message.AppendReply _,
                            Message.HeartbeatReply _,
                            Message.SnapshotReply _,
                            Message.Applied _,
                            Message.Handover _ -> false;
                };
        if (!core.pristine() || !leader || envelope.cluster() == 0) {
            return false;
        }
        formatting.abandon();
        replaceCore(envelope.cluster(), Restored.EMPTY);
        return true;
    }

    private void replaceCore(long newCluster, Restored restored) {
        cluster = newCluster;
        core = newCore(restored);
        steward = Optional.empty();
    }

    // ---- Going on by force

    private boolean stranded() {
        return !stopped
                && leaving.isEmpty()
                && !core.pristine()
                && !forcing.isFrozen()
                && !core.hasLeader(loop.nowNanos())
                && !core.holdsLease(loop.nowNanos());
    }

    private LogState forcedState(long next, Set<Long> there) {
        var weighted = setup.weights().apply(List.of(self.node()));
        Member member = self.as(weighted.getFirst());
        var first = new EpochRecord(
                new Epoch(epoch.epoch().number() + FORCED_EPOCHS),
                setup.wallSeconds().getAsLong(),
                List.of(member),
                List.of(self.storeId()));
        ages.add(first);
        byte[] state = machine.forced(next, first, there);
        return new LogState(
                next, first, sessions, ages, lineage.with(new Lineage.Step(cluster, there)), Optional.of(state));
    }

    /** Who has served as a process, and follows a leader, is in a cluster that is alive. */
    private void superseded(Member by, long next, Letter.Superseded told) {
        boolean alive = everLeased && core.hasLeader(loop.nowNanos());
        if (told.predecessor() != cluster || core.pristine() || forcing.isFrozen() || alive) {
            return;
        }
        if (told.keeps()) {
            LOG.warn("cluster={} goes on by force as cluster={} says={}", hex(cluster), hex(next), by);
            adopting = true;
            foreign = Optional.empty();
            replaceCore(next, Restored.EMPTY);
        } else {
            superseded = true;
            stop("the cluster went on by force, as cluster %016x at %s, without store %016x"
                    .formatted(next, by.node(), self.storeId()));
        }
    }

    private static String hex(long id) {
        return HexFormat.of().toHexDigits(id);
    }

    private void refuseForeign(Member from, Letter.Envelope envelope) {
        if (core.pristine() || envelope.cluster() == 0 || !(envelope.letter() instanceof Letter.Core)) {
            return;
        }
        transport.send(from.storeId(), Letter.encode(new Letter.Envelope(cluster, new Letter.Foreign())));
        if (foreign.isEmpty()
                && !everLeased
                && !heardOfOwnCluster
                && envelope.letter() instanceof Letter.Core letter
                && letter.message() instanceof Message.Heartbeat) {
            foreign = Optional.of(new Stranger(from, envelope.cluster(), loop.nowNanos()));
        }
    }

    /** Who hears another cluster's leader and nobody of his own ends, unless that leader says that its cluster continues this one. */
    private void endAmongStrangers(long now) {
        foreign.filter(stranger -> now - stranger.since > FOREIGN_PATIENCE.toNanos())
                .ifPresent(stranger -> stop("this store belongs to cluster %016x, but the sheep at %s to cluster %016x"
                        .formatted(cluster, stranger.leader.node(), stranger.cluster)));
    }

    // ---- What the parts use

    private final class Node implements LogNode {
        @Override
        public Consensus core() {
            return core;
        }

        @Override
        public long cluster() {
            return cluster;
        }

        @Override
        public Sessions sessions() {
            return sessions;
        }

        @Override
        public boolean hasServed() {
            return everLeased;
        }

        @Override
        public boolean stopped() {
            return stopped;
        }

        @Override
        public boolean stranded() {
            return ConsensusLog.this.stranded();
        }

        @Override
        public LogState forced(long next, Set<Long> there) {
            return forcedState(next, there);
        }

        @Override
        public List<Member> visible() {
            return ConsensusLog.this.visible();
        }

        @Override
        public boolean understands(byte[] command) {
            return machine.understands(command);
        }

        @Override
        public boolean fences(byte[] command) {
            return machine.restartsEpochs(command);
        }

        @Override
        public void become(long newCluster, Restored restored) {
            replaceCore(newCluster, restored);
        }

        @Override
        public CompletionStage<Optional<String>> store(LogWrite write) {
            return ConsensusLog.this.store(write);
        }

        @Override
        public void send(long to, Letter.Envelope envelope) {
            transport.send(to, Letter.encode(envelope));
        }

        @Override
        public void broadcast(Letter letter) {
            transport.broadcast(Letter.encode(new Letter.Envelope(cluster, letter)));
        }

        @Override
        public void stop(String why) {
            ConsensusLog.this.stop(why);
        }

        @Override
        public void pump() {
            ConsensusLog.this.pump();
        }
    }
}
