package sheepdog.collie.vdi;

import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.cli.Names;
import sheepdog.collie.cli.SnapshotName;
import sheepdog.collie.client.Cluster;
import sheepdog.collie.client.Reply;
import sheepdog.collie.command.Handler;
import sheepdog.collie.command.Invocation;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.VdiName;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.Request;

/** {@code vdi delete}: drops what caches hold of a VDI or snapshot, then deletes it. */
final class VdiDelete implements Handler {
    @Override
    public ExitCode run(Invocation call) {
        String name = Names.checkedVdi(call.arguments().getFirst());
        SnapshotName snapshot = call.option("snapshot");
        Cluster cluster = call.cluster();
        Vid vid = new VdiAccess(cluster).lock(name, snapshot);
        if (!cluster.order(new Request.DeleteCache(cluster.header(Opcode.DELETE_CACHE, 0), ObjectId.ofInode(vid)))) {
            throw new CommandException(ExitCode.FAILURE, "failed to execute request");
        }
        Reply reply = cluster.ask(new Request.DeleteVdi(
                cluster.header(Opcode.DEL_VDI, 0), new VdiName(name), new VdiName(snapshot.tag()), snapshot.id()));
        if (!reply.isSuccess()) {
            throw new CommandException(
                    reply.is(ResultCode.NO_VDI) ? ExitCode.MISSING : ExitCode.FAILURE,
                    "Failed to delete " + name + ": " + reply.resultText());
        }
        return ExitCode.SUCCESS;
    }
}
