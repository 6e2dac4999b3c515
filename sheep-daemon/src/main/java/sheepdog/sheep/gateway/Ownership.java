package sheepdog.sheep.gateway;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.runtime.Loop;
import sheepdog.membership.runtime.LoopFuture;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.protocol.wire.Response;
import sheepdog.sheep.cluster.Cluster;
import sheepdog.sheep.cluster.ClusterCommand;
import sheepdog.sheep.cluster.Owner;
import sheepdog.sheep.runtime.PeerLink;

/**
 * Which VDIs this gateway may write (R7). Loop-owned.
 *
 * <pre>
 *   NONE --first mutation--> TAKING --log, settled--> HELD --asked to yield--> DRAINING --log--> NONE
 *                              ^                        |
 *                              +---- lost by an epoch --+
 * </pre>
 *
 * <p>A VDI whose last owner died is settled before anyone uses it: the copies of the objects that it may have been
 * writing are made equal (R6). An epoch change that takes the right away makes mutations under way be admitted again; a
 * closed connection does nothing here; a shutdown leaves the rights to the log, which voids them. A sheep that leaves gives
 * them back first, so that nobody has to settle after it.
 */
final class Ownership {
    private static final Logger LOG = LoggerFactory.getLogger(Ownership.class);
    private static final Duration RETRY = Duration.ofMillis(100);
    /**
     * How long one who gave the right back leaves it to the one who asked, before taking it again. Longer than that one may wait
     * before its next try; it ends when anybody has taken it.
     */
    private static final Duration GIVE_WAY = RETRY.multipliedBy(3);
    /** Mutations that go on before somebody else who asks for the VDI gets it. */
    private static final Duration HOLD = Duration.ofMillis(50);

    private final Loop loop;
    private final Cluster cluster;
    private final PeerLink peers;
    private final Settlement settlement;
    private final Map<Vid, Holding> holdings = new TreeMap<>(Comparator.naturalOrder());
    private boolean givenBack;

    private enum State {
        TAKING,
        HELD,
        DRAINING
    }

    private static final class Holding {
        State state = State.TAKING;
        Right right;
        long heldSinceNanos;
        boolean paused;
        /** Whom the right was asked of, while the answer is awaited. */
        Owner asked = Owner.NOBODY;
        /** The right was given back, and is for somebody else to take first. */
        boolean givesWay;

        final Deque<Consumer<Right>> waiting = new ArrayDeque<>();
        final List<Runnable> whenIdle = new ArrayList<>();
    }

    Ownership(Loop loop, Cluster cluster, PeerLink peers, Settlement settlement) {
        this.loop = loop;
        this.cluster = cluster;
        this.peers = peers;
        this.settlement = settlement;
        cluster.onChange(this::clusterChanged);
    }

    /** Whether this gateway holds the right to write {@code vid}, and has settled it. */
    boolean isHeld(Vid vid) {
        Holding holding = holdings.get(vid);
        return holding != null && holding.state != State.TAKING;
    }

    /** {@code run} gets the right when this gateway has it and mutations are not held back. */
    void whenHeld(Vid vid, Consumer<Right> run) {
        Holding holding = holdings.get(vid);
        if (holding == null) {
            holding = new Holding();
            holdings.put(vid, holding);
            holding.waiting.add(run);
            take(vid, holding);
        } else if (holding.state == State.HELD && !holding.paused && holding.waiting.isEmpty()) {
            run.accept(holding.right);
        } else {
            holding.waiting.add(run);
        }
    }

    /** Whether a mutation of {@code vid} that was given {@code right} may start now. */
    boolean mayStart(Vid vid, Right right) {
        Holding holding = holdings.get(vid);
        return holding != null && holding.right == right && holding.state == State.HELD && !holding.paused;
    }

    /** Whether {@code right} is still the one under which mutations of {@code vid} may be sent. */
    boolean isCurrent(Vid vid, Right right) {
        Holding holding = holdings.get(vid);
        return holding != null && holding.right == right && holding.state != State.TAKING;
    }

    /** To be called after a mutation ended: those who wait for quiet are told. */
    void ended(Vid vid, Right right) {
        Holding holding = holdings.get(vid);
        if (holding != null && holding.right == right && right.isIdle()) {
            runWhenIdle(holding);
        }
    }

    private static void runWhenIdle(Holding holding) {
        var quiet = List.copyOf(holding.whenIdle);
        holding.whenIdle.clear();
        quiet.forEach(Runnable::run);
    }

    /**
     * Holds mutations of {@code vid} back, waits for those under way, and runs {@code action} with the generation of the
     * right; when its stage completes mutations go on. The right may be lost while {@code action} runs: what it decides
     * must depend on the generation.
     */
    <T> CompletionStage<T> exclusively(Vid vid, LongFunction<CompletionStage<T>> action) {
        var done = new LoopFuture<T>(loop);
        whenHeld(vid, right -> pause(vid, right, action, done));
        return done;
    }

    private <T> void pause(Vid vid, Right right, LongFunction<CompletionStage<T>> action, CompletableFuture<T> done) {
        Holding holding = holdings.get(vid);
        if (holding == null || holding.right != right || holding.state != State.HELD || holding.paused) {
            whenHeld(vid, again -> pause(vid, again, action, done));
            return;
        }
        holding.paused = true;
        whenIdle(holding, () -> {
            if (holdings.get(vid) != holding) {
                // Lost while mutations were finishing.
                whenHeld(vid, again -> pause(vid, again, action, done));
                return;
            }
            action.apply(right.generation()).whenComplete((value, _) -> {
                holding.paused = false;
                if (holdings.get(vid) == holding && holding.state == State.HELD) {
                    runWaiting(holding);
                }
                done.complete(value);
            });
        });
    }

    private void whenIdle(Holding holding, Runnable run) {
        if (holding.right.isIdle()) {
            run.run();
        } else {
            holding.whenIdle.add(run);
        }
    }

    private void runWaiting(Holding holding) {
        while (holding.state == State.HELD && !holding.paused && !holding.waiting.isEmpty()) {
            holding.waiting.poll().accept(holding.right);
        }
    }

    private void take(Vid vid, Holding holding) {
        if (givenBack || holdings.get(vid) != holding || holding.state != State.TAKING) {
            return;
        }
        Owner owner = cluster.owner(vid);
        if (isMine(vid, owner.generation())) {
            // Taken before, but an epoch came in between.
            if (owner.unsettled()) {
                settle(vid, holding, owner.generation());
            } else {
                held(vid, holding, owner.generation());
            }
            return;
        }
        if (owner.isHeld()) {
            askToYield(vid, owner, holding);
            return;
        }
        var self = cluster.self();
        cluster.propose(new ClusterCommand.TakeOwner(vid, self.storeId(), self.incarnation(), owner.generation()))
                .thenAccept(result -> {
                    if (result.code() != ResultCode.SUCCESS) {
                        retry(vid, holding);
                    } else if (result.copies() == 0) {
                        held(vid, holding, result.number());
                    } else {
                        settle(vid, holding, result.number());
                    }
                });
    }

    private void settle(Vid vid, Holding holding, long generation) {
        LOG.info("settling vdi={} generation={}", vid, generation);
        settlement.settle(vid, generation, () -> isMine(vid, generation)).thenAccept(settled -> {
            if (settled) {
                cluster.propose(new ClusterCommand.SettledVdi(vid, generation)).thenAccept(result -> {
                    if (result.code() == ResultCode.SUCCESS) {
                        held(vid, holding, generation);
                    } else {
                        retry(vid, holding);
                    }
                });
            } else {
                retry(vid, holding);
            }
        });
    }

    private void held(Vid vid, Holding holding, long generation) {
        if (!isMine(vid, generation) || holdings.get(vid) != holding) {
            retry(vid, holding);
            return;
        }
        holding.state = State.HELD;
        holding.right = new Right(generation);
        holding.heldSinceNanos = loop.nowNanos();
        runWaiting(holding);
    }

    private boolean isMine(Vid vid, long generation) {
        Owner owner = cluster.owner(vid);
        return owner.generation() == generation
                && owner.isHeldBy(cluster.self().storeId(), cluster.self().incarnation());
    }

    private void retry(Vid vid, Holding holding) {
        loop.after(RETRY, () -> take(vid, holding));
    }

    private void askToYield(Vid vid, Owner owner, Holding holding) {
        var view = cluster.view();
        var holder = view.flatMap(v -> v.record().store(owner.storeId()));
        if (holder.isEmpty() || view.get().isSelf(holder.get().node())) {
            retry(vid, holding);
            return;
        }
        Node node = holder.get().node();
        var ask = new PeerRequest.YieldOwner(
                Header.of(Opcode.YIELD_OWNER, 0, view.get().epoch(), 0), vid, owner.generation());
        holding.asked = owner;
        peers.send(node, ask).thenAccept(answer -> {
            answer.release();
            if (answer.result() == ResultCode.NETWORK_ERROR) {
                cluster.complain(node);
            }
            if (!holding.asked.equals(owner)) {
                return;
            }
            holding.asked = Owner.NOBODY;
            if (cluster.owner(vid).equals(owner)) {
                retry(vid, holding);
            } else {
                take(vid, holding);
            }
        });
    }

    /**
     * Another gateway wants to write {@code vid}. The stage completes when this one has given the right of
     * {@code generation} back, or does not have it.
     */
    CompletionStage<ResultCode> yieldOwner(Vid vid, long generation) {
        Holding holding = holdings.get(vid);
        if (holding == null || holding.state == State.TAKING || holding.right.generation() != generation) {
            return CompletableFuture.completedStage(isMine(vid, generation) ? ResultCode.AGAIN : ResultCode.SUCCESS);
        }
        var done = new LoopFuture<ResultCode>(loop);
        if (holding.state == State.DRAINING || holding.paused) {
            done.complete(ResultCode.AGAIN);
            return done;
        }
        long held = loop.nowNanos() - holding.heldSinceNanos;
        loop.after(Duration.ofNanos(Math.max(0, HOLD.toNanos() - held)), () -> drain(vid, holding, done));
        return done;
    }

    private void drain(Vid vid, Holding holding, CompletableFuture<ResultCode> done) {
        if (holdings.get(vid) != holding || holding.state != State.HELD || holding.paused) {
            done.complete(ResultCode.AGAIN);
            return;
        }
        holding.state = State.DRAINING;
        whenIdle(
                holding,
                () -> cluster.propose(new ClusterCommand.ReleaseOwner(vid, holding.right.generation()))
                        .thenAccept(result -> {
                            giveWay(vid, holding);
                            done.complete(result.code());
                        }));
    }

    /**
     * The right was given back because somebody asked. Who waits for it here waits for that one first: the owner's next
     * entry would always be in the log before that of one farther away, who would ask again and again and never get it.
     */
    private void giveWay(Vid vid, Holding holding) {
        if (holdings.get(vid) != holding) {
            return;
        }
        var next = new Holding();
        next.givesWay = true;
        next.waiting.addAll(holding.waiting);
        holding.waiting.clear();
        holdings.put(vid, next);
        runWhenIdle(holding);
        loop.after(GIVE_WAY, () -> takeAfter(vid, next));
    }

    private void takeAfter(Vid vid, Holding next) {
        if (!next.givesWay || holdings.get(vid) != next) {
            return;
        }
        next.givesWay = false;
        if (next.waiting.isEmpty()) {
            holdings.remove(vid);
        } else {
            take(vid, next);
        }
    }

    /**
     * Gives every right back, each when nothing is under way under it, and takes none any more: whoever still waits for
     * one waits for ever. The stage completes when the log has it.
     */
    CompletionStage<Void> giveAllBack() {
        givenBack = true;
        var done = new LoopFuture<Void>(loop);
        var left = new ArrayList<CompletableFuture<ResultCode>>();
        for (Vid vid : List.copyOf(holdings.keySet())) {
            Holding holding = holdings.get(vid);
            if (holding.state == State.HELD && !holding.paused) {
                var one = new LoopFuture<ResultCode>(loop);
                left.add(one);
                drain(vid, holding, one);
            }
        }
        CompletableFuture.allOf(left.toArray(CompletableFuture[]::new)).thenRun(() -> done.complete(null));
        return done;
    }

    /** Nothing is held any more; who waits takes the right anew. */
    private void forget(Vid vid, Holding holding) {
        if (holdings.get(vid) == holding) {
            holdings.remove(vid);
            var waiting = List.copyOf(holding.waiting);
            holding.waiting.clear();
            runWhenIdle(holding);
            waiting.forEach(run -> whenHeld(vid, run));
        }
    }

    private void clusterChanged() {
        for (Vid vid : List.copyOf(holdings.keySet())) {
            Holding holding = holdings.get(vid);
            boolean lost = holding != null && holding.state != State.TAKING && !isMine(vid, holding.right.generation());
            if (lost && holding.state == State.DRAINING && holding.right.isIdle()) {
                // Most likely given back by this one; if an epoch took it, nothing is under way that must be told.
                giveWay(vid, holding);
            } else if (lost) {
                LOG.warn("lost the right to write vdi={} generation={}", vid, holding.right.generation());
                forget(vid, holding);
            }
            if (holding != null && holding.givesWay && cluster.owner(vid).isHeld()) {
                takeAfter(vid, holding);
            }
            // Whoever was asked has lost it, and may never answer.
            boolean free = holding != null
                    && holding.state == State.TAKING
                    && holding.asked.isHeld()
                    && !cluster.owner(vid).equals(holding.asked);
            if (free) {
                holding.asked = Owner.NOBODY;
                take(vid, holding);
            }
        }
    }

    /** Tells replicas which mutations are complete where no later mutation has told them; called now and then. */
    void announceCompleted() {
        for (var entry : holdings.entrySet()) {
            Holding holding = entry.getValue();
            if (holding.state == State.HELD && holding.right.isIdle() && holding.right.hasNews()) {
                announce(entry.getKey(), holding.right);
            }
        }
    }

    private void announce(Vid vid, Right right) {
        cluster.view()
                .ifPresent(view -> view.nodes().stream()
                        .filter(Node::storesObjects)
                        .forEach(node -> peers.send(
                                        node,
                                        new PeerRequest.CompletedWrites(
                                                header(view.epoch()), vid, right.generation(), right.completed()))
                                .thenAccept(Response::release)));
    }

    private static Header header(Epoch epoch) {
        return Header.of(Opcode.COMPLETED_WRITES, 0, epoch, 0);
    }
}
