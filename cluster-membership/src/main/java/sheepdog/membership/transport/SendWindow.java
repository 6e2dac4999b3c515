package sheepdog.membership.transport;

/**
 * Bounds the bytes under way to one sheep: each message is numbered by the bytes sent before it, the receiver tells from
 * time to time up to where it has taken them off its loop, and what would exceed the window is dropped.
 *
 * <p>Positions are absolute, so a lost message does not narrow the window: a later report covers it. If the last
 * reports themselves are lost the window would stay shut; after {@link #STUCK_NANOS} it starts a new stream, whose
 * positions begin at 0 again.
 *
 * <p>Loop-owned.
 */
public final class SendWindow {
    /** Bytes that may be under way: two of the largest messages. */
    public static final long WINDOW_BYTES = 8 << 20;

    /** How long a full window waits for a report before it starts a new stream. */
    public static final long STUCK_NANOS = 2_000_000_000L;

    private long stream;
    private long sent;
    private long taken;
    private long shutSinceNanos;
    private boolean shut;

    /** @param stream a number that this process has not used before towards this sheep */
    public SendWindow(long stream) {
        this.stream = stream;
    }

    /** The stream whose positions {@link #sent()} counts. */
    public long stream() {
        return stream;
    }

    /** Bytes of this stream handed out so far: the position of the next message. */
    public long sent() {
        return sent;
    }

    /**
     * Takes room for a message of {@code bytes}. The caller reads {@link #stream()} and {@link #sent()} before.
     *
     * @return false if it must be dropped
     */
    public boolean take(int bytes, long nowNanos) {
        if (sent - taken + bytes > WINDOW_BYTES) {
            if (!shut) {
                shut = true;
                shutSinceNanos = nowNanos;
            } else if (nowNanos - shutSinceNanos > STUCK_NANOS) {
                stream++;
                sent = 0;
                taken = 0;
                shut = false;
            }
            return false;
        }
        sent += bytes;
        return true;
    }

    /** The receiver says that it has taken the bytes of {@code ofStream} before {@code position}. */
    public void report(long ofStream, long position) {
        if (ofStream == stream && position > taken && position <= sent) {
            taken = position;
            shut = false;
        }
    }
}
