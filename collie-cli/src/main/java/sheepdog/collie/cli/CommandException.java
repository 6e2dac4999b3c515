package sheepdog.collie.cli;

import java.util.List;

/**
 * Ends a command: the lines go to stderr, the code becomes the exit status. Not a fault of the program, so it carries
 * no stack trace.
 */
public final class CommandException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ExitCode code;
    private final transient List<String> lines;

    /** @param lines for stderr, each without a newline; bytes as chars */
    public CommandException(ExitCode code, String... lines) {
        super(String.join("; ", lines), null, false, false);
        this.code = code;
        this.lines = List.of(lines);
    }

    /** The exit status to end with. */
    public ExitCode code() {
        return code;
    }

    /** What to print on stderr. */
    public List<String> lines() {
        return lines;
    }
}
