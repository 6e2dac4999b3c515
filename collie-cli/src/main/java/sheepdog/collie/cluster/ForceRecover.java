package sheepdog.collie.cluster;

import java.util.Locale;
import java.util.Optional;
import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.client.Reply;
import sheepdog.collie.command.Handler;
import sheepdog.collie.command.Invocation;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.NodeCodec;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.Protocol;
import sheepdog.protocol.wire.Request;

/** {@code cluster recover force}: has a cluster that waits for nodes go on without them. */
final class ForceRecover implements Handler {
    private static final int NAMED_MAX = 10;

    private static final String PROMPT = """
            Caution! Start all nodes of the cluster in the usual way before you
            think of this command: what only the missing ones hold will be lost.

            It is for a cluster that waits, and of which is known that
              - more nodes than it can do without are gone for good; or
              - some nodes will not start any more after a shutdown.

            Are you sure you want to continue? [yes/no]:\s""";

    @Override
    public ExitCode run(Invocation call) {
        if (!call.<Boolean>option("force")) {
            Optional<String> word = call.console().word(PROMPT);
            if (word.isEmpty()) {
                return ExitCode.SYSTEM;
            }
            if (!word.get().toLowerCase(Locale.ROOT).startsWith("yes")) {
                return ExitCode.SUCCESS;
            }
        }
        var header = call.cluster().header(Opcode.FORCE_RECOVER, 0);
        Reply reply = call.cluster().ask(new Request.ForceRecover(header, Protocol.NODES_MAX * NodeCodec.BYTES));
        if (!reply.isSuccess()) {
            // The original has no text for this one.
            String why = reply.is(ResultCode.NETWORK_ERROR)
                    ? "a sheep that is there did not answer, see sheep.log"
                    : reply.resultText();
            throw new CommandException(ExitCode.FAILURE, "failed to execute request, " + why);
        }
        tellLosses(call);
        return ExitCode.SUCCESS;
    }

    /** It is done, whatever comes of this. Scripts that know nothing of it see a line only if something is lost. */
    private static void tellLosses(Invocation call) {
        try {
            call.cluster().fetchNodes();
            Losses losses = Losses.find(call.cluster());
            if (call.<Boolean>option("json")) {
                call.console().line(losses.json());
            } else if (losses.isNothing()) {
                losses.lines(0).forEach(call.console()::remark);
            } else {
                losses.lines(NAMED_MAX).forEach(call.console()::error);
                call.console().error("'collie cluster recover lost --list' names them all");
            }
        } catch (CommandException failed) {
            failed.lines().forEach(call.console()::error);
            call.console().error("The cluster goes on; 'collie cluster recover lost --list' tells what is lost");
        }
    }
}
