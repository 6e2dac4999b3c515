package sheepdog.sheep.cluster;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.api.ClusterLog;
import sheepdog.membership.api.ClusterLog.Phase;
import sheepdog.membership.api.ClusterLog.Position;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.api.Member;
import sheepdog.membership.runtime.Loop;
import sheepdog.membership.runtime.Pool;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;
import sheepdog.store.api.ObjectStore;

/**
 * This sheep's place in the cluster: feeds {@link ClusterState} from the log and publishes a {@link ClusterView} per
 * epoch.
 *
 * <p>An epoch that was committed is first made safe here (written down, and the store refuses mutations of earlier
 * ones), off the loop, and only then published; until then requests of the new epoch wait, and those of the old one are
 * refused by the store. Commands that follow it in the log are applied meanwhile. On a file system so full that it cannot
 * be written down, it is served all the same, for this node's log has it on disk, and written down when there is space.
 * An epoch before the newest that an earlier process wrote down is not published: what is left of a damaged log may end there.
 *
 * <p>Loop-owned. A shutdown or kill only changes {@link #status}; ending the process is {@code main}'s.
 */
public final class Cluster implements ClusterLog.StateMachine {
    private static final Logger LOG = LoggerFactory.getLogger(Cluster.class);
    private static final Duration SPACE_RETRY = Duration.ofSeconds(1);

    private final Loop loop;
    private final ClusterLog log;
    private final ObjectStore store;
    private final EpochArchive archive;
    private final Member self;
    private final ClusterState state = new ClusterState();
    private final EpochHistory history = new EpochHistory();
    private final List<Runnable> listeners = new ArrayList<>();
    private Runnable whenUnable = () -> {};

    private int storeCalls;
    private final List<Runnable> whenStoreIsIdle = new ArrayList<>();
    private ClusterFormat lastFormat = ClusterFormat.NONE;
    /** Epochs that found no space, oldest first. */
    private final List<Unwritten> unwritten = new ArrayList<>();

    private boolean formatWaits;

    private Optional<ClusterView> view = Optional.empty();

    /** What {@link #isMember} looked at last: it is asked for every request. */
    private Optional<EpochRecord> memberIn = Optional.empty();

    private boolean member;
    private boolean killed;
    private boolean shutdown;

    public Cluster(Loop loop, ClusterLog log, ObjectStore store, EpochArchive archive, Member self) {
        this.loop = loop;
        this.log = log;
        this.store = store;
        this.archive = archive;
        this.self = self;
    }

    /** {@code changed} is called on the loop after the view, the status, a VDI or an owner changed. */
    public void onChange(Runnable changed) {
        listeners.add(changed);
    }

    /** {@code leave} is called on the loop when this node's disk does not let it be a member any more. */
    public void onUnable(Runnable leave) {
        whenUnable = leave;
    }

    /**
     * This node cannot be a member any more.
     *
     * @param why the one line that the operator finds
     */
    public void unable(String why) {
        if (!killed) {
            LOG.error("leaving sheepdog cluster: {}", why);
            whenUnable.run();
        }
    }

    public Member self() {
        return self;
    }

    public ClusterState state() {
        return state;
    }

    /** The epoch that requests run under now; empty before the first one. */
    public Optional<ClusterView> view() {
        return view;
    }

    public Epoch epoch() {
        return view.map(ClusterView::epoch).orElse(Epoch.NONE);
    }

    public EpochHistory history() {
        return history;
    }

    public ClusterStatus status() {
        if (killed) {
            return ClusterStatus.KILLED;
        }
        if (shutdown) {
            return ClusterStatus.SHUTDOWN;
        }
        return switch (log.status().phase()) {
            case UNFORMATTED -> ClusterStatus.WAIT_FOR_FORMAT;
            case JOINING -> ClusterStatus.WAIT_FOR_JOIN;
            case ISOLATED -> ClusterStatus.ISOLATED;
            case STOPPED -> ClusterStatus.KILLED;
            case SERVING -> view.isPresent() && halts(view.get()) ? ClusterStatus.HALT : ClusterStatus.RUNNING;
        };
    }

    private boolean halts(ClusterView current) {
        return state.format().halts(current.zones(), state.copiesMax()) || current.zones() == 0;
    }

    public ClusterLog.Status logStatus() {
        return log.status();
    }

    /** How long ago {@code member}'s store was last seen; empty if it was not since this sheep started. */
    public Optional<Duration> unseenFor(Member member) {
        return log.unseenFor(member.storeId());
    }

    /** Whether an answer may leave now (R2). */
    public boolean holdsLease() {
        return log.holdsLease() && !killed;
    }

    /** Who is there: the epoch's nodes while serving, those that can be seen otherwise. Sorted by address. */
    public List<Node> nodes() {
        boolean serving = log.status().phase() == Phase.SERVING || log.status().phase() == Phase.ISOLATED;
        return serving && view.isPresent()
                ? view.get().nodes()
                : log.visible().stream().map(Member::node).toList();
    }

    /** How many copies objects of {@code oid}'s VDI have. */
    public int copies(ObjectId oid) {
        return state.copies(oid.vid());
    }

    public Owner owner(Vid vid) {
        return state.owner(vid);
    }

    /** Whether this process leads the log now; work that one node must do is done by that one. */
    public boolean isLeader() {
        return log.status().leader() == self.storeId();
    }

    /** A peer did not answer; the log weighs it (R5). */
    public void complain(Node node) {
        view.flatMap(v -> v.record().member(node.id())).ifPresent(m -> log.complain(m.storeId()));
    }

    /** A peer is slow to answer; the log has somebody look at the link. */
    public void doubt(Node node) {
        view.flatMap(v -> v.record().member(node.id())).ifPresent(m -> log.doubt(m.storeId()));
    }

    /** Members that do not reach each other, as far as this sheep knows. */
    public List<ClusterLog.BrokenLink> brokenLinks() {
        return log.brokenLinks();
    }

    /** Sheep that are kept out because they and some members do not reach each other. */
    public List<ClusterLog.KeptOut> keptOut() {
        return log.keptOut();
    }

    /** The stage completes on the loop once {@code command} is applied here; SHUTDOWN if this sheep ends first. */
    public CompletionStage<CommandResult> propose(ClusterCommand command) {
        return log.propose(CommandCodec.encode(command)).thenApply(Cluster::result);
    }

    /**
     * Formats the cluster: the first time by making its log, later by an entry.
     *
     * @return WAIT_FOR_JOIN if the log has no majority now; NETWORK_ERROR if others did not answer
     */
    public CompletionStage<CommandResult> format(ClusterCommand.Format command) {
        byte[] bytes = CommandCodec.encode(command);
        return switch (log.status().phase()) {
            case UNFORMATTED -> log.format(bytes).thenApply(Cluster::result);
            case SERVING -> log.propose(bytes).thenApply(Cluster::result);
            case JOINING, ISOLATED -> CompletableFuture.completedStage(CommandResult.of(ResultCode.WAIT_FOR_JOIN));
            case STOPPED -> CompletableFuture.completedStage(CommandResult.of(ResultCode.KILLED));
        };
    }

    /** Goes on with the sheep that are there, without those that are missing. FORCE_RECOVER if this sheep does not wait for others. */
    public CompletionStage<ResultCode> force() {
        return switch (status()) {
            case WAIT_FOR_JOIN, ISOLATED ->
                log.force().thenApply(outcome -> outcome.isOk() ? ResultCode.SUCCESS : outcome.code());
            case RUNNING, WAIT_FOR_FORMAT, HALT, SHUTDOWN, KILLED ->
                CompletableFuture.completedStage(ResultCode.FORCE_RECOVER);
        };
    }

    /** The seconds, which users see, stay. */
    @Override
    public byte[] forced(long newCluster, EpochRecord first, Set<Long> there) {
        long seconds = state.format().ctime() >>> 32;
        long nanos = Long.remainderUnsigned(newCluster, 1_000_000_000L);
        return state.forced(seconds << 32 | nanos, first, there);
    }

    private static CommandResult result(Outcome<byte[]> outcome) {
        return switch (outcome) {
            case Outcome.Ok<byte[]>(var bytes) -> CommandResult.decode(bytes);
            case Outcome.Refused<byte[]>(var code) -> CommandResult.of(code);
        };
    }

    /** From now on nothing is served here; the cluster goes on without this node. */
    public CompletionStage<Void> kill() {
        killed = true;
        changed();
        return log.leave();
    }

    @Override
    public void epoch(Position position, EpochRecord record) {
        loop.checkOnLoop();
        state.epoch(record);
        history.add(record);
        history.neededFrom(state.whole(state.copiesMin()));
        LOG.info("epoch={} nodes={}", record.epoch(), record.nodes());
        makeSafe(record);
    }

    /**
     * Runs a call of the store off the loop. A format waits until none is under way: what was admitted before it must not
     * come after it.
     */
    public <T> CompletionStage<T> onStore(Pool pool, long stripe, Callable<T> call) {
        storeCalls++;
        return loop.offload(pool, stripe, call).thenApply(result -> {
            storeCalls--;
            if (storeCalls == 0) {
                var waiting = List.copyOf(whenStoreIsIdle);
                whenStoreIsIdle.clear();
                waiting.forEach(Runnable::run);
            }
            return result;
        });
    }

    private void makeSafe(EpochRecord record) {
        ClusterFormat format = state.format();
        if (format.equals(lastFormat) || storeCalls == 0) {
            makeSafe(record, format);
        } else {
            whenStoreIsIdle.add(() -> makeSafe(record, format));
        }
    }

    /** An epoch that is not in the archive. */
    private record Unwritten(ClusterFormat format, EpochRecord record) {}

    /**
     * What became of an epoch on the disk: of the format, and then of its own file.
     *
     * @param past whether the disk has a later one
     */
    private record OnDisk(Outcome<Void> formatted, boolean written, boolean past) {}

    /** The steps of one epoch run in order after those of the one before: they share a stripe. */
    private void makeSafe(EpochRecord record, ClusterFormat format) {
        lastFormat = format;
        loop.offload(Pool.BULK, 0, () -> onDisk(format, record)).thenAccept(done -> {
            switch (done.formatted) {
                case Outcome.Ok<Void> _ -> {
                    formatWaits = false;
                    if (!done.written) {
                        writeLater(new Unwritten(format, record));
                    }
                    if (!done.past) {
                        publish(record, format);
                    }
                }
                case Outcome.Refused<Void>(var code)
                when code == ResultCode.NO_SPACE -> {
                    if (!formatWaits) {
                        formatWaits = true;
                        LOG.warn("file system full, the format waits for space epoch={}", record.epoch());
                    }
                    loop.after(SPACE_RETRY, () -> makeSafe(record, format));
                }
                case Outcome.Refused<Void> refused ->
                    // A member that serves nothing would hold everybody up. The next start of this sheep tries again.
                    unable("the disk failed formatting the store for epoch=" + record.epoch() + " result="
                            + refused.code());
            }
        });
    }

    /** What an earlier run did already, or a later format undid, is left alone: the log is replayed at every start. */
    private OnDisk onDisk(ClusterFormat format, EpochRecord record) {
        if (format.index() < archive.formattedAt()) {
            return new OnDisk(Outcome.done(), true, true);
        }
        if (archive.formattedAt() < format.index()) {
            var erased = store.format(record.epoch());
            var formatted = erased.isOk() ? archive.formatted(format) : erased;
            if (!formatted.isOk()) {
                return new OnDisk(formatted, false, false);
            }
        }
        boolean written = archive.record(record).isOk();
        store.fence(record.epoch());
        boolean past = archive.newest()
                .filter(newest -> record.epoch().isBefore(newest))
                .isPresent();
        return new OnDisk(Outcome.done(), written, past);
    }

    private void writeLater(Unwritten epoch) {
        unwritten.add(epoch);
        if (unwritten.size() == 1) {
            LOG.warn("file system full, epochs are written down later, the first is epoch={}", epoch.record.epoch());
            loop.after(SPACE_RETRY, this::writeDown);
        }
    }

    private void writeDown() {
        var due = List.copyOf(unwritten);
        loop.offload(Pool.BULK, 0, () -> writtenOf(due)).thenAccept(count -> {
            unwritten.subList(0, count).clear();
            if (unwritten.isEmpty()) {
                LOG.info("epochs are written down again");
            } else {
                loop.after(SPACE_RETRY, this::writeDown);
            }
        });
    }

    /** Of the first so many there is nothing left to do. */
    private int writtenOf(List<Unwritten> due) {
        int count = 0;
        while (count < due.size() && isWritten(due.get(count))) {
            count++;
        }
        return count;
    }

    private boolean isWritten(Unwritten epoch) {
        return epoch.format.index() < archive.formattedAt()
                || archive.record(epoch.record).isOk();
    }

    private void publish(EpochRecord record, ClusterFormat format) {
        boolean latest = record.epoch().equals(state.epoch()) && format.equals(state.format());
        if (latest) {
            view = Optional.of(new ClusterView(record, history.currentRing(), format, self));
            changed();
        }
    }

    @Override
    public void memberStarted(Position position, Member member) {
        loop.checkOnLoop();
        state.memberStarted(member);
        changed();
    }

    @Override
    public byte[] apply(Position position, byte[] command) {
        loop.checkOnLoop();
        ClusterCommand decoded = CommandCodec.decode(command);
        CommandResult result = state.apply(position.index(), decoded);
        if (decoded instanceof ClusterCommand.Format) {
            formatted();
        } else if (decoded instanceof ClusterCommand.Shutdown && concernsThisProcess()) {
            LOG.info("shutdown");
            shutdown = true;
        }
        changed();
        return result.encode();
    }

    /** A shutdown in the log's past, of an earlier run of this sheep, does not end this one. */
    private boolean concernsThisProcess() {
        return isMember();
    }

    /**
     * Whether the log names this very process in the newest epoch. As long as it names an earlier one of this store, nobody has
     * looked whether this one runs on the directory that that one had, or on an old copy of it.
     */
    public boolean isMember() {
        Optional<EpochRecord> newest = state.current();
        if (newest.isPresent()
                && memberIn.filter(known -> known == newest.get()).isEmpty()) {
            memberIn = newest;
            member = newest.flatMap(e -> e.store(self.storeId()))
                    .filter(m -> m.incarnation() == self.incarnation())
                    .isPresent();
        }
        return newest.isPresent() && member;
    }

    private void formatted() {
        view = Optional.empty();
        history.reset(List.of(), Map.of());
    }

    @Override
    public boolean understands(byte[] command) {
        try {
            CommandCodec.decode(command);
            return true;
        } catch (CommandCodec.UnknownCommandException _) {
            return false;
        }
    }

    @Override
    public boolean restartsEpochs(byte[] command) {
        return CommandCodec.decode(command) instanceof ClusterCommand.Format;
    }

    @Override
    public Set<Long> draining() {
        return state.draining();
    }

    @Override
    public byte[] snapshot() {
        return state.snapshot();
    }

    @Override
    public void restore(Position position, byte[] bytes) {
        ClusterFormat before = state.format();
        state.restore(bytes);
        if (!before.equals(state.format())) {
            // The store still has the objects of the format before.
            view = Optional.empty();
        }
        history.reset(state.epochs(), state.goneSince());
        state.current().ifPresent(this::makeSafe);
        changed();
    }

    @Override
    public void statusChanged() {
        changed();
    }

    private void changed() {
        listeners.forEach(Runnable::run);
    }
}
