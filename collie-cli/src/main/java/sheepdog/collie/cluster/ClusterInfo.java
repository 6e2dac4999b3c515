package sheepdog.collie.cluster;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import sheepdog.collie.cli.Columns;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.client.Reply;
import sheepdog.collie.command.Handler;
import sheepdog.collie.command.Invocation;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.wire.EpochLogEntry;
import sheepdog.protocol.wire.NodeCodec;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.Protocol;
import sheepdog.protocol.wire.Request;

/** {@code cluster info}: the status, which is the result of the request, and the epochs, newest first. */
final class ClusterInfo implements Handler {
    /** As many as fit into the length of one answer. */
    private static final int EPOCHS_MAX = Integer.MAX_VALUE / EpochLogEntry.BYTES;

    @Override
    public ExitCode run(Invocation call) {
        int count = (int) Math.min(Integer.toUnsignedLong(call.cluster().epoch().number()), EPOCHS_MAX);
        var request =
                new Request.StatCluster(call.cluster().header(Opcode.STAT_CLUSTER, 0), count * EpochLogEntry.BYTES);
        List<EpochLogEntry> epochs = new ArrayList<>();
        Reply reply = call.cluster()
                .ask(
                        request,
                        EpochLogEntry.BYTES,
                        record -> EpochLogEntry.read(record, 0).ifPresent(epochs::add));
        addOlder(call, epochs);
        boolean raw = call.option("raw");
        String status = reply.isSuccess() ? "running" : reply.resultText();
        call.console().line(raw ? status : "Cluster status: " + status);
        if (call.<Boolean>option("verbose")) {
            Waiting.ask(call.cluster()).lines(raw).forEach(call.console()::line);
        }
        if (!raw && !epochs.isEmpty()) {
            long created = epochs.getFirst().ctime() >>> 32;
            call.console().line("");
            call.console().line("Cluster created at " + call.dates().ctime(created));
            call.console().line("");
            call.console().line("Epoch Time           Version");
        }
        epochs.forEach(epoch -> call.console().line(row(call, epoch)));
        return ExitCode.SUCCESS;
    }

    /** A sheep gives so many at once; those before are asked for one by one. */
    private static void addOlder(Invocation call, List<EpochLogEntry> epochs) {
        int room = Protocol.NODES_MAX * NodeCodec.BYTES + Long.BYTES;
        while (!epochs.isEmpty() && Epoch.FIRST.isBefore(epochs.getLast().epoch())) {
            EpochLogEntry last = epochs.getLast();
            var before = new Epoch(last.epoch().number() - 1);
            Reply reply =
                    call.cluster().ask(new Request.GetEpoch(call.cluster().header(Opcode.GET_EPOCH, 0), before, room));
            ByteBuffer bytes = reply.response().data().bytes().order(ByteOrder.LITTLE_ENDIAN);
            if (!reply.isSuccess() || bytes.remaining() < Long.BYTES) {
                return;
            }
            long time = bytes.getLong(bytes.limit() - Long.BYTES);
            var nodes = NodeCodec.readAll(bytes.limit(bytes.limit() - Long.BYTES));
            epochs.add(new EpochLogEntry(last.ctime(), time, before, last.copies(), nodes));
        }
    }

    private static String row(Invocation call, EpochLogEntry epoch) {
        String nodes = epoch.nodes().stream()
                .map(node -> node.id())
                .map(NodeId::toString)
                .collect(Collectors.joining(", ", " [", "]"));
        return call.<Boolean>option("raw")
                ? epoch.timeSeconds() + " " + epoch.epoch() + nodes
                : call.dates().toSecond(epoch.timeSeconds()) + " " + Columns.right(6, epoch.epoch()) + nodes;
    }
}
