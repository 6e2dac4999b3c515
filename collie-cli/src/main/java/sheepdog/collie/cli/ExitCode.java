package sheepdog.collie.cli;

/** Exit statuses of collie; scripts test them. */
public enum ExitCode {
    SUCCESS(0),
    /** The request was carried out and refused. */
    FAILURE(1),
    /** No connection, no node list, no such store. */
    SYSTEM(2),
    EXISTS(3),
    FULL(4),
    MISSING(5),
    /** What a shell reports for a program that died of a closed pipe: 128 + SIGPIPE. */
    BROKEN_PIPE(141),
    /** Wrong command, option or argument. */
    USAGE(64);

    private final int status;

    ExitCode(int status) {
        this.status = status;
    }

    /** The process's exit status. */
    public int status() {
        return status;
    }
}
