package sheepdog.it.client;

import java.io.IOException;

/** A sheep answered with a result other than success. */
public final class RefusedException extends IOException {
    private static final long serialVersionUID = 1L;

    private final int result;

    RefusedException(RawReply reply) {
        super("refused: " + reply);
        result = reply.result();
    }

    /** The result code. */
    public int result() {
        return result;
    }
}
