package sheepdog.sheep.cluster;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.runtime.Loop;
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

    /** Epochs, newest first, as many as there is room for; the result is the state of the cluster. */
    public Response clusterStat(Request.StatCluster request) {
        var format = cluster.state().format();
        var entries = new ArrayList<EpochLogEntry>();
        var epochs = new ArrayList<>(cluster.state().epochs());
        Collections.reverse(epochs);
        int room = Math.min(request.lengthMax() / EpochLogEntry.BYTES, EPOCHS_MAX);
        for (EpochRecord epoch : epochs.subList(0, Math.min(room, epochs.size()))) {
            entries.add(new EpochLogEntry(
                    format.ctime(), epoch.timeSeconds(), epoch.epoch(), format.copies(), epoch.nodes()));
        }
        return new Response.Data(cluster.status().code(), EpochLogEntry.encode(entries));
    }

    /** Epochs in one answer; each takes 57,376 bytes. */
    private static final int EPOCHS_MAX = 1024;

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

    /** What a new VDI gets that names nothing itself. */
    public Response clusterDefault(Request.GetClusterDefault request) {
        return new Response.ClusterDefault(
                ResultCode.SUCCESS, cluster.state().format().copies(), 0, BLOCK_SIZE_SHIFT);
    }

    /** The nodes of an epoch, and when it began; NO_TAG if this node does not know it. */
    public Response epoch(Request.GetEpoch request) {
        for (EpochRecord record : cluster.state().epochs()) {
            if (record.epoch().equals(request.targetEpoch())) {
                ByteBuffer nodes = NodeCodec.encode(record.nodes()).bytes();
                ByteBuffer bytes =
                        ByteBuffer.allocate(nodes.remaining() + Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
                bytes.put(nodes).putLong(record.timeSeconds()).flip();
                return bytes.remaining() > request.lengthMax()
                        ? Response.of(ResultCode.BUFFER_SMALL)
                        : new Response.Data(ResultCode.SUCCESS, Payload.of(bytes));
            }
        }
        return Response.of(ResultCode.NO_TAG);
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

    /** Ends every sheep of the cluster. */
    public CompletionStage<Response> shutdown(Request.Shutdown request) {
        return cluster.propose(new ClusterCommand.Shutdown()).thenApply(result -> Response.of(result.code()));
    }
}
