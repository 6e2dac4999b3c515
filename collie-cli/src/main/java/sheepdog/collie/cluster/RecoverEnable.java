package sheepdog.collie.cluster;

import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.command.Handler;
import sheepdog.collie.command.Invocation;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.Request;

/** {@code cluster recover enable} and {@code disable}: whether nodes recover what no client waits for. */
record RecoverEnable(boolean enable) implements Handler {
    @Override
    public ExitCode run(Invocation call) {
        var cluster = call.cluster();
        Request request = enable
                ? new Request.EnableRecover(cluster.header(Opcode.ENABLE_RECOVER, 0))
                : new Request.DisableRecover(cluster.header(Opcode.DISABLE_RECOVER, 0));
        if (!cluster.order(request)) {
            throw new CommandException(ExitCode.FAILURE);
        }
        call.console().line("Cluster recovery: " + (enable ? "enable" : "disable"));
        return ExitCode.SUCCESS;
    }
}
