package sheepdog.membership.api;

/**
 * Discovery, suspicion and messages between sheep. A seam: JGroups, a folder of local sockets, and the simulator.
 *
 * <p>It promises little on purpose. Messages may be lost, doubled, and come in any order; a sheep may be reported gone
 * that is alive, and the reverse, for any time; two sheep may disagree on who is there. What is decided is decided by
 * {@link ClusterLog}; this only carries and triggers.
 *
 * <p>All methods are called on the loop, and the listener is called on the loop. {@link #send} never blocks.
 */
public interface ClusterTransport {
    /** Largest message it carries. */
    int MESSAGE_BYTES_MAX = 4 << 20;

    /**
     * Starts discovery. Returns once started, or throws {@link TransportException} with what the operator must do.
     * Blocking; the one method that is called before the loop runs.
     */
    void start(Member self, Listener listener);

    /** Best effort. Sending to a store that was never seen, or to oneself, drops the message. */
    void send(long storeId, byte[] message);

    /** {@link #send} to every sheep seen now, but not to oneself. */
    void broadcast(byte[] message);

    /** Tells the others that this sheep is leaving on purpose ({@link Evidence#LEFT} there), then closes. */
    void leave();

    /** Closes without a word, as a crash would. */
    void close();

    /** Called on the loop. */
    interface Listener {
        /** A sheep is there: new, back, or with another node record. Repeats do no harm. */
        void seen(Member member);

        /** {@code member}'s process seems gone, or its link is. */
        void gone(Member member, Evidence evidence);

        void received(Member from, byte[] message);
    }

    /** How sure the transport is that a sheep is gone. */
    enum Evidence {
        /** It said so itself, after it had stopped serving. */
        LEFT,
        /** Its host answered that nobody listens there any more: the process is dead, and so is its lease. */
        DEAD,
        /** Its connection closed; the process may live on. */
        CLOSED,
        /** It has not been heard for the failure detector's time. */
        SILENT
    }

    /** What an operator can mend: a busy port, no such interface. The message says what to do. */
    final class TransportException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        public TransportException(String message) {
            super(message);
        }
    }
}
