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
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.api.Member;
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
import sheepdog.protocol.wire.Response.ObjectState;
import sheepdog.protocol.wire.Response.ObjectState.Kind;
import sheepdog.sheep.cluster.Cluster;
import sheepdog.sheep.cluster.ClusterCommand;
import sheepdog.sheep.cluster.ClusterView;
import sheepdog.sheep.recovery.Evidence.Verdict;
import sheepdog.sheep.runtime.PeerLink;
import sheepdog.store.api.ObjectStore;
import sheepdog.store.api.Stamp;

/**
 * Decides whether this store's copy of an object, or its absence, can be trusted, and gets a copy that can.
 *
 * <p>Who has been a replica of an object all the time since the cluster was last whole is sure of it. Else the object is
 * in doubt: the stores whose word counts are asked what they have, {@link Evidence} tells whose is the newest, and that
 * replaces what is here. If too few of them are there, the object waits for them; nothing older is taken for it.
 *
 * <p>Objects that a request waits for come first; a sweep after each epoch brings the rest, a few at a time. A new epoch
 * ends what is under way and starts anew. Loop-owned.
 */
public final class Recovery {
    private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);
    private static final Duration RETRY = Duration.ofMillis(500);

    private static final int PAUSE_DOUBLINGS_MAX = 5;
    /** An object that was in doubt for so many rounds, some seconds, is named in the log. */
    private static final int ROUNDS_UNTIL_NAMED = 4;

    /** Objects brought at once; each holds its bytes in memory. */
    private static final int BRINGS_MAX = 8;

    /** So many of them may be the sweep's, so that clients find their share of disks and network. */
    private static final int SWEEPS_MAX = 4;

    /** Objects whose {@link #isSure} is remembered. */
    private static final int KNOWN_MAX = 65_536;

    private static final int LIST_PAGE = 4096;
    /** No owner numbers its mutations that high. */
    private static final long UNTIL_SETTLED = 1L << 62;

    private final Loop loop;
    private final Cluster cluster;
    private final ObjectStore store;
    private final PeerLink peers;
    private final Leftovers leftovers;

    private final Set<ObjectId> verified = new HashSet<>();
    private final Map<ObjectId, Boolean> sure = new HashMap<>();
    private final Map<ObjectId, Bringing> bringing = new HashMap<>();
    private final Deque<Bringing> urgent = new ArrayDeque<>();
    private final Deque<Bringing> patient = new ArrayDeque<>();
    private int running;
    private Epoch epoch = Epoch.NONE;
    private Optional<Sweep> sweep = Optional.empty();

    public Recovery(Loop loop, Cluster cluster, ObjectStore store, PeerLink peers) {
        this.loop = loop;
        this.cluster = cluster;
        this.store = store;
        this.peers = peers;
        this.leftovers = new Leftovers(cluster, store);
        cluster.onChange(this::clusterChanged);
    }

    /** Whether what this store has of {@code oid}, or that it has nothing, is the truth in the current epoch. */
    public boolean isTrusted(ObjectId oid) {
        return verified.contains(oid) || isSure(oid);
    }

    private boolean isSure(ObjectId oid) {
        Boolean known = sure.get(oid);
        if (known == null) {
            known = evidence(oid).isSure(cluster.self().storeId());
            if (sure.size() >= KNOWN_MAX) {
                sure.clear();
            }
            sure.put(oid, known);
        }
        return known;
    }

    private Evidence evidence(ObjectId oid) {
        int copies = cluster.copies(oid);
        Optional<Epoch> born = cluster.state().bornAfterAll(oid.vid());
        Epoch from = born.orElse(cluster.state().whole(copies));
        return new Evidence(
                cluster.history().replicaSets(oid, copies, from),
                born.isPresent(),
                cluster.epoch(),
                (store, epoch) -> cluster.state().recovered(store, epoch, copies));
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
        startQueued();
        return flow.done;
    }

    /** {@code run} is called once if {@code oid} turns out not to fit on the disk; it may never be called. */
    public void whenNoSpace(ObjectId oid, Runnable run) {
        Bringing flow = flow(oid);
        flow.whenStuck(() -> {
            if (flow.lacksSpace) {
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
        return flow != null && flow.lacksSpace && !flow.started;
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
            verified.add(oid);
            Optional.ofNullable(bringing.get(oid)).ifPresent(Bringing::abandon);
        }
    }

    private Bringing flow(ObjectId oid) {
        return bringing.computeIfAbsent(oid, _ -> {
            var flow = new Bringing(oid, cluster.view().orElseThrow());
            patient.add(flow);
            return flow;
        });
    }

    private void startQueued() {
        while (running < BRINGS_MAX && !(urgent.isEmpty() && patient.isEmpty())) {
            running++;
            (urgent.isEmpty() ? patient : urgent).poll().start();
        }
    }

    /** What this store has of {@code oid}, whether it is the truth or not: for another sheep that is in doubt. */
    public CompletionStage<Response> stat(ObjectId oid) {
        return cluster.onStore(Pool.STORE, oid.bits(), () -> state(oid));
    }

    private ObjectState state(ObjectId oid) {
        // Asked first, so that nothing that is under way ever comes without its mark.
        boolean marked = store.isInFlight(oid);
        Epoch forgotten = store.removalsForgotten();
        var copy = store.find(oid);
        var removed = store.removedIn(oid);
        return copy.map(info -> new ObjectState(ResultCode.SUCCESS, Kind.COPY, info.epoch(), marked, forgotten))
                .or(() -> removed.map(
                        epoch -> new ObjectState(ResultCode.SUCCESS, Kind.REMOVED, epoch, marked, forgotten)))
                .orElse(new ObjectState(ResultCode.SUCCESS, Kind.NOTHING, Epoch.NONE, marked, forgotten));
    }

    /** The whole of {@code oid} as it is here, for another sheep that found that to be the newest. */
    public CompletionStage<Response> fetch(ObjectId oid) {
        return cluster.onStore(Pool.STORE, oid.bits(), () -> read(oid));
    }

    private Response read(ObjectId oid) {
        var whole = ByteBuffer.allocate(oid.size());
        int marked = store.isInFlight(oid) ? 1 : 0; // First, as above.
        return switch (store.read(oid, 0, whole)) {
            case Outcome.Ok<Void> _ ->
                new Response.ObjectData(ResultCode.SUCCESS, marked, 0, Payload.of(whole.clear()));
            case Outcome.Refused<Void>(var code) -> Response.of(code);
        };
    }

    private void clusterChanged() {
        sure.clear();
        leftovers.look();
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

    /** One object in doubt: asks all whose word counts, and takes what turns out to be the newest. */
    private final class Bringing {
        private final ObjectId oid;
        private final ClusterView view;
        private final LoopFuture<Void> done = new LoopFuture<>(loop);
        private final List<Runnable> whenStuck = new ArrayList<>();
        private boolean hurried;
        private boolean started;
        private boolean stuck;
        private int rounds;
        private int waits;

        private Evidence evidence;
        private ObjectState ours;
        private int unanswered;
        private boolean decided;
        private boolean lacksSpace;
        /** Those whose copy could not be had in this round. */
        private final Set<Long> failed = new HashSet<>();

        Bringing(ObjectId oid, ClusterView view) {
            this.oid = oid;
            this.view = view;
        }

        /** A request waits for it. */
        void hurry() {
            if (!hurried) {
                hurried = true;
                if (patient.remove(this)) {
                    urgent.add(this);
                }
            }
        }

        void start() {
            started = true;
            decided = false;
            failed.clear();
            unanswered = 0;
            evidence = evidence(oid);
            cluster.onStore(Pool.STORE, oid.bits(), () -> state(oid)).thenAccept(state -> {
                if (isOver()) {
                    return;
                }
                ours = state;
                evidence.add(cluster.self().storeId(), state);
                if (!decide()) {
                    askOthers();
                }
            });
        }

        private void askOthers() {
            var others = evidence.witnesses().stream()
                    .filter(store -> store != cluster.self().storeId())
                    .flatMap(store -> view.record().store(store).stream())
                    .toList();
            unanswered = others.size();
            others.forEach(this::ask);
            if (others.isEmpty()) {
                waitForOthers();
            }
        }

        private void ask(Member other) {
            Evidence round = evidence;
            var request = new PeerRequest.StatObject(Header.of(Opcode.STAT_OBJECT, 0, view.epoch(), 0), oid);
            peers.send(other.node(), request).thenAccept(answer -> {
                answer.release();
                if (isOver() || round != evidence) {
                    return;
                }
                unanswered--;
                if (answer instanceof ObjectState state && state.result() == ResultCode.SUCCESS) {
                    evidence.add(other.storeId(), state);
                }
                goOn();
            });
        }

        private void goOn() {
            if (!decided && !decide() && unanswered == 0) {
                waitForOthers();
            }
        }

        /** Acts on what is known by now, if that is enough. */
        private boolean decide() {
            switch (evidence.verdict().orElse(null)) {
                case Verdict.Copy(var holders) -> decided = take(holders);
                case Verdict.Absence(boolean removed, boolean marked) -> {
                    decided = true;
                    boolean remembered =
                            ours.kind() == Kind.REMOVED && ours.epoch().equals(view.epoch());
                    if (ours.kind() != Kind.COPY && (remembered || !removed) && (ours.marked() || !marked)) {
                        finish();
                    } else {
                        replace(Optional.empty(), marked);
                    }
                }
                case null -> {}
            }
            return decided;
        }

        private void waitForOthers() {
            rounds++;
            if (rounds == ROUNDS_UNTIL_NAMED && !evidence.missing().isEmpty()) {
                String missing = evidence.missing().stream()
                        .map(set -> cluster.state().nodes(set) + " of epoch " + set.epoch())
                        .collect(Collectors.joining(" and one of "));
                LOG.warn("nobody can be sure of oid={} in epoch={} waiting for one of {}", oid, view.epoch(), missing);
            }
            waitForTurn();
        }

        /** @return false if none of the holders known by now let us have its copy */
        private boolean take(Set<Long> holders) {
            if (holders.contains(cluster.self().storeId())) {
                keepOurs();
                return true;
            }
            var next = holders.stream()
                    .filter(store -> !failed.contains(store))
                    .sorted()
                    .flatMap(store -> view.record().store(store).stream())
                    .findFirst();
            next.ifPresent(this::fetch);
            return next.isPresent();
        }

        /** Our copy is the newest; those who bore it out may be gone tomorrow, so it gets today's epoch. */
        private void keepOurs() {
            cluster.onStore(Pool.STORE, oid.bits(), () -> store.confirm(oid, view.epoch()))
                    .thenAccept(this::taken);
        }

        /** If this fails, its copy may be damaged: others that may answer later have it, too. */
        private void fetch(Member holder) {
            Node node = holder.node();
            var request = new PeerRequest.FetchObject(Header.of(Opcode.FETCH_OBJECT, 0, view.epoch(), 0), oid);
            peers.send(node, request).thenAccept(answer -> {
                if (isOver()) {
                    answer.release();
                } else if (answer instanceof Response.ObjectData data && data.result() == ResultCode.SUCCESS) {
                    replace(Optional.of(data.data()), data.copies() != 0);
                } else {
                    LOG.warn("copy not had oid={} from={} result={}", oid, node.id(), answer.result());
                    answer.release();
                    failed.add(holder.storeId());
                    decided = false;
                    goOn();
                }
            });
        }

        /**
         * A copy of an object that may not be the same everywhere takes the mark over, and so does its absence: the source
         * may be gone before the object is settled, and nobody else may know. The mark goes when it is settled, not by the
         * owner's word.
         */
        private void replace(Optional<Payload> content, boolean marked) {
            var stamp = new Stamp(view.epoch(), cluster.owner(oid.vid()).generation(), UNTIL_SETTLED);
            cluster.onStore(
                            Pool.STORE,
                            oid.bits(),
                            () -> store.recovered(oid, content.map(Payload::bytes), stamp, marked))
                    .thenAccept(result -> {
                        content.ifPresent(Payload::release);
                        taken(result);
                    });
        }

        private void taken(Outcome<Void> result) {
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
                lacksSpace = result.code() == ResultCode.NO_SPACE;
                waitForTurn();
            }
        }

        /** Others go first, for this one may wait long. */
        private void waitForTurn() {
            started = false;
            running--;
            // Who is missing comes with a new epoch; before that only what went wrong on the way can go better.
            Duration pause = RETRY.multipliedBy(1L << Math.min(waits++, PAUSE_DOUBLINGS_MAX));
            loop.after(pause, () -> {
                if (!isOver()) {
                    (hurried ? urgent : patient).add(this);
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
            urgent.remove(this);
            patient.remove(this);
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
        private int active;
        private int recordedFrom = Integer.MAX_VALUE;
        private boolean recording;

        Sweep(ClusterView view) {
            this.view = view;
            unlisted.addAll(
                    view.nodes()); // Also those that are only gateways now: they may have stored objects before.
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
            while (active < SWEEPS_MAX && !wanted.isEmpty()) {
                ObjectId oid = wanted.poll();
                if (!isTrusted(oid)) {
                    bringOne(oid);
                }
            }
            startQueued();
            if (active == 0) {
                record();
            }
        }

        /** Another one follows when this one is here, or cannot be had now. */
        private void bringOne(ObjectId oid) {
            active++;
            unfinished.add(oid);
            Bringing flow = flow(oid);
            flow.whenStuck(this::oneLess);
            flow.done.thenAccept(_ -> {
                unfinished.remove(oid);
                if (!flow.stuck) {
                    oneLess();
                }
            });
        }

        private void oneLess() {
            active--;
            loop.execute(this::next);
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
