package sheepdog.collie.command;

import sheepdog.collie.cli.ExitCode;

/** Runs a subcommand whose options were parsed and whose first argument, if it needs one, is there. */
public interface Handler {
    /**
     * @return the exit status
     * @throws sheepdog.collie.cli.CommandException to end with another status and lines on stderr
     */
    ExitCode run(Invocation call);
}
