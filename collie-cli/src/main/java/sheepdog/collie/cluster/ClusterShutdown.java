package sheepdog.collie.cluster;

import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.command.Handler;
import sheepdog.collie.command.Invocation;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.Request;

/** {@code cluster shutdown}: asks all nodes to stop, and returns when the one that was asked does. */
final class ClusterShutdown implements Handler {
    @Override
    public ExitCode run(Invocation call) {
        if (!call.cluster().last(new Request.Shutdown(call.cluster().header(Opcode.SHUTDOWN, 0)))) {
            throw new CommandException(ExitCode.FAILURE, "failed to execute request");
        }
        return ExitCode.SUCCESS;
    }
}
