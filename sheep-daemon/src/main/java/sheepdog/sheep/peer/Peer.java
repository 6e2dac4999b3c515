package sheepdog.sheep.peer;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import sheepdog.membership.runtime.Cancellable;
import sheepdog.membership.runtime.Loop;
import sheepdog.membership.runtime.LoopFuture;
import sheepdog.membership.runtime.Pool;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.wire.Flags;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.protocol.wire.Response;
import sheepdog.sheep.cluster.Cluster;
import sheepdog.sheep.recovery.LocalCopies;
import sheepdog.sheep.recovery.Recovery;
import sheepdog.store.api.ObjectInfo;
import sheepdog.store.api.ObjectStore;
import sheepdog.store.api.Stamp;

/**
 * This node's replicas, for gateways (this one's among them).
 *
 * <p>A request of an older epoch is answered OLD_NODE_VER, one of a newer epoch waits until this node is there too, and all
 * wait until the log names this process as a member: it may run on an old copy of its directory; an
 * object in doubt is recovered first, and if that takes longer than {@link #HOLD} the sender is answered AGAIN, so that it
 * does not take this node for one that does not answer; a mutation by an owner that is not the owner any more is answered AGAIN. The store
 * checks epoch and owner once more at its door. A copy that is damaged is answered EIO, and its gateway sends a whole one;
 * if not even that can be written or read back, or the store has failed, this node leaves. Loop-owned.
 */
public final class Peer {
    /** Well below the time in which a link gives up waiting for an answer. */
    static final Duration HOLD = Duration.ofSeconds(5);

    /** A copy that was written whole and is damaged so soon says that the disk is. */
    private static final Duration FRESH = Duration.ofSeconds(3);

    private static final int FRESH_MAX = 1_000;

    private final Loop loop;
    private final Cluster cluster;
    private final ObjectStore store;
    private final Recovery recovery;
    private final LocalCopies local;
    private final YieldHandler gateway;
    private final List<Waiting> waiting = new ArrayList<>();

    /** When objects were written whole, the latest last. */
    private final LinkedHashMap<ObjectId, Long> freshNanos = new LinkedHashMap<>();

    /** @param failed whether the disk is to blame, and not one object */
    private record Tried(ResultCode code, boolean failed) {}

    private record Waiting(PeerRequest request, LoopFuture<Response> done) {}

    /** The gateway of this node, for requests that go to it and not to the store. */
    @FunctionalInterface
    public interface YieldHandler {
        /** As {@code Gateway.yieldOwner}. */
        CompletionStage<ResultCode> yieldOwner(Vid vid, long generation);
    }

    /** @param cluster told when the store carries out no mutation any more */
    public Peer(
            Loop loop, Cluster cluster, ObjectStore store, Recovery recovery, LocalCopies local, YieldHandler gateway) {
        this.loop = loop;
        this.cluster = cluster;
        this.store = store;
        this.recovery = recovery;
        this.local = local;
        this.gateway = gateway;
        cluster.onChange(this::wake);
    }

    /** Requests that wait for a later epoch, or until this process is a member. */
    public int waitingCount() {
        return waiting.size();
    }

    /** The request's payload must stay until the stage completes; whoever gets the response releases it. */
    public CompletionStage<Response> serve(PeerRequest request) {
        var done = new LoopFuture<Response>(loop);
        admit(request, done);
        return done;
    }

    private void wake() {
        if (waiting.isEmpty()) {
            return;
        }
        var again = List.copyOf(waiting);
        waiting.clear();
        again.forEach(w -> admit(w.request(), w.done()));
    }

    private void admit(PeerRequest request, LoopFuture<Response> done) {
        Epoch theirs = request.header().epoch();
        Epoch ours = cluster.epoch();
        if (request instanceof PeerRequest.Ping || request instanceof PeerRequest.YieldOwner) {
            run(request, done);
        } else if (theirs.isBefore(ours)) {
            done.complete(Response.of(ResultCode.OLD_NODE_VER));
        } else if (ours.isBefore(theirs) || !ours.equals(cluster.state().epoch()) || isNotYetMember()) {
            waiting.add(new Waiting(request, done));
        } else {
            run(request, done);
        }
    }

    private boolean isNotYetMember() {
        return cluster.view().isPresent() && !cluster.isMember();
    }

    private void run(PeerRequest request, LoopFuture<Response> done) {
        if (isOfClients(request)) {
            recovery.clientSeen();
        }
        if (cluster.view().isEmpty() && !(request instanceof PeerRequest.Ping)) {
            done.complete(Response.of(ResultCode.WAIT_FOR_FORMAT));
            return;
        }
        switch (request) {
            case PeerRequest.Hello _ -> done.complete(Response.of(ResultCode.INVALID_PARMS));
            case PeerRequest.Ping _ -> done.complete(Response.success());
            case PeerRequest.YieldOwner r ->
                gateway.yieldOwner(r.vid(), r.generation()).thenAccept(code -> done.complete(Response.of(code)));
            case PeerRequest.ReadReplica r -> ifTrusted(r.oid(), r, done, () -> read(r));
            case PeerRequest.WriteReplica r ->
                mutate(r.oid(), r.generation(), r, done, () -> {
                    store.completed(r.oid().vid(), r.generation(), r.completed());
                    return store.write(r.oid(), r.offset(), r.data().bytes(), stamp(r, r.generation(), r.sequence()));
                });
            case PeerRequest.CreateReplica r ->
                mutate(r.oid(), r.generation(), r, done, () -> {
                    store.completed(r.oid().vid(), r.generation(), r.completed());
                    return store.create(r.oid(), r.offset(), r.data().bytes(), stamp(r, r.generation(), r.sequence()));
                });
            case PeerRequest.RemoveReplica r ->
                mutate(r.oid(), r.generation(), r, done, () -> {
                    store.completed(r.oid().vid(), r.generation(), r.completed());
                    return store.remove(r.oid(), stamp(r, r.generation(), r.sequence()));
                });
            case PeerRequest.DiscardReplica r ->
                mutate(r.oid(), r.generation(), r, done, () -> {
                    store.completed(r.oid().vid(), r.generation(), r.completed());
                    return store.discard(r.oid(), r.offset(), r.length(), stamp(r, r.generation(), r.sequence()));
                });
            case PeerRequest.CompletedWrites r ->
                offload(Pool.BULK, r.vid().value(), done, () -> {
                    store.completed(r.vid(), r.generation(), r.through());
                    return Response.success();
                });
            case PeerRequest.InFlightObjects r -> inFlight(r, done);
            case PeerRequest.SettleObject r ->
                offload(
                        Pool.STORE,
                        r.oid().bits(),
                        done,
                        () -> Response.of(store.settled(r.oid(), r.header().epoch(), r.generation())
                                .code()));
            case PeerRequest.StatObject r -> local.stat(r.oid()).thenAccept(done::complete);
            case PeerRequest.FetchObject r -> {
                if (r.header().has(Flags.RECOVERY)) {
                    recovery.lend(() -> local.fetch(r.oid(), r.data()).thenAccept(done::complete));
                } else {
                    local.fetch(r.oid(), r.data()).thenAccept(done::complete);
                }
            }
            case PeerRequest.ListObjects r -> {
                Predicate<ObjectId> asked = asked(r);
                offload(Pool.BULK, r.header().id(), done, () -> list(r, asked));
            }
        }
    }

    /** Recovery leaves them their share of the disk. */
    private static boolean isOfClients(PeerRequest request) {
        return request instanceof PeerRequest.ReadReplica
                || request instanceof PeerRequest.WriteReplica
                || request instanceof PeerRequest.CreateReplica
                || request instanceof PeerRequest.RemoveReplica
                || request instanceof PeerRequest.DiscardReplica;
    }

    private static Stamp stamp(PeerRequest request, long generation, long sequence) {
        return new Stamp(request.header().epoch(), generation, sequence);
    }

    private void ifTrusted(ObjectId oid, PeerRequest request, LoopFuture<Response> done, Callable<Response> run) {
        if (recovery.isTrusted(oid)) {
            offload(Pool.STORE, oid.bits(), done, run);
        } else if (request.header().has(Flags.NO_WAIT)) {
            done.complete(Response.of(ResultCode.AGAIN));
        } else {
            whenTrusted(oid, request, done);
        }
    }

    private void whenTrusted(ObjectId oid, PeerRequest request, LoopFuture<Response> done) {
        Cancellable patience = loop.after(HOLD, () -> done.complete(Response.of(ResultCode.AGAIN)));
        recovery.bring(oid).thenAccept(_ -> {
            patience.cancel();
            if (!done.isDone()) {
                admit(request, done);
            }
        });
    }

    private void offload(Pool pool, long stripe, LoopFuture<Response> done, Callable<Response> run) {
        cluster.onStore(pool, stripe, run).thenAccept(done::complete);
    }

    private void mutate(
            ObjectId oid,
            long generation,
            PeerRequest request,
            LoopFuture<Response> done,
            Callable<Outcome<Void>> change) {
        if (generation < cluster.owner(oid.vid()).generation()) {
            done.complete(Response.of(ResultCode.AGAIN));
        } else if (recovery.isTrusted(oid)) {
            change(oid, request, change).thenAccept(done::complete);
        } else if (!(request instanceof PeerRequest.RemoveReplica)) {
            whenTrusted(oid, request, done);
        } else if (recovery.lacksSpace(oid)) {
            removeUnseen(oid, request, change, done);
        } else {
            whenTrusted(oid, request, done);
            recovery.whenNoSpace(oid, () -> {
                if (!done.isDone()) {
                    admit(request, done);
                }
            });
        }
    }

    /**
     * A full disk has no room for the newest content, and the removal that would give some must not wait for that. It
     * leaves the same whatever was here.
     */
    private void removeUnseen(
            ObjectId oid, PeerRequest request, Callable<Outcome<Void>> change, LoopFuture<Response> done) {
        var removal = change(oid, request, change);
        recovery.removing(oid);
        removal.thenAccept(answer -> {
            if (answer.result() == ResultCode.SUCCESS || answer.result() == ResultCode.NO_OBJ) {
                recovery.removed(oid, request.header().epoch());
            }
            done.complete(answer);
        });
    }

    private CompletionStage<Response> change(ObjectId oid, PeerRequest request, Callable<Outcome<Void>> change) {
        boolean whole =
                request instanceof PeerRequest.CreateReplica r && r.data().length() == oid.size();
        return cluster.onStore(Pool.STORE, oid.bits(), () -> {
                    var code = change.call().code();
                    return new Tried(code, code == ResultCode.EIO && (whole || store.isFailed()));
                })
                .thenApply(tried -> {
                    if (tried.failed()) {
                        cluster.unable("the disk failed writing oid=" + oid);
                        return Response.of(ResultCode.NETWORK_ERROR);
                    }
                    if (tried.code() == ResultCode.EIO && isFresh(oid)) {
                        // Sent whole and damaged at once: no rotten block, and sending it again would not help.
                        cluster.unable("the disk does not give back what it took oid=" + oid);
                        return Response.of(ResultCode.NETWORK_ERROR);
                    }
                    if (whole && tried.code() == ResultCode.SUCCESS) {
                        noteFresh(oid);
                    }
                    return Response.of(tried.code());
                });
    }

    private void noteFresh(ObjectId oid) {
        freshNanos.putLast(oid, loop.nowNanos());
        if (freshNanos.size() > FRESH_MAX) {
            freshNanos.pollFirstEntry();
        }
    }

    /** Whether a whole copy was written here a moment ago. */
    private boolean isFresh(ObjectId oid) {
        Long since = freshNanos.get(oid);
        return since != null && loop.nowNanos() - since < FRESH.toNanos();
    }

    private Response read(PeerRequest.ReadReplica r) {
        var into = ByteBuffer.allocate(r.length());
        return switch (store.read(r.oid(), r.offset(), into)) {
            case Outcome.Ok<Void> _ -> new Response.ObjectData(ResultCode.SUCCESS, 0, 0, Payload.of(into.clear()));
            case Outcome.Refused<Void>(var code) -> Response.of(code);
        };
    }

    private void inFlight(PeerRequest.InFlightObjects r, LoopFuture<Response> done) {
        if (r.generation() < cluster.owner(r.vid()).generation()) {
            done.complete(Response.of(ResultCode.AGAIN));
            return;
        }
        offload(Pool.BULK, r.vid().value(), done, () -> {
            store.fenceOwner(r.vid(), r.generation());
            return new Response.ObjectIds(ResultCode.SUCCESS, store.inFlight(r.vid()));
        });
    }

    /**
     * What the one who asks may have to hold. With the most copies that any object has the replicas are at least those that
     * an object of fewer has, so that nothing is left out.
     */
    private Predicate<ObjectId> asked(PeerRequest.ListObjects r) {
        int copies = cluster.state().copiesMax();
        return cluster.view()
                .flatMap(view -> view.record().store(r.forStore()).map(asking -> (Predicate<ObjectId>)
                        oid -> view.ring().isReplica(oid, copies, asking.node().id())))
                .orElse(_ -> true);
    }

    /** Fewer than were asked for only if there are no more. */
    private Response list(PeerRequest.ListObjects r, Predicate<ObjectId> asked) {
        var versions = new ArrayList<Response.ObjectVersions.Version>();
        Optional<ObjectId> after = r.after();
        boolean more = true;
        while (more && versions.size() < r.countMax()) {
            var part = store.list(after, r.countMax());
            more = part.size() == r.countMax();
            for (ObjectInfo info : part) {
                if (versions.size() < r.countMax() && asked.test(info.oid())) {
                    versions.add(new Response.ObjectVersions.Version(info.oid(), info.epoch()));
                }
                after = Optional.of(info.oid());
            }
        }
        return new Response.ObjectVersions(ResultCode.SUCCESS, versions);
    }
}
