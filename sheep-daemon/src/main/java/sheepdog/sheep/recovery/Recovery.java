package sheepdog.sheep.recovery;

import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.runtime.Loop;
import sheepdog.membership.runtime.Pool;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.wire.RecoveryLimit;
import sheepdog.sheep.cluster.Cluster;
import sheepdog.sheep.runtime.PeerLink;
import sheepdog.store.api.ObjectStore;

/**
 * Decides whether this store's copy of an object, or its absence, can be trusted, and gets a copy that can.
 *
 * <p>Who has been a replica of an object all the time since the cluster was last whole is sure of it ({@link Trust}). Else
 * the object is in doubt: the stores whose word counts are asked what they have, {@link Evidence} tells whose is the
 * newest, and that replaces what is here ({@link Bringing}). If too few of them are there, the object waits for them;
 * nothing older is taken for it.
 *
 * <p>Objects that a request waits for come first; a {@link Sweep} after each epoch brings the rest, at a {@link Pace} that leaves
 * clients their share, and not at once what is wanted here only since somebody left ({@link Grace}). A new epoch ends what
 * is under way and starts anew. Loop-owned.
 */
public final class Recovery {
    private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);

    /** Objects that wait for absent stores and are named; of the others it is said how many there are. */
    private static final int NAMED_MAX = 1000;

    /** Limits are kept in the order in which they were set. */
    private static final long LIMITS_STRIPE = -2;

    private final Cluster cluster;
    private final Trust trust;
    private final Turns turns = new Turns();
    private final Means means;
    private final Leftovers leftovers;
    private final Pace pace;
    private final Grace grace;
    private final Lending lending;
    private final RecoverySettings.Keeper keeper;

    private final Map<ObjectId, Bringing> bringing = new HashMap<>();
    private Epoch epoch = Epoch.NONE;
    private Optional<Sweep> sweep = Optional.empty();
    private int lostChanges;
    private boolean wasEnabled = true;

    /** @param local what this store says to others */
    public Recovery(
            Loop loop,
            Cluster cluster,
            ObjectStore store,
            LocalCopies local,
            PeerLink peers,
            RecoverySettings settings) {
        this.cluster = cluster;
        this.trust = new Trust(cluster);
        this.means = new Means(loop, cluster, store, local, peers, trust, turns, new Spare());
        this.leftovers = new Leftovers(cluster, store);
        this.pace = new Pace(loop, settings.limit());
        this.lending = new Lending(loop, pace);
        this.keeper = settings.keeper();
        this.grace = new Grace(loop, cluster, settings.grace());
        cluster.onChange(this::clusterChanged);
    }

    /** Whether what this store has of {@code oid}, or that it has nothing, is the truth in the current epoch. */
    public boolean isTrusted(ObjectId oid) {
        return trust.isTrusted(oid);
    }

    /** Whether objects may still be missing here. */
    public boolean isRunning() {
        return sweep.isPresent() || !bringing.isEmpty();
    }

    /**
     * What is left to do in this epoch. Until {@code running} ends there may be more: lists are read first, and the log has
     * to be told.
     *
     * @param objects to be brought or looked at, as far as lists were read
     * @param bytes   of them, by their nominal size
     * @param absent  those of them that wait for absent stores
     * @param space   those of them that do not fit on this node's disk
     */
    public record Backlog(boolean running, long objects, long bytes, long absent, long space) {
        /** Before anything is known. */
        public static final Backlog NONE = new Backlog(false, 0, 0, 0, 0);
    }

    /** How much is left to do. */
    public Backlog backlog() {
        long absent = 0;
        long space = 0;
        long bytes = 0;
        for (Bringing flow : bringing.values()) {
            absent += flow.isStuck() && !flow.waitsFor().isEmpty() ? 1 : 0;
            space += flow.isStuck() && flow.lacksSpace() ? 1 : 0;
            bytes += flow.oid().size();
        }
        return new Backlog(
                isRunning(),
                sweep.map(Sweep::objectsLeft).orElse((long) bringing.size()),
                sweep.map(Sweep::bytesLeft).orElse(bytes),
                absent,
                space);
    }

    /** How far it is, in this epoch. */
    public Progress progress() {
        var stuck = bringing.values().stream().filter(Bringing::isStuck).toList();
        return sweep.map(s -> s.progress(stuck)).orElseGet(() -> withoutSweep(stuck));
    }

    private Progress withoutSweep(List<Bringing> stuck) {
        var waiting = stuck.stream().filter(b -> !b.waitsFor().isEmpty()).toList();
        return new Progress(
                epoch,
                bringing.isEmpty() ? Progress.Stage.DONE : Progress.Stage.BRINGING,
                0,
                0,
                0,
                bringing.size(),
                0,
                bringing.keySet().stream().mapToLong(ObjectId::size).sum(),
                0,
                Duration.ZERO,
                waiting.size(),
                named(cluster, waiting),
                stuck.stream().filter(Bringing::lacksSpace).count(),
                0,
                Optional.empty(),
                cluster.state().isRecoveryEnabled(),
                pace.limit(),
                cluster.state().gone().size());
    }

    /** The first of them by their ids. */
    static List<Progress.Waits> named(Cluster cluster, List<Bringing> waiting) {
        return waiting.stream()
                .sorted(Comparator.comparing(Bringing::oid))
                .limit(NAMED_MAX)
                .map(b -> new Progress.Waits(
                        b.oid(),
                        b.waitsFor().stream()
                                .map(set -> new Progress.Missing(
                                        set.epoch(), cluster.state().nodes(set)))
                                .toList()))
                .toList();
    }

    /** A client's request has come to this store. */
    public void clientSeen() {
        pace.clientSeen();
    }

    /**
     * Reads a copy for another sheep that nobody waits for there: when this node's clients leave room.
     *
     * @param read begins it; called once
     */
    public void lend(Supplier<CompletionStage<Void>> read) {
        lending.lend(read);
    }

    RecoveryLimit limit() {
        return pace.limit();
    }

    /**
     * Holds from now on, and in later processes that are not told otherwise when they start.
     *
     * @return whether the latter could be made sure of
     */
    CompletionStage<Outcome<Void>> limit(RecoveryLimit limit) {
        pace.limit(limit);
        sweep.ifPresent(Sweep::wake);
        return means.loop().offload(Pool.BULK, LIMITS_STRIPE, () -> keeper.keep(limit));
    }

    /** What is asked about {@code oid}, and from whom it can be. */
    Doubt doubt(ObjectId oid) {
        return new Doubt(means, oid, cluster.view().orElseThrow());
    }

    /**
     * For a request that waits: goes before the sweep's. The stage completes when {@code oid} is trusted, or the epoch has
     * changed; ask {@link #isTrusted} again.
     */
    public CompletionStage<Void> bring(ObjectId oid) {
        Bringing flow = flow(oid);
        flow.hurry();
        turns.begin();
        return flow.done();
    }

    /** {@code run} is called once if {@code oid} turns out not to fit on the disk; it may never be called. */
    public void whenNoSpace(ObjectId oid, Runnable run) {
        flow(oid).whenStuck(() -> {
            if (lacksSpace(oid)) {
                run.run();
            }
        });
    }

    /**
     * Whether {@code oid} is in doubt, its newest copy was found but did not fit on the disk, and nothing is done about it at
     * the moment. So this epoch counts for it: nothing may be acknowledged in one that does not, not even a removal.
     */
    public boolean lacksSpace(ObjectId oid) {
        Bringing flow = bringing.get(oid);
        return flow != null && flow.lacksSpace();
    }

    /**
     * To be called while {@link #lacksSpace}, in the turn in which the removal of {@code oid} has gone to the store: nothing
     * that was found out before is put there after it.
     */
    public void removing(ObjectId oid) {
        bringing.get(oid).abandon();
    }

    /** The store remembers that removal, of the epoch {@code in}. Whatever was here before matters no more. */
    public void removed(ObjectId oid, Epoch in) {
        if (in.equals(epoch)) {
            trust.verified(oid);
            Optional.ofNullable(bringing.get(oid)).ifPresent(Bringing::abandon);
        }
    }

    /** What brings {@code oid}: what is under way already, or one that waits for its turn. */
    Bringing flow(ObjectId oid) {
        return bringing.computeIfAbsent(oid, _ -> {
            var flow = new Bringing(means, oid, cluster.view().orElseThrow(), () -> bringing.remove(oid));
            turns.ask(flow);
            return flow;
        });
    }

    private void clusterChanged() {
        leftovers.look();
        if (cluster.epoch().equals(epoch)) {
            lookAgain();
            return;
        }
        epoch = cluster.epoch();
        trust.epochChanged();
        sweep.ifPresent(Sweep::abandon);
        List.copyOf(bringing.values()).forEach(Bringing::abandon);
        cluster.view().ifPresentOrElse(grace::epochChanged, grace::forget);
        sweep = cluster.view()
                .filter(v -> Epoch.FIRST.isBefore(v.epoch()))
                .filter(v -> v.selfMember().map(m -> m.node().storesObjects()).orElse(false))
                .map(view -> new Sweep(means, this, pace, grace, view, () -> sweep = Optional.empty()));
        sweep.ifPresent(Sweep::begin);
    }

    private void lookAgain() {
        if (cluster.state().lostChanges() != lostChanges) {
            lostChanges = cluster.state().lostChanges();
            List.copyOf(bringing.values()).forEach(Bringing::again);
        }
        boolean enabled = cluster.state().isRecoveryEnabled();
        if (enabled != wasEnabled) {
            wasEnabled = enabled;
            LOG.info("recovery {}", enabled ? "enabled" : "disabled");
            sweep.ifPresent(Sweep::wake);
        }
    }
}
