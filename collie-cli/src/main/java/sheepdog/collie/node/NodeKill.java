package sheepdog.collie.node;

import java.util.List;
import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.cli.Numbers;
import sheepdog.collie.command.Handler;
import sheepdog.collie.command.Invocation;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.Request;

/** {@code node kill}: asks a node, by its number in the list, to stop in good order. */
final class NodeKill implements Handler {
    @Override
    public ExitCode run(Invocation call) {
        String text = call.arguments().getFirst();
        if (!Numbers.isNumeric(text)) {
            throw new CommandException(
                    ExitCode.USAGE, "Invalid node id '" + text + "', please specify a numeric value");
        }
        List<Node> nodes = call.cluster().nodes();
        Node node = Numbers.leading(text, 0, nodes.size() - 1)
                .map(nodes::get)
                .orElseThrow(() -> new CommandException(ExitCode.USAGE, "Invalid node id '" + text + "'"));
        var request = new Request.KillNode(call.cluster().header(Opcode.KILL_NODE, 0));
        if (call.cluster().order(node, request).isEmpty()) {
            throw new CommandException(ExitCode.FAILURE, "Failed to execute request");
        }
        return ExitCode.SUCCESS;
    }
}
