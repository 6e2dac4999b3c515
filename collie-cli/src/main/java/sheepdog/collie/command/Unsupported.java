package sheepdog.collie.command;

import java.util.function.Consumer;
import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.ExitCode;

/** Stands in for a command that this version does not carry out: checks its command line, then refuses by name. */
public final class Unsupported implements Handler {
    private final String title;
    private final Consumer<Invocation> check;

    /** @param check refuses a wrong command line with a {@link CommandException}, as the command itself will */
    public Unsupported(String title, Consumer<Invocation> check) {
        this.title = title;
        this.check = check;
    }

    @Override
    public ExitCode run(Invocation call) {
        check.accept(call);
        throw new CommandException(ExitCode.FAILURE, "collie " + title + " is not supported yet");
    }
}
