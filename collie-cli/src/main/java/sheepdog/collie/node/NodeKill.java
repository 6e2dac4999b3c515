package sheepdog.collie.node;

import java.util.stream.Stream;
import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.client.Reply;
import sheepdog.collie.cluster.Waiting;
import sheepdog.collie.command.Handler;
import sheepdog.collie.command.Invocation;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;

/**
 * {@code node kill}: asks a node, by its number in the list, to stop in good order. Whoever does that by hand is told if there
 * are objects that have to wait for the node then; it is done all the same, as scripts expect.
 */
final class NodeKill implements Handler {
    @Override
    public ExitCode run(Invocation call) {
        Node node = NodeNumber.of(call);
        if (call.console().isWatched()) {
            warn(call, node);
        }
        var request = new Request.KillNode(call.cluster().header(Opcode.KILL_NODE, 0));
        if (call.cluster().order(node, request).isEmpty()) {
            throw new CommandException(ExitCode.FAILURE, "Failed to execute request");
        }
        return ExitCode.SUCCESS;
    }

    private static void warn(Invocation call, Node node) {
        boolean drained =
                Waiting.ask(call.cluster()).facts().stream().anyMatch(fact -> fact.startsWith("drained " + node + " "));
        if (drained || !node.storesObjects()) {
            return;
        }
        String remedy = " will wait until it is back; 'collie node drain' first keeps them available";
        if (defaultCopies(call) == 1) {
            call.console().remark("objects that have their only copy on " + node + remedy);
        } else if (nodes(call).anyMatch(other -> isRecovering(call, other))) {
            call.console().remark("nodes are recovering: objects that only " + node + " has so far" + remedy);
        }
    }

    private static Stream<Node> nodes(Invocation call) {
        return call.cluster().nodes().stream();
    }

    private static int defaultCopies(Invocation call) {
        Reply reply =
                call.cluster().ask(new Request.GetClusterDefault(call.cluster().header(Opcode.GET_CLUSTER_DEFAULT, 0)));
        return reply.isSuccess() && reply.response() instanceof Response.ClusterDefault set ? set.copies() : 0;
    }

    private static boolean isRecovering(Invocation call, Node node) {
        var request = new Request.StatRecovery(call.cluster().header(Opcode.STAT_RECOVERY, 0));
        return call.cluster()
                .askNode(node, request)
                .filter(reply -> reply.is(ResultCode.NODE_IN_RECOVERY))
                .isPresent();
    }
}
