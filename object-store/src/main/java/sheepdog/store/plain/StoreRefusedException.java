package sheepdog.store.plain;

import java.io.IOException;

/** A directory cannot be used. The message is one line for the operator and says which directory and why. */
public final class StoreRefusedException extends IOException {
    private static final long serialVersionUID = 1L;

    public StoreRefusedException(String message) {
        super(message);
    }

    public StoreRefusedException(String message, IOException cause) {
        super(message, cause);
    }
}
