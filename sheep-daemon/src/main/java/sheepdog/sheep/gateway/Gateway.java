package sheepdog.sheep.gateway;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import sheepdog.membership.runtime.Loop;
import sheepdog.membership.runtime.LoopFuture;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.wire.Flags;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.protocol.wire.Response;
import sheepdog.sheep.cluster.Cluster;
import sheepdog.sheep.cluster.ClusterStatus;
import sheepdog.sheep.cluster.ClusterView;
import sheepdog.sheep.cluster.Owner;
import sheepdog.sheep.runtime.PeerLink;

/**
 * Objects as this sheep's clients see them: one register per sector, whatever happens to replicas.
 *
 * <p>A mutation is answered when every replica that the epoch names has it on stable storage (R5) and this node holds
 * the lease (R2); before, it takes the right to write the VDI (R7) and its place among overlapping requests (R6). A read
 * comes from the nearest replica that is sure of its copy; only if none is, one has to get it first. Loop-owned.
 *
 * <p>An epoch change sends what is under way again, under the new epoch; a closed connection does not stop what was
 * started; without a lease everything waits.
 */
public final class Gateway {
    private static final Duration RETRY_MIN = Duration.ofMillis(20);
    private static final Duration RETRY_MAX = Duration.ofMillis(500);
    private static final Duration RECHECK = Duration.ofMillis(100);
    private static final Duration ANNOUNCE = Duration.ofMillis(500);
    /** A disk that damages a copy so often while one mutation tries is not to be waited for. */
    private static final int HEALINGS_MAX = 3;

    /** How often a damaged copy that a read met is tried to be replaced. */
    private static final int MENDINGS_MAX = 10;

    private final Loop loop;
    private final Cluster cluster;
    private final PeerLink peers;
    private final RandomGenerator random;
    private final RangeLocks locks = new RangeLocks();
    private final Settlement settlement;
    private final Ownership ownership;
    private final List<Waiter> waiting = new ArrayList<>();
    private final Map<ObjectId, Traffic> traffic = new HashMap<>();
    private final TreeSet<ObjectId> mending = new TreeSet<>();
    private boolean recheckPlanned;

    /** Mutations of one object on their way to replicas, and those held back while damaged copies of it are replaced. */
    private static final class Traffic {
        private int sent;
        private Optional<Supplier<CompletionStage<Settlement.Healing>>> healing = Optional.empty();
        private final List<Consumer<Settlement.Healing>> whenHealed = new ArrayList<>();
    }

    private record Waiter(Supplier<Boolean> ready, Runnable run) {}

    /** @param mayWait whether it gets the object first, should it be in doubt of its copy */
    private record Asked(Node node, boolean mayWait) {}

    /** @param peers reaches every node of the epoch, this one included */
    public Gateway(Loop loop, Cluster cluster, PeerLink peers, RandomGenerator random) {
        this.loop = loop;
        this.cluster = cluster;
        this.peers = peers;
        this.random = random;
        this.settlement = new Settlement(loop, cluster, peers);
        this.ownership = new Ownership(loop, cluster, peers, settlement);
        cluster.onChange(this::wake);
    }

    /** Starts the timer that tells idle replicas which mutations are complete. Once, on the loop. */
    public void start() {
        loop.after(ANNOUNCE, () -> {
            ownership.announceCompleted();
            start();
        });
    }

    /** Requests that wait for an epoch, a lease or a settled VDI. */
    public int waitingCount() {
        return waiting.size();
    }

    /**
     * Reads {@code length} bytes; the answer is {@link Response.ObjectData}, untrimmed, or a refusal that stands.
     * Whoever gets it releases it.
     */
    public CompletionStage<Response> read(ObjectId oid, int offset, int length) {
        return read(oid, offset, length, true);
    }

    private CompletionStage<Response> read(ObjectId oid, int offset, int length, boolean inOrder) {
        var flow = new ReadFlow(oid, offset, length, inOrder);
        flow.admit();
        return flow.done;
    }

    /**
     * Changes an object on all replicas. The mutation's payload must stay until the stage completes.
     *
     * @param check asked each time just before the mutation is sent: a code refuses it
     */
    public CompletionStage<ResultCode> mutate(Mutation mutation, Function<Mutation, Optional<ResultCode>> check) {
        return mutate(mutation, Optional.empty(), check);
    }

    private CompletionStage<ResultCode> mutate(
            Mutation mutation, Optional<Mutation> ifThere, Function<Mutation, Optional<ResultCode>> check) {
        var flow = new MutationFlow(mutation, ifThere, check);
        flow.admit();
        return flow.done;
    }

    /** {@link #mutate} that nothing refuses. */
    public CompletionStage<ResultCode> mutate(Mutation mutation) {
        return mutate(mutation, _ -> Optional.empty());
    }

    /**
     * A create whose bytes outside of {@code data} come from {@code source}. If the object is there already this is a
     * repeated request, or somebody else was faster, and only {@code data} is written.
     */
    public CompletionStage<ResultCode> copyOnWrite(
            ObjectId oid, ObjectId source, int offset, Payload data, Function<Mutation, Optional<ResultCode>> check) {
        if (data.length() == oid.size()) {
            return mutate(new Mutation.Create(oid, offset, data), check);
        }
        var write = new Mutation.Write(oid, offset, data);
        return read(oid, 0, 0).thenCompose(there -> {
            there.release();
            if (there.result() == ResultCode.SUCCESS) {
                return mutate(write, check);
            }
            if (there.result() != ResultCode.NO_OBJ) {
                return done(there.result());
            }
            return read(source, 0, oid.size()).thenCompose(whole -> {
                if (whole.result() != ResultCode.SUCCESS) {
                    whole.release();
                    return done(whole.result());
                }
                ByteBuffer merged = ByteBuffer.allocate(oid.size());
                merged.put(whole.data().bytes()).put(offset, data.bytes(), 0, data.length());
                whole.release();
                var create = new Mutation.Create(oid, 0, Payload.of(merged.clear()));
                return mutate(create, Optional.of(write), check);
            });
        });
    }

    /**
     * Runs {@code action} while no mutation of {@code vid} by this gateway is under way and nobody else may write it;
     * mutations that come meanwhile wait. {@code action} must not mutate {@code vid} itself.
     *
     * @param action gets the generation of the right; if the cluster's log has a later one in the end, somebody else may
     *               have written
     */
    public <T> CompletionStage<T> exclusively(Vid vid, LongFunction<CompletionStage<T>> action) {
        var done = new LoopFuture<T>(loop);
        when(this::isServing, () -> ownership.exclusively(vid, action).thenAccept(done::complete));
        return done;
    }

    /** Another gateway asks for the right to write {@code vid}; SUCCESS once it is given back. */
    public CompletionStage<ResultCode> yieldOwner(Vid vid, long generation) {
        return ownership.yieldOwner(vid, generation);
    }

    /** Before this sheep leaves: gives every right to write back. The stage completes when the log has it. */
    public CompletionStage<Void> giveAllBack() {
        return ownership.giveAllBack();
    }

    private CompletionStage<ResultCode> done(ResultCode code) {
        var done = new LoopFuture<ResultCode>(loop);
        done.complete(code);
        return done;
    }

    private boolean isServing() {
        return cluster.status() == ClusterStatus.RUNNING
                && cluster.epoch().equals(cluster.state().epoch())
                && cluster.view().flatMap(ClusterView::selfMember).isPresent()
                && cluster.holdsLease();
    }

    /** Runs {@code run} once {@code ready}: at once, after a change of the cluster, or when the lease is back. */
    private void when(Supplier<Boolean> ready, Runnable run) {
        if (ready.get()) {
            run.run();
        } else {
            waiting.add(new Waiter(ready, run));
            planRecheck();
        }
    }

    private void planRecheck() {
        if (!recheckPlanned) {
            recheckPlanned = true;
            loop.after(RECHECK, () -> {
                recheckPlanned = false;
                wake();
                if (!waiting.isEmpty()) {
                    planRecheck();
                }
            });
        }
    }

    private void wake() {
        var candidates = List.copyOf(waiting);
        for (Waiter waiter : candidates) {
            if (waiter.ready().get() && waiting.remove(waiter)) {
                waiter.run().run();
            }
        }
    }

    private Duration backoff(int attempt) {
        long millis = Math.min(RETRY_MAX.toMillis(), RETRY_MIN.toMillis() << Math.min(attempt, 5));
        return Duration.ofMillis(millis / 2 + random.nextLong(millis / 2 + 1));
    }

    /** Whether nothing is left to be made equal before {@code vid} is read. */
    private boolean isSettled(Vid vid) {
        Owner owner = cluster.owner(vid);
        return !owner.unsettled() || ownership.isHeld(vid);
    }

    private final class ReadFlow {
        private final ObjectId oid;
        private final int offset;
        private final int length;
        private final boolean inOrder;
        private final LoopFuture<Response> done = new LoopFuture<>(loop);
        private Optional<RangeLocks.Ticket> ticket = Optional.empty();
        private ClusterView view;
        private final Deque<Asked> asked = new ArrayDeque<>();
        private int attempt;
        private boolean curable;
        private boolean damaged;

        /** @param inOrder after the overlapping mutations before it; otherwise its caller has locked the range */
        ReadFlow(ObjectId oid, int offset, int length, boolean inOrder) {
            this.oid = oid;
            this.offset = offset;
            this.length = length;
            this.inOrder = inOrder;
        }

        void admit() {
            when(Gateway.this::isServing, () -> {
                Owner owner = cluster.owner(oid.vid());
                boolean mineToSettle = owner.unsettled()
                        && (!owner.isHeld() || owner.storeId() == cluster.self().storeId());
                if (isSettled(oid.vid())) {
                    lock();
                } else if (mineToSettle) {
                    ownership.whenHeld(oid.vid(), _ -> lock());
                } else {
                    when(() -> isServing() && !cluster.owner(oid.vid()).equals(owner), this::admit);
                }
            });
        }

        private void lock() {
            if (inOrder) {
                RangeLocks.Ticket place = locks.acquire(oid, offset, offset + length, false, this::granted);
                ticket = Optional.of(place);
                locks.start(place);
            } else {
                granted();
            }
        }

        private void granted() {
            if (!isServing() || !isSettled(oid.vid())) {
                unlock();
                admit();
                return;
            }
            view = cluster.view().orElseThrow();
            asked.clear();
            nearestFirst(view.replicas(oid, cluster.copies(oid))).forEach(node -> asked.add(new Asked(node, false)));
            curable = false;
            damaged = false;
            ask();
        }

        private List<Node> nearestFirst(List<Node> replicas) {
            var order = new ArrayList<Node>();
            replicas.stream().filter(view::isSelf).forEach(order::add);
            int start = replicas.isEmpty() ? 0 : random.nextInt(replicas.size());
            for (int i = 0; i < replicas.size(); i++) {
                Node node = replicas.get((start + i) % replicas.size());
                if (!view.isSelf(node)) {
                    order.add(node);
                }
            }
            return order;
        }

        private void ask() {
            if (asked.isEmpty()) {
                if (curable) {
                    again();
                } else {
                    finish(Response.of(ResultCode.EIO));
                }
                return;
            }
            Asked next = asked.poll();
            var request = new PeerRequest.ReadReplica(
                    Header.of(Opcode.READ_REPLICA, next.mayWait() ? 0 : Flags.NO_WAIT, view.epoch(), 0),
                    oid,
                    offset,
                    length,
                    cluster.owner(oid.vid()).generation());
            peers.send(next.node(), request).thenAccept(answer -> answered(next, answer));
        }

        private void answered(Asked by, Response answer) {
            switch (answer.result()) {
                case SUCCESS, NO_OBJ, INVALID_PARMS -> {
                    if (damaged && answer.result() == ResultCode.SUCCESS) {
                        mend(oid, by.node());
                    }
                    finish(answer);
                }
                case EIO -> {
                    damaged = true;
                    answer.release();
                    ask();
                }
                case OLD_NODE_VER -> {
                    answer.release();
                    again();
                }
                default -> {
                    answer.release();
                    if (answer.result() == ResultCode.NETWORK_ERROR) {
                        cluster.complain(by.node());
                    }
                    if (answer.result() == ResultCode.AGAIN && !by.mayWait()) {
                        asked.add(new Asked(by.node(), true));
                    } else {
                        curable = true;
                    }
                    ask();
                }
            }
        }

        private void unlock() {
            ticket.ifPresent(RangeLocks.Ticket::release);
        }

        private void again() {
            unlock();
            loop.after(backoff(attempt++), this::admit);
        }

        private void finish(Response answer) {
            unlock();
            if (cluster.holdsLease()) {
                done.complete(answer);
            } else {
                // What was read may be old by the time a lease is back.
                answer.release();
                admit();
            }
        }
    }

    /** A read found a copy damaged which {@code sound} has whole: it is replaced behind the read's back. */
    private void mend(ObjectId oid, Node sound) {
        if (mending.add(oid)) {
            new MendFlow(oid, sound).admit();
        }
    }

    /** Replaces damaged copies while nothing else happens to the object. */
    private final class MendFlow {
        private final ObjectId oid;
        private final Node sound;
        private Right right;
        private RangeLocks.Ticket ticket;
        private int attempt;

        MendFlow(ObjectId oid, Node sound) {
            this.oid = oid;
            this.sound = sound;
        }

        void admit() {
            when(Gateway.this::isServing, () -> ownership.whenHeld(oid.vid(), this::lock));
        }

        private void lock(Right given) {
            right = given;
            ticket = locks.acquire(oid, 0, oid.size(), true, this::granted);
            locks.start(ticket);
        }

        private void granted() {
            if (!ownership.mayStart(oid.vid(), right)) {
                ticket.release();
                again();
                return;
            }
            long sequence = right.begin();
            settlement.heal(oid, right, sequence, List.of(sound)).thenAccept(healing -> {
                right.end(sequence);
                ticket.release();
                ownership.ended(oid.vid(), right);
                if (healing == Settlement.Healing.LATER) {
                    again();
                } else {
                    mending.remove(oid);
                }
            });
        }

        /** If it does not come to an end, the next read that meets the damage begins anew. */
        private void again() {
            if (++attempt < MENDINGS_MAX) {
                loop.after(backoff(attempt), this::admit);
            } else {
                mending.remove(oid);
            }
        }
    }

    private final class MutationFlow {
        private Mutation mutation;
        private Optional<Mutation> ifThere;
        private final Function<Mutation, Optional<ResultCode>> check;
        private final LoopFuture<ResultCode> done = new LoopFuture<>(loop);
        private RangeLocks.Ticket ticket;
        private Right right;
        private long sequence;
        private int attempt;
        private int healings;

        /** @param ifThere what is done instead if the object is there when its turn comes; within the mutation's range */
        MutationFlow(Mutation mutation, Optional<Mutation> ifThere, Function<Mutation, Optional<ResultCode>> check) {
            this.mutation = mutation;
            this.ifThere = ifThere;
            this.check = check;
        }

        private Vid vid() {
            return mutation.oid().vid();
        }

        void admit() {
            when(Gateway.this::isServing, () -> {
                var refused = check.apply(mutation);
                if (refused.isPresent()) {
                    done.complete(refused.get());
                } else {
                    ownership.whenHeld(vid(), this::lock);
                }
            });
        }

        private void lock(Right given) {
            right = given;
            ticket = locks.acquire(mutation.oid(), mutation.from(), mutation.to(), true, this::granted);
            locks.start(ticket);
        }

        private void granted() {
            if (ifThere.isEmpty()) {
                begin();
                return;
            }
            // Under the right to write and with the range locked: nobody makes it in between.
            read(mutation.oid(), 0, 0, false).thenAccept(there -> {
                there.release();
                switch (there.result()) {
                    case SUCCESS -> {
                        mutation = ifThere.get();
                        ifThere = Optional.empty();
                        begin();
                    }
                    case NO_OBJ -> begin();
                    default -> refuse(there.result());
                }
            });
        }

        private void begin() {
            if (!ownership.mayStart(vid(), right)) {
                ticket.release();
                admit();
                return;
            }
            var refused = check.apply(mutation);
            if (refused.isPresent()) {
                refuse(refused.get());
                return;
            }
            sequence = right.begin();
            send();
        }

        private void refuse(ResultCode code) {
            ticket.release();
            done.complete(code);
        }

        private void send() {
            ClusterView view = cluster.view().orElseThrow();
            var replicas = view.replicas(mutation.oid(), cluster.copies(mutation.oid()));
            if (replicas.isEmpty()) {
                again();
                return;
            }
            Traffic ofObject = traffic.computeIfAbsent(mutation.oid(), _ -> new Traffic());
            if (ofObject.healing.isPresent()) {
                ofObject.whenHealed.add(_ -> again());
                return;
            }
            ofObject.sent++;
            ReplicatedMutation.send(loop, peers, view, replicas, mutation, right, sequence, attempt > 0)
                    .thenAccept(result -> {
                        switch (result) {
                            case ReplicatedMutation.Result.Everywhere _ -> {
                                arrived();
                                finish(ResultCode.SUCCESS);
                            }
                            case ReplicatedMutation.Result.Nowhere nowhere -> {
                                arrived();
                                finish(nowhere.code());
                            }
                            case ReplicatedMutation.Result.Mixed mixed -> settle(mixed);
                            case ReplicatedMutation.Result.Damaged damaged -> heal(damaged.sound());
                            case ReplicatedMutation.Result.Again again -> {
                                arrived();
                                again.silent().forEach(cluster::complain);
                                again();
                            }
                        }
                    });
        }

        /** No answer to what was sent is missing any more. */
        private void arrived() {
            Traffic ofObject = traffic.get(mutation.oid());
            if (--ofObject.sent > 0) {
                return;
            }
            ofObject.healing.ifPresentOrElse(
                    heal -> heal.get().thenAccept(healing -> {
                        traffic.remove(mutation.oid());
                        ofObject.whenHealed.forEach(waiter -> waiter.accept(healing));
                    }),
                    () -> traffic.remove(mutation.oid()));
        }

        /**
         * Copies are replaced when nothing is on its way to the object: what a sound copy lacks of what others have by then
         * is sent to all of them once more. The range stays locked.
         */
        private void heal(List<Node> sound) {
            Traffic ofObject = traffic.get(mutation.oid());
            ofObject.whenHealed.add(healing -> {
                switch (healing) {
                    case NEVER -> finish(ResultCode.EIO);
                    case LATER -> again(); // A replica is on its way out, say; that is no answer yet.
                    case DONE -> {
                        if (++healings > HEALINGS_MAX) {
                            finish(ResultCode.EIO);
                        } else {
                            again();
                        }
                    }
                }
            });
            if (ofObject.healing.isEmpty()) {
                ofObject.healing = Optional.of(() -> settlement.heal(mutation.oid(), right, sequence, sound));
            }
            arrived();
        }

        /** The lock and the number stay: nothing that overlaps may come in between. */
        private void again() {
            loop.after(
                    backoff(attempt++),
                    () -> when(this::mayGoOn, () -> {
                        if (ownership.isCurrent(vid(), right)) {
                            send();
                        } else {
                            ticket.release();
                            admit();
                        }
                    }));
        }

        private boolean mayGoOn() {
            return isServing() || !ownership.isCurrent(vid(), right);
        }

        private void settle(ReplicatedMutation.Result.Mixed mixed) {
            var settling = mutation instanceof Mutation.Write write && mixed.code() != ResultCode.SUCCESS
                    ? settlement.settleRange(write, right, sequence, mixed.source())
                    : settlement.settleObject(mutation.oid(), right, sequence, mixed.source());
            settling.thenAccept(settled -> {
                arrived();
                if (settled) {
                    finish(mixed.code());
                } else {
                    again();
                }
            });
        }

        private void finish(ResultCode code) {
            right.end(sequence);
            ticket.release();
            ownership.ended(vid(), right);
            acknowledge(code);
        }

        /**
         * The lease is looked at when the answer leaves; without it, the answer waits. It is not done again, whoever
         * owns the VDI by then: it is on all replicas, so it lasts, and others may have read it and written since.
         */
        private void acknowledge(ResultCode code) {
            when(cluster::holdsLease, () -> done.complete(code));
        }
    }
}
