package sheepdog.sheep.cluster;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.api.Member;
import sheepdog.membership.runtime.Loop;
import sheepdog.membership.runtime.LoopFuture;
import sheepdog.membership.runtime.Pool;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.EpochLogEntry;
import sheepdog.protocol.wire.NodeCodec;
import sheepdog.protocol.wire.Protocol;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;
import sheepdog.store.api.ObjectStore;

/** What an administrator asks of the cluster and of this node. Loop-owned. */
public final class ClusterService {
    /** collie expects no master. */
    private static final int NO_MASTER = -1;

    private static final int BLOCK_SIZE_SHIFT = 22;
    /** In the order the original lists them. */
    private static final List<String> STORES = List.of("farm", "plain");

    /** Epochs in one answer, 56 MiB of them: what is asked for must not take the memory that requests need. */
    static final int EPOCHS_MAX = 1024;

    /** So few are put together at once, also when the disk that the pools wait for hangs. */
    private static final int EPOCHS_ON_LOOP = 16;

    /** One long list at a time. */
    private static final long EPOCHS_STRIPE = -1;

    /** Until what went on by force serves with all who were there, it is looked for so often, and so long at most. */
    private static final Duration FORCED_LOOK = Duration.ofMillis(100);

    private static final int FORCED_LOOKS_MAX = 200;

    /** How often one who waits for a drain is told. */
    private static final Duration DRAIN_NEWS = Duration.ofSeconds(1);

    private final Loop loop;
    private final Cluster cluster;
    private final ObjectStore store;
    private final BooleanSupplier recovering;

    /** @param recovering whether objects may still be missing on this node */
    public ClusterService(Loop loop, Cluster cluster, ObjectStore store, BooleanSupplier recovering) {
        this.loop = loop;
        this.cluster = cluster;
        this.store = store;
        this.recovering = recovering;
    }

    /** Nodes in order of their addresses, and which of them this one is. */
    public Response nodeList(Request.GetNodeList request) {
        var nodes = cluster.nodes();
        if (nodes.size() * NodeCodec.BYTES > request.lengthMax()) {
            return Response.of(ResultCode.BUFFER_SMALL);
        }
        int local = nodes.stream()
                .map(Node::id)
                .toList()
                .indexOf(cluster.self().node().id());
        return new Response.NodeStat(ResultCode.SUCCESS, nodes.size(), local, NO_MASTER, 0, 0, NodeCodec.encode(nodes));
    }

    /**
     * Epochs, newest first, as many as there is room for, at most {@link #EPOCHS_MAX}; the result is the state of the
     * cluster. Older ones can be had one by one, by {@link #epoch}.
     */
    public CompletionStage<Response> clusterStat(Request.StatCluster request) {
        var format = cluster.state().format();
        var code = cluster.status().code();
        int room = Math.min(request.lengthMax() / EpochLogEntry.BYTES, EPOCHS_MAX);
        var epochs = cluster.state().newestEpochs(room);
        if (epochs.size() <= EPOCHS_ON_LOOP) {
            return CompletableFuture.completedStage(epochLog(code, format, epochs));
        }
        return loop.offload(Pool.BULK, EPOCHS_STRIPE, () -> epochLog(code, format, epochs));
    }

    private static Response epochLog(ResultCode code, ClusterFormat format, List<EpochRecord> epochs) {
        var entries = epochs.stream()
                .map(e -> new EpochLogEntry(format.ctime(), e.timeSeconds(), e.epoch(), format.copies(), e.nodes()))
                .toList();
        return new Response.Data(code, EpochLogEntry.encode(entries));
    }

    /** This node's announced space, and how much of it objects of nominal size leave. */
    public CompletionStage<Response> nodeStat(Request.StatSheep request) {
        long space = cluster.self().node().space();
        return loop.offload(Pool.BULK, request.header().id(), () -> {
            long used = store.stats().nominalBytes();
            return new Response.NodeStat(ResultCode.SUCCESS, 0, 0, 0, space, Math.max(0, space - used), Payload.EMPTY);
        });
    }

    /** Whether this node may still miss objects. */
    public Response recoveryStat(Request.StatRecovery request) {
        return Response.of(recovering.getAsBoolean() ? ResultCode.NODE_IN_RECOVERY : ResultCode.SUCCESS);
    }

    /** Names of the backends, each followed by a blank. */
    public Response storeList(Request.GetStoreList request) {
        var text = new StringBuilder();
        STORES.forEach(name -> text.append(name).append(' '));
        byte[] bytes = text.append('\0').toString().getBytes(StandardCharsets.US_ASCII);
        return bytes.length > request.lengthMax()
                ? Response.of(ResultCode.BUFFER_SMALL)
                : new Response.Data(ResultCode.SUCCESS, Payload.of(bytes));
    }

    /**
     * Lines of text: {@code epoch NUMBER MEMBERS}, {@code reason TEXT} if this sheep waits for something, and for each store of
     * the newest epoch that is not seen {@code missing ADDRESS STORE SECONDS}, the last being how long ago it was seen, or
     * {@code -} if it was not since this sheep started. For each member that is being drained {@code draining ADDRESS STORE
     * STORES-READY STORES}, or {@code drained ADDRESS STORE}.
     */
    public Response waiting(Request.GetWaiting request) {
        var status = cluster.logStatus();
        var text = new StringBuilder();
        cluster.state()
                .current()
                .ifPresent(epoch -> text.append(
                        "epoch %s %d\n".formatted(epoch.epoch(), epoch.members().size())));
        if (!status.reason().isEmpty()) {
            text.append("reason ").append(status.reason()).append('\n');
        }
        for (Member member : status.missing()) {
            var unseen = cluster.unseenFor(member);
            text.append("missing %s %016x %s\n"
                    .formatted(
                            member.node().id(),
                            member.storeId(),
                            unseen.isPresent() ? unseen.get().toSeconds() : "-"));
        }
        text.append(drains());
        for (var link : cluster.brokenLinks()) {
            text.append("unlinked %s %s\n"
                    .formatted(link.one().node().id(), link.other().node().id()));
        }
        for (var out : cluster.keptOut()) {
            text.append("out %s %016x"
                    .formatted(out.member().node().id(), out.member().storeId()));
            out.notReached()
                    .forEach(member -> text.append(' ').append(member.node().id()));
            text.append('\n');
        }
        if (!cluster.state().isRecoveryEnabled()) {
            text.append("recovery disabled\n");
        }
        byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        return new Response.Data(
                ResultCode.SUCCESS, Payload.of(Arrays.copyOf(bytes, Math.min(bytes.length, request.lengthMax()))));
    }

    private String drains() {
        var text = new StringBuilder();
        for (long storeId : new TreeSet<>(cluster.state().draining())) {
            cluster.state().current().flatMap(epoch -> epoch.store(storeId)).ifPresent(member -> {
                boolean done = cluster.state().isDrained(storeId);
                text.append("%s %s %016x%s\n"
                        .formatted(
                                done ? "drained" : "draining",
                                member.node().id(),
                                storeId,
                                done ? "" : " " + drainProgress()));
            });
        }
        return text.toString();
    }

    /** Has this sheep's store hand over what it holds, or says how far it has come with that. */
    public CompletionStage<Response> drain(Request.DrainNode request) {
        long self = cluster.self().storeId();
        return switch (request.how()) {
            case DRAIN, DRAIN_WITH_FEWER_COPIES -> {
                boolean fewer = request.how() == Request.DrainNode.How.DRAIN_WITH_FEWER_COPIES;
                yield cluster.propose(new ClusterCommand.DrainStore(self, fewer))
                        .thenApply(ClusterService::drainAnswer);
            }
            case CANCEL ->
                cluster.propose(new ClusterCommand.FillStore(self)).thenApply(result -> Response.of(result.code()));
            case AWAIT -> {
                if (!cluster.state().draining().contains(self)) {
                    yield CompletableFuture.completedStage(Response.of(ResultCode.NO_TAG));
                }
                if (cluster.state().isDrained(self)) {
                    yield CompletableFuture.completedStage(Response.success());
                }
                var later = new LoopFuture<Response>(loop);
                loop.after(DRAIN_NEWS, () -> later.complete(text(ResultCode.AGAIN, drainProgress())));
                yield later;
            }
        };
    }

    private static Response drainAnswer(CommandResult result) {
        if (result.code() != ResultCode.INVALID_PARMS) {
            return Response.of(result.code());
        }
        return text(
                ResultCode.INVALID_PARMS,
                switch (Drains.Refusal.values()[(int) result.number()]) {
                    case NO_MEMBER -> "it is no member of the cluster now";
                    case NOTHING_STORED -> "it stores no objects";
                    case LAST_STORE -> "no other node could hold what it has";
                    case HALT -> "without it the cluster would halt, as it was formatted to";
                    case FEWER_COPIES -> "the other nodes are in too few zones for as many copies as there are now";
                });
    }

    private String drainProgress() {
        long stores = cluster.state().current().stream()
                .flatMap(record -> record.nodes().stream())
                .filter(Node::storesObjects)
                .count();
        String why = cluster.state().isRecoveryEnabled() ? "" : " disabled";
        return cluster.state().recoveredCount() + " " + stores + why;
    }

    private static Response text(ResultCode code, String line) {
        return new Response.Data(code, Payload.of(line.getBytes(StandardCharsets.UTF_8)));
    }

    /** What a new VDI gets that names nothing itself. */
    public Response clusterDefault(Request.GetClusterDefault request) {
        return new Response.ClusterDefault(
                ResultCode.SUCCESS, cluster.state().format().copies(), 0, BLOCK_SIZE_SHIFT);
    }

    /** The nodes of an epoch, and when it began; NO_TAG if this node does not know it. */
    public Response epoch(Request.GetEpoch request) {
        return cluster.state()
                .epoch(request.targetEpoch())
                .map(record -> nodesAndTime(record, request.lengthMax()))
                .orElse(Response.of(ResultCode.NO_TAG));
    }

    private static Response nodesAndTime(EpochRecord record, int lengthMax) {
        ByteBuffer nodes = NodeCodec.encode(record.nodes()).bytes();
        ByteBuffer bytes = ByteBuffer.allocate(nodes.remaining() + Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(nodes).putLong(record.timeSeconds()).flip();
        return bytes.remaining() > lengthMax
                ? Response.of(ResultCode.BUFFER_SMALL)
                : new Response.Data(ResultCode.SUCCESS, Payload.of(bytes));
    }

    /** Formats the cluster with the nodes that are there. */
    public CompletionStage<Response> format(Request.MakeFs request) {
        boolean copiesRight = 1 <= request.copies() && request.copies() <= Protocol.COPIES_MAX;
        if (!copiesRight) {
            return CompletableFuture.completedStage(Response.of(ResultCode.INVALID_PARMS));
        }
        if (!STORES.contains(request.storeName())) {
            return CompletableFuture.completedStage(Response.of(ResultCode.NO_STORE));
        }
        var command = new ClusterCommand.Format(
                request.ctime(), request.copies(), request.header().flags(), request.storeName());
        return cluster.format(command).thenApply(result -> Response.of(result.code()));
    }

    /**
     * Has the cluster go on without those who are missing; answered when all who are there serve again, or after a while. The
     * answer holds the nodes that there are then.
     */
    public CompletionStage<Response> force(Request.ForceRecover request) {
        var done = new LoopFuture<Response>(loop);
        cluster.force().thenAccept(code -> {
            if (code == ResultCode.SUCCESS) {
                awaitForced(request, FORCED_LOOKS_MAX, done);
            } else {
                done.complete(Response.of(code));
            }
        });
        return done;
    }

    private void awaitForced(Request.ForceRecover request, int looks, LoopFuture<Response> done) {
        if (looks > 0 && !isTogether()) {
            loop.after(FORCED_LOOK, () -> awaitForced(request, looks - 1, done));
            return;
        }
        var nodes = cluster.nodes();
        done.complete(
                nodes.size() * NodeCodec.BYTES > request.lengthMax()
                        ? Response.success()
                        : new Response.Data(ResultCode.SUCCESS, NodeCodec.encode(nodes)));
    }

    /** Whether it serves with every store that was ever a member and is not gone for good. */
    private boolean isTogether() {
        var state = cluster.state();
        return cluster.status() == ClusterStatus.RUNNING
                && state.epochs().stream()
                        .flatMap(record -> record.members().stream())
                        .map(Member::storeId)
                        .filter(store -> !state.gone().contains(store))
                        .allMatch(store -> state.current()
                                .flatMap(record -> record.store(store))
                                .isPresent());
    }

    /** Ends every sheep of the cluster. */
    public CompletionStage<Response> shutdown(Request.Shutdown request) {
        return cluster.propose(new ClusterCommand.Shutdown()).thenApply(result -> Response.of(result.code()));
    }
}
