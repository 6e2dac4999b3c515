package sheepdog.store.disk;

import java.io.IOException;

/** What a file operation failed with; {@link DiskErrors} says which result code that is. */
public final class DiskException extends IOException {
    private static final long serialVersionUID = 1L;

    /** Kinds that callers tell apart. */
    public enum Kind {
        NO_SPACE,
        NOT_FOUND,
        READ_ONLY,
        ACCESS,
        IO
    }

    private final Kind kind;
    private final String reason;

    /** @param reason the system's own words, such as {@code No space left on device} */
    public DiskException(Kind kind, String operation, Object path, String reason) {
        super(operation + " " + path + ": " + reason);
        this.kind = kind;
        this.reason = reason;
    }

    public Kind kind() {
        return kind;
    }

    /** The system's own words for the error. */
    public String reason() {
        return reason;
    }
}
