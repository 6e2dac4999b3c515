package sheepdog.membership.log;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.api.ClusterLog;
import sheepdog.membership.api.ClusterTransport;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.api.Member;
import sheepdog.membership.consensus.Consensus;
import sheepdog.membership.consensus.Entry;
import sheepdog.membership.consensus.LogWrite;
import sheepdog.membership.consensus.Outgoing;
import sheepdog.membership.consensus.Restored;
import sheepdog.membership.consensus.Snapshot;
import sheepdog.membership.runtime.Loop;
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

    private static final Duration COMMIT_FLUSH = Duration.ofSeconds(1);

    private final LogSetup setup;
    private final Member self;
    private final Loop loop;
    private final ClusterTransport transport;
    private final LogStorage storage;

    private final Node node = new Node();
    private final Neighbours neighbours = new Neighbours();
    private final Replica replica;
    private final LogDisk disk;
    private final Proposals proposals;
    private final Formatting formatting;
    private final Forcing forcing;
    private final Twins twins;
    private final OldCopies oldCopies;
    private final Strangers strangers;
    private final LinkFaults faults;
    private final Departure departure;
    private final Leading leading;
    private final Standing standing;

    private StateMachine machine;
    private Consensus core;

    private boolean pumping;
    private boolean pumpAgain;
    private long flushedAt;

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
        Invariant.check(self.storeId() != 0, "store id 0");
        replica = new Replica(setup, new Applied());
        disk = new LogDisk(loop, storage, this::holdUpNobody);
        proposals = new Proposals(setup, loop, node);
        formatting = new Formatting(setup, loop, node);
        forcing = new Forcing(setup, loop, node);
        twins = new Twins(setup, loop, node);
        oldCopies = new OldCopies(setup, loop, node, neighbours);
        strangers = new Strangers(self, loop, node);
        faults = new LinkFaults(self, loop, node, neighbours);
        departure = new Departure(setup, loop, node);
        leading = new Leading(setup, loop, node, neighbours, faults);
        standing = new Standing(setup, loop, node, neighbours, faults, strangers, forcing, departure);
    }

    // ---- ClusterLog

    /** @throws LogStorageException or ClusterTransport.TransportException, with what the operator must do */
    @Override
    public void start(StateMachine machine) {
        this.machine = machine;
        replica.start(machine);
        Restored restored = storage.load();
        restored.snapshot().ifPresent(replica::found);
        core = newCore(restored);
        flushedAt = loop.nowNanos();
        loop.execute(() -> {
            pump();
            tick();
        });
        var parts =
                new Parts(neighbours, proposals, formatting, forcing, twins, oldCopies, strangers, faults, departure);
        transport.start(self, new Inbox(self, loop, node, parts));
    }

    @Override
    public CompletionStage<Outcome<byte[]>> propose(byte[] command) {
        if (refusesAll(command)) {
            return CompletableFuture.completedStage(Outcome.refused(ResultCode.SHUTDOWN));
        }
        var stage = proposals.add(command);
        pump();
        return stage;
    }

    @Override
    public CompletionStage<Outcome<byte[]>> format(byte[] command) {
        if (refusesAll(command)) {
            return CompletableFuture.completedStage(Outcome.refused(ResultCode.SHUTDOWN));
        }
        if (!core.pristine() || formatting.busy() || strangers.isAdopted()) {
            return CompletableFuture.completedStage(Outcome.refused(ResultCode.AGAIN));
        }
        var stage = formatting.start(command);
        pump();
        return stage;
    }

    private boolean refusesAll(byte[] command) {
        loop.checkOnLoop();
        Invariant.check(command.length <= COMMAND_BYTES_MAX, "command of %d bytes", command.length);
        return standing.isStopped() || departure.isUnderWay();
    }

    @Override
    public CompletionStage<Outcome<Void>> force() {
        loop.checkOnLoop();
        if (standing.isStopped() || departure.isUnderWay()) {
            return CompletableFuture.completedStage(Outcome.refused(ResultCode.SHUTDOWN));
        }
        if (!standing.isStranded()) {
            return CompletableFuture.completedStage(Outcome.refused(ResultCode.FORCE_RECOVER));
        }
        var stage = forcing.start();
        pump();
        return stage;
    }

    /** Whether this log stopped because its cluster went on by force without this store, whose directory must not be used. */
    public boolean superseded() {
        return strangers.isSuperseded();
    }

    @Override
    public CompletionStage<Void> leave() {
        loop.checkOnLoop();
        if (departure.isUnderWay()) {
            return departure.begin();
        }
        var out = departure.begin();
        proposals.refuseAll();
        pump();
        return out;
    }

    @Override
    public void close() {
        loop.checkOnLoop();
        stop("closed");
    }

    @Override
    public Status status() {
        loop.checkOnLoop();
        return standing.status();
    }

    @Override
    public boolean holdsLease() {
        return standing.holdsLease();
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
        if (!standing.isStopped()) {
            faults.complain(storeId);
        }
    }

    @Override
    public void doubt(long storeId) {
        loop.checkOnLoop();
        if (!standing.isStopped()) {
            faults.doubt(storeId);
        }
    }

    @Override
    public void probeWith(PortProbe probe) {
        faults.by(probe);
    }

    @Override
    public List<BrokenLink> brokenLinks() {
        loop.checkOnLoop();
        return faults.broken();
    }

    @Override
    public List<KeptOut> keptOut() {
        loop.checkOnLoop();
        return faults.keptOut();
    }

    /** Random number of the cluster this sheep belongs to; 0 before it is formatted. */
    public long cluster() {
        return core.pristine() ? 0 : replica.cluster();
    }

    /** For the checks of simulations. */
    Consensus core() {
        return core;
    }

    // ---- Where this node stands

    private boolean leads() {
        return core.role() == Consensus.Role.LEADER;
    }

    private void stop(String why) {
        if (standing.isStopped()) {
            return;
        }
        standing.stop(why);
        LOG.info("cluster log stopped reason=\"{}\"", why);
        proposals.refuseAll();
        formatting.abandon();
        forcing.abandon();
        leading.end();
        if (departure.isUnderWay()) {
            transport.leave();
            departure.end();
        } else {
            transport.close();
        }
        disk.close();
        show();
    }

    private void show() {
        if (standing.changed()) {
            machine.statusChanged();
        }
    }

    /** The log's disk has no space: the others may wait for what this node cannot store. */
    private void holdUpNobody() {
        if (standing.hasServed() && standing.isMember()) {
            complain(self.storeId());
        }
    }

    // ---- Turns

    private Consensus newCore(Restored restored) {
        return new Consensus(
                self.storeId(), self.incarnation(), setup.timing(), setup.random(), restored, loop.nowNanos());
    }

    private void replaceCore(long newCluster, Restored restored) {
        replica.joins(newCluster);
        core = newCore(restored);
        leading.end();
    }

    private void tick() {
        if (standing.isStopped()) {
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
        strangers.tick();
        forcing.tick();
        formatting.tick();
        twins.tick();
        pump();
        if (!standing.isStopped() && !departure.isUnderWay() && standing.isMember()) {
            oldCopies.tick();
        }
        if (!standing.isStopped()) {
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
            } while (pumpAgain && !standing.isStopped());
        } finally {
            pumping = false;
        }
        show();
    }

    private void turn() {
        if (standing.isStopped()) {
            return;
        }
        apply();
        if (standing.isStopped()) {
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
        leading.act(departure.isFromTheLead());
        apply();
        for (Outgoing outgoing : core.takeMessages()) {
            node.send(outgoing.to(), new Letter.Core(outgoing.message()));
        }
        core.takeWrite().ifPresent(this::write);
        departure.goOn();
    }

    private void write(LogWrite write) {
        Consensus of = core;
        disk.store(write).thenAccept(failure -> {
            if (standing.isStopped()) {
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

    private void apply() {
        boolean more = true;
        while (more && !standing.isStopped()) {
            Optional<Snapshot> snapshot = core.takeRestore();
            snapshot.ifPresent(found -> {
                strangers.restored();
                replica.restore(found);
            });
            Optional<Entry> entry = snapshot.isPresent() ? Optional.empty() : core.nextCommitted();
            entry.ifPresent(replica::apply);
            more = snapshot.isPresent() || entry.isPresent();
        }
        if (!standing.isStopped()) {
            replica.compactIfDue(core);
        }
    }

    private final class Applied implements Replica.Told {
        @Override
        public void formatted(byte[] result) {
            formatting.applied(result);
        }

        @Override
        public void applied(Command.Proposal proposal) {
            proposals.applied(proposal, replica.sessions());
        }

        @Override
        public void restored() {
            proposals.restored(replica.sessions());
        }

        @Override
        public void newProcess(long storeId) {
            faults.forget(storeId);
        }

        @Override
        public void members() {
            replica.epoch().members().forEach(member -> core.memberIncarnation(member.storeId(), member.incarnation()));
            oldCopies.refuseAll();
        }
    }

    // ---- What the parts use

    private final class Node implements LogNode {
        @Override
        public Consensus core() {
            return core;
        }

        @Override
        public long cluster() {
            return replica.cluster();
        }

        @Override
        public EpochRecord epoch() {
            return replica.epoch();
        }

        @Override
        public Sessions sessions() {
            return replica.sessions();
        }

        @Override
        public StoreAges ages() {
            return replica.ages();
        }

        @Override
        public Lineage lineage() {
            return replica.lineage();
        }

        @Override
        public boolean leads() {
            return ConsensusLog.this.leads();
        }

        @Override
        public boolean hasServed() {
            return standing.hasServed();
        }

        @Override
        public boolean stopped() {
            return standing.isStopped();
        }

        @Override
        public boolean stranded() {
            return standing.isStranded();
        }

        @Override
        public void refusedBy(long storeId) {
            leading.steward().foreign(storeId);
        }

        @Override
        public boolean settled() {
            return leading.steward().settled();
        }

        @Override
        public LogState forced(long next, Set<Long> there) {
            return replica.forced(next, there);
        }

        @Override
        public Set<Long> draining() {
            return machine.draining();
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
            return disk.store(write);
        }

        @Override
        public void send(long to, Letter.Envelope envelope) {
            transport.send(to, Letter.encode(envelope));
        }

        @Override
        public void broadcast(Letter letter) {
            transport.broadcast(Letter.encode(new Letter.Envelope(cluster(), letter)));
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
