package sheepdog.membership.files;

import java.io.IOException;

/** The file system, or what this user may have of it, is full. What was not synced yet may be there in part. */
public final class NoSpaceException extends IOException {
    private static final long serialVersionUID = 1L;

    public NoSpaceException(String message) {
        super(message);
    }
}
