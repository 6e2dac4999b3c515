package sheepdog.collie.node;

import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.command.Handler;
import sheepdog.collie.command.Invocation;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.Request;

/** {@code node kill}: asks a node, by its number in the list, to stop in good order. */
final class NodeKill implements Handler {
    @Override
    public ExitCode run(Invocation call) {
        Node node = NodeNumber.of(call);
        var request = new Request.KillNode(call.cluster().header(Opcode.KILL_NODE, 0));
        if (call.cluster().order(node, request).isEmpty()) {
            throw new CommandException(ExitCode.FAILURE, "Failed to execute request");
        }
        return ExitCode.SUCCESS;
    }
}
