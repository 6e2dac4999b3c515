package sheepdog.collie.vdi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.Console;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.cli.SnapshotName;
import sheepdog.collie.client.Cluster;
import sheepdog.collie.client.InodeScan;
import sheepdog.collie.client.Reply;
import sheepdog.collie.client.VdiInode;
import sheepdog.collie.command.Handler;
import sheepdog.collie.command.Invocation;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.vdi.Slots;
import sheepdog.protocol.wire.Flags;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;

/**
 * {@code vdi object}: asks every node whether it holds the inode, or a data object, of a VDI. A sector of the object is
 * read from each; the original reads all of it.
 */
final class VdiObject implements Handler {
    private static final int PROBE_BYTES = 512;

    @Override
    public ExitCode run(Invocation call) {
        var inode = find(call).orElseThrow(() -> new CommandException(ExitCode.MISSING, "VDI not found"));
        String nodes = " with " + call.cluster().nodes().size() + " nodes";
        Long index = call.option("index");
        if (index == null) {
            call.console().line("Looking for the inode object 0x" + inode.vid() + nodes);
            locate(call, ObjectId.ofInode(inode.vid()), inode);
            return ExitCode.SUCCESS;
        }
        if (index >= ObjectId.INDEX_LIMIT) {
            call.console().line("The offset is too large!");
            return ExitCode.FAILURE;
        }
        var owner = slot(call.cluster(), inode.vid(), index.intValue());
        if (owner.isEmpty()) {
            call.console().error("Failed to read the inode object 0x" + inode.vid());
        } else if (owner.get().equals(Vid.NONE)) {
            call.console().line("The inode object 0x" + inode.vid() + " idx " + index + " is not allocated");
        } else {
            var oid = ObjectId.ofData(owner.get(), index.intValue());
            call.console()
                    .line("Looking for the object 0x" + Long.toHexString(oid.bits()) + " (the inode vid 0x"
                            + inode.vid() + " idx " + index + ")" + nodes);
            locate(call, oid, inode);
        }
        return ExitCode.SUCCESS;
    }

    /** The VDI of that name, tag or id with the highest vid: the newest. */
    private static Optional<VdiInode> find(Invocation call) {
        String name = call.arguments().getFirst();
        SnapshotName snapshot = call.option("snapshot");
        var newest = new VdiInode[1];
        InodeScan.of(call.cluster(), call.console()).headers(inode -> {
            boolean tagged = snapshot.tag().isEmpty() || snapshot.tag().equals(inode.tag());
            boolean numbered = snapshot.id() == 0 || inode.isSnapshot() && snapshot.id() == inode.snapId();
            if (inode.name().equals(name) && tagged && numbered) {
                newest[0] = inode;
            }
        });
        return Optional.ofNullable(newest[0]);
    }

    private static Optional<Vid> slot(Cluster cluster, Vid vid, int index) {
        ByteBuffer slot = ByteBuffer.allocate(Slots.SLOT_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        boolean read = cluster.read(ObjectId.ofInode(vid), Slots.offset(index), slot, Flags.DIRECT)
                .isSuccess();
        return read ? Optional.of(VdiInode.vidOf(slot.getInt(0))) : Optional.empty();
    }

    private static void locate(Invocation call, ObjectId oid, VdiInode inode) {
        Console console = call.console();
        Cluster cluster = call.cluster();
        console.line("");
        for (Node node : cluster.nodes()) {
            var request = new Request.ReadPeer(
                    cluster.header(Opcode.READ_PEER, 0), oid, 0, PROBE_BYTES, inode.copies(), cluster.epoch());
            cluster.askNode(node, request).ifPresent(reply -> report(console, node, reply, inode.copies()));
        }
    }

    private static void report(Console console, Node node, Reply reply, int copies) {
        if (reply.response() instanceof Response.ObjectData data) {
            int wanted = data.copies() == 0 ? copies : data.copies();
            console.line(node + " has the object (should be " + wanted + " copies)");
        } else if (reply.is(ResultCode.NO_OBJ)) {
            console.line(node + " doesn't have the object");
        } else if (reply.is(ResultCode.OLD_NODE_VER) || reply.is(ResultCode.NEW_NODE_VER)) {
            console.error("The node list has changed: please try again");
        } else {
            console.error(node + ": hit an unexpected error (" + reply.result() + ")");
        }
    }
}
