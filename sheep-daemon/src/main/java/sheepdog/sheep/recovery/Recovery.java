package sheepdog.sheep.recovery;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import sheepdog.membership.runtime.Loop;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
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
 * <p>Objects that a request waits for come first; a {@link Sweep} after each epoch brings the rest, a few at a time. A new
 * epoch ends what is under way and starts anew. Loop-owned.
 */
public final class Recovery {
    private final Cluster cluster;
    private final Trust trust;
    private final Turns turns = new Turns();
    private final Means means;
    private final Leftovers leftovers;

    private final Map<ObjectId, Bringing> bringing = new HashMap<>();
    private Epoch epoch = Epoch.NONE;
    private Optional<Sweep> sweep = Optional.empty();

    /** @param local what this store says to others */
    public Recovery(Loop loop, Cluster cluster, ObjectStore store, LocalCopies local, PeerLink peers) {
        this.cluster = cluster;
        this.trust = new Trust(cluster);
        this.means = new Means(loop, cluster, store, local, peers, trust, turns);
        this.leftovers = new Leftovers(cluster, store);
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

    /** Objects that requests or the sweep wait for. */
    public int backlog() {
        return bringing.size();
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
        trust.logChanged();
        leftovers.look();
        if (cluster.epoch().equals(epoch)) {
            return;
        }
        epoch = cluster.epoch();
        trust.epochChanged();
        List.copyOf(bringing.values()).forEach(Bringing::abandon);
        sweep.ifPresent(Sweep::abandon);
        sweep = cluster.view()
                .filter(v -> Epoch.FIRST.isBefore(v.epoch()))
                .filter(v -> v.selfMember().map(m -> m.node().storesObjects()).orElse(false))
                .map(view -> new Sweep(means, this, view, () -> sweep = Optional.empty()));
        sweep.ifPresent(Sweep::begin);
    }
}
