package sheepdog.membership.log;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.api.ClusterLog.Position;
import sheepdog.membership.api.ClusterLog.StateMachine;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.api.Member;
import sheepdog.membership.consensus.Config;
import sheepdog.membership.consensus.Consensus;
import sheepdog.membership.consensus.Entry;
import sheepdog.membership.consensus.FieldReader;
import sheepdog.membership.consensus.MalformedException;
import sheepdog.membership.consensus.Snapshot;
import sheepdog.protocol.model.Epoch;

/**
 * The replicated state: what the entries applied so far come to, the same on all nodes at one index. What the log itself
 * keeps is here; the rest is the {@link StateMachine}'s. Snapshots are made of it, and put in its place. Loop-owned.
 */
final class Replica {
    private static final Logger LOG = LoggerFactory.getLogger(Replica.class);
    /** What an entry takes besides its data. */
    private static final int ENTRY_BYTES = 64;
    /** The epochs of a cluster that goes on by force begin so far behind: those that are gone may have had more. */
    private static final int FORCED_EPOCHS = 1000;

    private final LogSetup setup;
    private final Told told;

    private StateMachine machine;
    private long cluster;
    private EpochRecord epoch = new EpochRecord(Epoch.NONE, 0, List.of(), List.of());
    private Sessions sessions = new Sessions();
    private StoreAges ages = new StoreAges();
    private Lineage lineage = Lineage.NONE;
    private long bytesSinceSnapshot;

    /** What the node does about what was applied. */
    interface Told {
        /** The command that formats was applied. */
        void formatted(byte[] result);

        void applied(Command.Proposal proposal);

        /** Entries that this node never saw may be in the state now. */
        void restored();

        /** A store or process is about to be named that the newest epoch does not name. */
        void newProcess(long storeId);

        /** The members, or what is known of their ages, are others now. */
        void members();
    }

    Replica(LogSetup setup, Told told) {
        this.setup = setup;
        this.told = told;
    }

    /** Before anything is applied. */
    void start(StateMachine with) {
        machine = with;
    }

    /** Random id of the cluster, 0 before there is one. */
    long cluster() {
        return cluster;
    }

    EpochRecord epoch() {
        return epoch;
    }

    Sessions sessions() {
        return sessions;
    }

    StoreAges ages() {
        return ages;
    }

    Lineage lineage() {
        return lineage;
    }

    /** This node belongs to {@code other} now, of which it has no state yet. */
    void joins(long other) {
        cluster = other;
    }

    /** @throws LogStorageException if it cannot be read */
    void found(Snapshot onDisk) {
        try {
            cluster = LogState.decode(onDisk.data()).cluster();
        } catch (MalformedException unreadable) {
            throw new LogStorageException("the cluster log's snapshot cannot be read: " + unreadable.getMessage());
        }
    }

    void restore(Snapshot snapshot) {
        LogState state = LogState.decode(snapshot.data());
        cluster = state.cluster();
        epoch = state.epoch();
        sessions = state.sessions();
        ages = state.ages();
        lineage = state.lineage();
        bytesSinceSnapshot = 0;
        state.machine().ifPresent(bytes -> machine.restore(new Position(snapshot.index(), snapshot.term()), bytes));
        knowMembers();
        told.restored();
    }

    /** Replaces what was applied by a snapshot of it, when that has become worth it. */
    void compactIfDue(Consensus core) {
        if (core.mayCompact()
                && bytesSinceSnapshot > setup.limits().snapshotBytes()
                && bytesSinceSnapshot > core.snapshot().data().length) {
            var state = new LogState(cluster, epoch, sessions, ages, lineage, Optional.of(machine.snapshot()));
            core.compact(state.encode(), setup.limits().trailingEntries());
            bytesSinceSnapshot = 0;
        }
    }

    /** The state of the cluster {@code next} that goes on from here with the stores {@code there}, in an epoch of this node alone. */
    LogState forced(long next, Set<Long> there) {
        Member self = setup.self();
        var weighted = setup.weights().apply(List.of(self.node()));
        var first = new EpochRecord(
                new Epoch(epoch.epoch().number() + FORCED_EPOCHS),
                setup.wallSeconds().getAsLong(),
                List.of(self.as(weighted.getFirst())),
                List.of(self.storeId()));
        ages.add(first);
        byte[] state = machine.forced(next, first, there);
        return new LogState(
                next, first, sessions, ages, lineage.with(new Lineage.Step(cluster, there)), Optional.of(state));
    }

    void apply(Entry entry) {
        bytesSinceSnapshot += entry.data().length + ENTRY_BYTES;
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
                        LOG.info("store={} age={}", "%016x".formatted(raised.storeId()), raised.age());
                        told.members();
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
        members.forEach(this::tellIfNew);
        epoch = new EpochRecord(epoch.epoch().next(), seconds, members, voters);
        LOG.info("epoch={} members={} voters={}", epoch.epoch(), epoch.members(), voters.size());
        knowMembers();
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
        told.formatted(result);
    }

    private void applyProposal(Position position, Command.Proposal proposal) {
        if (sessions.fresh(proposal)) {
            byte[] result = machine.apply(position, proposal.bytes());
            if (machine.restartsEpochs(proposal.bytes())) {
                firstEpoch(position, proposal.wallSeconds());
            }
            sessions.applied(position.index(), proposal, result);
        }
        told.applied(proposal);
    }

    private void firstEpoch(Position position, long seconds) {
        epoch = new EpochRecord(Epoch.FIRST, seconds, epoch.members(), epoch.voters());
        knowMembers();
        machine.epoch(position, epoch);
    }

    private void applyStarted(Position position, Member started) {
        Optional<Member> known = epoch.store(started.storeId());
        if (known.isEmpty() || known.get().incarnation() >= started.incarnation()) {
            return;
        }
        Member member = known.get().as(started.incarnation());
        tellIfNew(member);
        List<Member> members = epoch.members().stream()
                .map(old -> old.sameStore(member) ? member : old)
                .toList();
        epoch = new EpochRecord(epoch.epoch(), epoch.timeSeconds(), members, epoch.voters());
        knowMembers();
        machine.memberStarted(position, member);
    }

    private void tellIfNew(Member member) {
        boolean known = epoch.store(member.storeId())
                .filter(before -> before.incarnation() == member.incarnation())
                .isPresent();
        if (!known) {
            told.newProcess(member.storeId());
        }
    }

    private void knowMembers() {
        ages.add(epoch);
        told.members();
    }
}
