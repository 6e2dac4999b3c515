package sheepdog.collie.node;

import java.util.List;
import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.cli.Numbers;
import sheepdog.collie.command.Invocation;
import sheepdog.protocol.model.Node;

/** The operand that names a node by its number in the list of the nodes. */
final class NodeNumber {
    private NodeNumber() {}

    /** @throws CommandException ending the command if there is none of that number */
    static Node of(Invocation call) {
        String text = call.arguments().getFirst();
        if (!Numbers.isNumeric(text)) {
            throw new CommandException(
                    ExitCode.USAGE, "Invalid node id '" + text + "', please specify a numeric value");
        }
        List<Node> nodes = call.cluster().nodes();
        return Numbers.leading(text, 0, nodes.size() - 1)
                .map(nodes::get)
                .orElseThrow(() -> new CommandException(ExitCode.USAGE, "Invalid node id '" + text + "'"));
    }
}
