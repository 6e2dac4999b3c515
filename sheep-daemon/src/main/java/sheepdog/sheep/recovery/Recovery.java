package sheepdog.sheep.recovery;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.runtime.Loop;
import sheepdog.membership.runtime.LoopFuture;
import sheepdog.membership.runtime.Pool;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.protocol.wire.Response;
import sheepdog.sheep.cluster.Cluster;
import sheepdog.sheep.cluster.ClusterCommand;
import sheepdog.sheep.cluster.ClusterView;
import sheepdog.sheep.runtime.PeerLink;
import sheepdog.store.api.ObjectInfo;
import sheepdog.store.api.ObjectStore;
import sheepdog.store.api.Stamp;

/**
 * Decides whether this store's copy of an object, or its absence, can be trusted, and gets a copy that can.
 *
 * <p>Trust comes from the epochs ({@link sheepdog.sheep.cluster.EpochHistory}). An object in doubt is asked of the other
 * members until one answers that can be sure: with the content, or that the object does not exist. If none can, the
 * object waits for a member that comes back; nothing older is taken for it.
 *
 * <p>Objects that a request waits for come first; a sweep after each epoch brings the rest, one at a time. A new epoch
 * ends what is under way and starts anew. Loop-owned.
 */
public final class Recovery {
    private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);
    private static final Duration RETRY = Duration.ofMillis(500);
    /** Objects fetched at once; each holds its bytes in memory. */
    private static final int FETCHES_MAX = 4;

    private static final int LIST_PAGE = 4096;
    /** No owner numbers its mutations that high. */
    private static final long UNTIL_SETTLED = 1L << 62;

    private final Loop loop;
    private final Cluster cluster;
    private final ObjectStore store;
    private final PeerLink peers;

    private final Set<ObjectId> verified = new HashSet<>();
    private final Map<ObjectId, Bringing> bringing = new HashMap<>();
    private final Deque<Bringing> queued = new ArrayDeque<>();
    private int running;
    private Epoch epoch = Epoch.NONE;
    private Optional<Sweep> sweep = Optional.empty();

    public Recovery(Loop loop, Cluster cluster, ObjectStore store, PeerLink peers) {
        this.loop = loop;
        this.cluster = cluster;
        this.store = store;
        this.peers = peers;
        cluster.onChange(this::clusterChanged);
    }

    /** Whether what this store has of {@code oid}, or that it has nothing, is the truth in the current epoch. */
    public boolean isTrusted(ObjectId oid) {
        Epoch since = since(oid);
        return !Epoch.FIRST.isBefore(since)
                || verified.contains(oid)
                || !recoveredUntil(cluster.epoch(), oid).isBefore(since);
    }

    /** The newest epoch up to {@code until} in which this store had all objects like {@code oid}. */
    private Epoch recoveredUntil(Epoch until, ObjectId oid) {
        return cluster.state().recovered(cluster.self().storeId(), until, cluster.copies(oid));
    }

    /** Whether objects may still be missing here. */
    public boolean isRunning() {
        return sweep.isPresent() || !bringing.isEmpty();
    }

    /** Objects that requests or the sweep wait for. */
    public int backlog() {
        return bringing.size();
    }

    private Epoch since(ObjectId oid) {
        return cluster.history().replicaSince(oid, cluster.copies(oid));
    }

    /** The stage completes when {@code oid} is trusted, or the epoch has changed; ask {@link #isTrusted} again. */
    public CompletionStage<Void> bring(ObjectId oid) {
        return flow(oid).done;
    }

    private Bringing flow(ObjectId oid) {
        Bringing flow = bringing.get(oid);
        if (flow == null) {
            flow = new Bringing(oid, cluster.view().orElseThrow());
            bringing.put(oid, flow);
            queued.add(flow);
            startQueued();
        }
        return flow;
    }

    private void startQueued() {
        while (running < FETCHES_MAX && !queued.isEmpty()) {
            running++;
            queued.poll().start();
        }
    }

    /**
     * Answers another sheep that is in doubt about {@code oid}: its content or NO_OBJ if this node can be sure,
     * STALE_OBJ otherwise. A node that was a replica until the epoch before can be: nothing was acknowledged since, as
     * the asking replica had to take part.
     */
    public CompletionStage<Response> fetch(ObjectId oid) {
        if (cluster.view().isEmpty()) {
            return CompletableFuture.completedStage(Response.of(ResultCode.OLD_NODE_VER));
        }
        int copies = cluster.copies(oid);
        ClusterView view = cluster.view().get();
        boolean replica = view.replicas(oid, copies).stream().anyMatch(view::isSelf);
        Epoch before = new Epoch(view.epoch().number() - 1);
        Epoch since = replica ? since(oid) : cluster.history().replicaSince(oid, copies, before);
        boolean sure = replica ? isTrusted(oid) : !recoveredUntil(before, oid).isBefore(since);
        boolean never = !replica && !since.isBefore(view.epoch());
        if (never) {
            return CompletableFuture.completedStage(Response.of(ResultCode.STALE_OBJ));
        }
        return loop.offload(Pool.STORE, oid.bits(), () -> read(oid, since, sure));
    }

    private Response read(ObjectId oid, Epoch since, boolean sure) {
        Optional<ObjectInfo> found = store.find(oid);
        if (found.isEmpty()) {
            return sure ? absence(oid) : Response.of(ResultCode.STALE_OBJ);
        }
        if (!sure && found.get().epoch().isBefore(since)) {
            return Response.of(ResultCode.STALE_OBJ);
        }
        var whole = ByteBuffer.allocate(oid.size());
        // Asked before the bytes are read, so that bytes of a mutation under way never come without its mark.
        int marked = marked(oid);
        return switch (store.read(oid, 0, whole)) {
            case Outcome.Ok<Void> _ ->
                new Response.ObjectData(ResultCode.SUCCESS, marked, 0, Payload.of(whole.clear()));
            case Outcome.Refused<Void>(var code) -> Response.of(code);
        };
    }

    private int marked(ObjectId oid) {
        return store.inFlight(oid.vid()).contains(oid) ? 1 : 0;
    }

    /** Of an object that was removed here and perhaps not everywhere, or never was. */
    private Response absence(ObjectId oid) {
        return new Response.ObjectData(ResultCode.NO_OBJ, marked(oid), 0, Payload.EMPTY);
    }

    private void clusterChanged() {
        if (cluster.epoch().equals(epoch)) {
            return;
        }
        epoch = cluster.epoch();
        verified.clear();
        for (Bringing flow : List.copyOf(bringing.values())) {
            flow.abandon();
        }
        sweep = Optional.empty();
        cluster.view()
                .filter(v -> Epoch.FIRST.isBefore(v.epoch()))
                .filter(v -> v.selfMember().map(m -> m.node().storesObjects()).orElse(false))
                .ifPresent(view -> {
                    var next = new Sweep(view);
                    sweep = Optional.of(next);
                    next.list();
                });
    }

    /** One object in doubt: look at our own copy, then ask one member after the other. */
    private final class Bringing {
        private final ObjectId oid;
        private final ClusterView view;
        private final LoopFuture<Void> done = new LoopFuture<>(loop);
        private final List<Runnable> whenStuck = new ArrayList<>();
        private Deque<Node> candidates = new ArrayDeque<>();
        private boolean started;
        private boolean stuck;

        Bringing(ObjectId oid, ClusterView view) {
            this.oid = oid;
            this.view = view;
        }

        void start() {
            started = true;
            Epoch since = since(oid);
            loop.offload(Pool.STORE, oid.bits(), () -> store.find(oid)).thenAccept(found -> {
                if (isOver()) {
                    return;
                }
                if (found.isPresent() && !found.get().epoch().isBefore(since)) {
                    finish();
                } else {
                    askAll(found);
                }
            });
        }

        private void askAll(Optional<ObjectInfo> ours) {
            candidates = new ArrayDeque<>();
            var replicas = view.replicas(oid, cluster.copies(oid));
            replicas.stream().filter(n -> !view.isSelf(n)).forEach(candidates::add);
            view.nodes().stream()
                    .filter(n -> n.storesObjects() && !view.isSelf(n) && !replicas.contains(n))
                    .forEach(candidates::add);
            ask(ours);
        }

        private void ask(Optional<ObjectInfo> ours) {
            if (candidates.isEmpty()) {
                if (!stuck) {
                    LOG.warn("no member can be sure of oid={} epoch={}, waiting", oid, view.epoch());
                }
                waitForTurn();
                return;
            }
            Node node = candidates.poll();
            var request = new PeerRequest.FetchObject(Header.of(Opcode.FETCH_OBJECT, 0, view.epoch(), 0), oid);
            peers.send(node, request).thenAccept(answer -> {
                if (isOver()) {
                    answer.release();
                    return;
                }
                boolean marked = answer instanceof Response.ObjectData data && data.copies() != 0;
                switch (answer.result()) {
                    case SUCCESS -> replace(ours, Optional.of(answer.data()), marked);
                    case NO_OBJ -> {
                        answer.release();
                        replace(ours, Optional.empty(), marked);
                    }
                    default -> {
                        answer.release();
                        ask(ours);
                    }
                }
            });
        }

        private void replace(Optional<ObjectInfo> ours, Optional<Payload> content, boolean marked) {
            long generation = cluster.owner(oid.vid()).generation();
            loop.offload(Pool.STORE, oid.bits(), () -> put(ours, content, marked, generation))
                    .thenAccept(result -> {
                        content.ifPresent(Payload::release);
                        if (isOver()) {
                            return;
                        }
                        if (result.isOk()) {
                            finish();
                        } else if (result.code() == ResultCode.EIO) {
                            cluster.unable("the disk failed recovering oid=" + oid);
                            waitForTurn();
                        } else {
                            LOG.warn("recovering oid={} failed result={}", oid, result.code());
                            waitForTurn();
                        }
                    });
        }

        /**
         * A copy of an object that may not be the same everywhere takes the mark over, and so does its absence: the source
         * may be gone before the object is settled, and nobody else may know. The mark goes when it is settled, not by the
         * owner's word.
         */
        private Outcome<Void> put(
                Optional<ObjectInfo> ours, Optional<Payload> content, boolean marked, long generation) {
            var untilSettled = new Stamp(view.epoch(), generation, UNTIL_SETTLED);
            return store.recovered(oid, content.map(Payload::bytes), untilSettled, marked);
        }

        /** Others go first, for this one may wait long. */
        private void waitForTurn() {
            started = false;
            running--;
            loop.after(RETRY, () -> {
                if (!isOver()) {
                    queued.add(this);
                    startQueued();
                }
            });
            stuck = true;
            whenStuck.forEach(Runnable::run);
            whenStuck.clear();
            startQueued();
        }

        /** {@code run} is called once if this has to wait for somebody who is not there. */
        void whenStuck(Runnable run) {
            if (stuck) {
                run.run();
            } else {
                whenStuck.add(run);
            }
        }

        private boolean isOver() {
            return bringing.get(oid) != this;
        }

        private void finish() {
            verified.add(oid);
            end();
        }

        void abandon() {
            end();
        }

        private void end() {
            bringing.remove(oid);
            queued.remove(this);
            if (started) {
                running--;
            }
            done.complete(null);
            startQueued();
        }
    }

    /** Brings what no request has asked for yet: every object that some member holds and this node should. */
    private final class Sweep {
        private final ClusterView view;
        private final Deque<Node> unlisted = new ArrayDeque<>();
        private final Deque<ObjectId> wanted = new ArrayDeque<>();
        private final Set<ObjectId> seen = new HashSet<>();
        private final Set<ObjectId> unfinished = new HashSet<>();
        private int recordedFrom = Integer.MAX_VALUE;
        private boolean recording;

        Sweep(ClusterView view) {
            this.view = view;
            view.nodes().stream().filter(Node::storesObjects).forEach(unlisted::add);
        }

        void list() {
            if (isOver()) {
                return;
            }
            if (unlisted.isEmpty()) {
                LOG.info("recovery epoch={} objects={}", view.epoch(), wanted.size());
                next();
            } else {
                page(unlisted.peek(), Optional.empty());
            }
        }

        private void page(Node node, Optional<ObjectId> after) {
            var request =
                    new PeerRequest.ListObjects(Header.of(Opcode.LIST_OBJECTS, 0, view.epoch(), 0), after, LIST_PAGE);
            peers.send(node, request).thenAccept(answer -> {
                if (isOver()) {
                    answer.release();
                } else if (answer instanceof Response.ObjectVersions list && list.result() == ResultCode.SUCCESS) {
                    var oids = new ArrayList<ObjectId>();
                    list.objects().forEach(version -> oids.add(version.oid()));
                    take(oids);
                    if (oids.size() == LIST_PAGE) {
                        page(node, Optional.of(oids.getLast()));
                    } else {
                        unlisted.poll();
                        list();
                    }
                } else {
                    answer.release();
                    loop.after(RETRY, this::list);
                }
            });
        }

        private void take(List<ObjectId> oids) {
            for (ObjectId oid : oids) {
                boolean ours = view.replicas(oid, cluster.copies(oid)).stream().anyMatch(view::isSelf);
                if (ours && !isTrusted(oid) && seen.add(oid)) {
                    wanted.add(oid);
                }
            }
        }

        private void next() {
            if (isOver()) {
                return;
            }
            ObjectId oid = wanted.poll();
            if (oid == null) {
                record();
            } else if (isTrusted(oid)) {
                loop.execute(this::next);
            } else {
                bringOne(oid);
            }
        }

        /** The next one follows when this one is here, or cannot be had now. */
        private void bringOne(ObjectId oid) {
            unfinished.add(oid);
            Bringing flow = flow(oid);
            flow.whenStuck(() -> loop.execute(this::next));
            flow.done.thenAccept(_ -> {
                unfinished.remove(oid);
                if (!isOver() && !flow.stuck) {
                    loop.execute(this::next);
                }
            });
        }

        /**
         * All that could be brought is here. That goes into the log, for it is what makes the absence of an object
         * certain later; as long as something is missing, only for objects of more copies than the missing ones have.
         */
        private void record() {
            int missing = unfinished.stream().mapToInt(cluster::copies).max().orElse(0);
            var from = cluster.state().listedFrom(missing + 1);
            if (recording) {
                return;
            }
            if (from.isPresent() && from.get() < recordedFrom) {
                recording = true;
                var self = cluster.self().storeId();
                cluster.propose(new ClusterCommand.RecoveredStore(self, view.epoch(), from.get()))
                        .thenAccept(result -> {
                            recording = false;
                            if (result.code() == ResultCode.SUCCESS) {
                                recordedFrom = from.get();
                            }
                            lookAgain();
                        });
            } else {
                lookAgain();
            }
        }

        private void lookAgain() {
            if (isOver()) {
                return;
            }
            boolean all = recordedFrom <= cluster.state().copiesMin();
            if (all && unfinished.isEmpty()) {
                LOG.info("recovery done epoch={}", view.epoch());
                sweep = Optional.empty();
            } else {
                loop.after(RETRY, this::next);
            }
        }

        private boolean isOver() {
            return sweep.filter(s -> s == this).isEmpty();
        }
    }
}
