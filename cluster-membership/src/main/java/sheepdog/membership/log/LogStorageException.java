package sheepdog.membership.log;

/** The log on disk cannot be used. The message is for the operator: which file, what is wrong, what to do. */
public final class LogStorageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public LogStorageException(String message) {
        super(message);
    }
}
