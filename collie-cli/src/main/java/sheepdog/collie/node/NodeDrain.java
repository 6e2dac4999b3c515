package sheepdog.collie.node;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.client.Reply;
import sheepdog.collie.command.Handler;
import sheepdog.collie.command.Invocation;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Request.DrainNode.How;
import sheepdog.protocol.wire.Response;

/**
 * {@code node drain}: before maintenance, has a node hand over all it holds, and waits until it has. An end of collie does not
 * end that.
 */
final class NodeDrain implements Handler {
    private static final int ANSWER_BYTES = 1024;

    @Override
    public ExitCode run(Invocation call) {
        call.takesAtMost(1);
        Node node = NodeNumber.of(call);
        boolean force = call.option("force");
        if (force && call.<Boolean>option("cancel")) {
            throw new CommandException(ExitCode.USAGE, "'--cancel' and '--force' exclude each other");
        }
        if (call.<Boolean>option("cancel")) {
            begin(call, node, How.CANCEL);
            return ExitCode.SUCCESS;
        }
        var overridden = new ArrayList<String>();
        if (!hasSpace(call, node)) {
            String why = "Cannot drain " + node + ": the other nodes have too little space";
            if (!force) {
                throw new CommandException(ExitCode.FAILURE, why + "; --force tries it");
            }
            overridden.add(why);
        }
        try {
            begin(call, node, How.DRAIN);
        } catch (CommandException refused) {
            if (!force) {
                throw refused;
            }
            begin(call, node, How.DRAIN_WITH_FEWER_COPIES);
            overridden.addAll(refused.lines());
        }
        overridden.forEach(why -> call.console().error(why + "; it is done all the same"));
        if (!call.<Boolean>option("no-wait")) {
            await(call, node);
        }
        return ExitCode.SUCCESS;
    }

    private static void begin(Invocation call, Node node, How how) {
        Reply reply = ask(call, node, how);
        if (!reply.isSuccess()) {
            String why = reply.is(ResultCode.INVALID_PARMS) ? text(reply) : reply.resultText();
            throw new CommandException(ExitCode.FAILURE, "Cannot drain " + node + ": " + why);
        }
    }

    /** Says on a terminal how far it is whenever that has changed; anywhere, if it will not go on by itself. */
    private static void await(Invocation call, Node node) {
        String told = "";
        while (true) {
            Reply reply = ask(call, node, How.AWAIT);
            if (reply.isSuccess()) {
                call.console().remark(node + " is drained");
                return;
            }
            if (!reply.is(ResultCode.AGAIN)) {
                String why = reply.is(ResultCode.NO_TAG) ? "it was cancelled" : reply.resultText();
                throw new CommandException(ExitCode.FAILURE, node + " is not drained: " + why);
            }
            String[] stores = text(reply).split(" ");
            String line = stores.length >= 2
                    ? "draining " + node + ": " + stores[0] + " of " + stores[1]
                            + " nodes have all their objects, ^C ends only the waiting"
                    : "draining " + node;
            boolean stands = List.of(stores).contains("disabled");
            if (stands) {
                line += "; recovery is disabled, and goes on with 'collie cluster recover enable'";
            }
            if (!line.equals(told)) {
                Consumer<String> teller = stands ? call.console()::error : call.console()::remark;
                teller.accept(line);
                told = line;
            }
        }
    }

    private static Reply ask(Invocation call, Node node, How how) {
        var request = new Request.DrainNode(call.cluster().header(Opcode.DRAIN_NODE, 0), how, ANSWER_BYTES);
        return call.cluster()
                .askNode(node, request)
                .orElseThrow(() -> new CommandException(ExitCode.SYSTEM, "Failed to ask " + node));
    }

    private static String text(Reply reply) {
        return StandardCharsets.UTF_8.decode(reply.response().data().bytes()).toString();
    }

    /** Not exact, for nobody knows what goes where; but what has no room at all need not be tried. */
    private static boolean hasSpace(Invocation call, Node drained) {
        long used = 0;
        long free = 0;
        for (Node node : call.cluster().nodes()) {
            var request = new Request.StatSheep(call.cluster().header(Opcode.STAT_SHEEP, 0));
            var reply = call.cluster().askNode(node, request);
            if (reply.isPresent() && reply.get().response() instanceof Response.NodeStat stat) {
                if (node.equals(drained)) {
                    used = stat.storeSize() - stat.storeFree();
                } else {
                    free += stat.storeFree();
                }
            }
        }
        return used <= free;
    }
}
