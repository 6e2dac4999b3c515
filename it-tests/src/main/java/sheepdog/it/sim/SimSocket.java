package sheepdog.it.sim;

import java.util.ArrayDeque;

/**
 * One end of a simulated connection. What one end sends reaches the other whole, once, and in order, or not at all
 * because the connection was reset first: chunks that were under way are lost then.
 *
 * <p>Used on the loop of the process that owns it; its handler is called there.
 */
public final class SimSocket {
    private final SimNetwork network;
    private final SimHost host;
    private final SimLoop owner;
    private final SimHost remote;
    private final ArrayDeque<byte[]> inFlight = new ArrayDeque<>();
    private SimSocket peer;
    private Handler handler;
    private boolean open = true;
    private long lastArrivalNanos;
    private boolean blocked;
    private boolean finishing;
    private long blockedSinceNanos;

    SimSocket(SimNetwork network, SimHost host, SimLoop owner, SimHost remote) {
        this.network = network;
        this.host = host;
        this.owner = owner;
        this.remote = remote;
    }

    /** Sends a chunk; dropped when the connection is closed, as the handler has been or will be told. */
    public void send(byte[] bytes) {
        if (open && !finishing) {
            network.transmit(this, bytes.clone());
        }
    }

    /** Closes in order: what was sent before still arrives. The own handler is not told. */
    public void close() {
        if (open && !finishing) {
            network.finish(this);
        }
    }

    /** Whether this end may still send. */
    public boolean isOpen() {
        return open && !finishing;
    }

    /** The machine at the other end. */
    public SimHost remote() {
        return remote;
    }

    @Override
    public String toString() {
        return owner + ">" + remote;
    }

    void join(SimSocket other, Handler ours) {
        peer = other;
        handler = ours;
    }

    SimHost host() {
        return host;
    }

    SimLoop owner() {
        return owner;
    }

    SimSocket peer() {
        return peer;
    }

    Handler handler() {
        return handler;
    }

    ArrayDeque<byte[]> inFlight() {
        return inFlight;
    }

    long arrival(long wishedNanos) {
        lastArrivalNanos = Math.max(lastArrivalNanos + 1, wishedNanos);
        return lastArrivalNanos;
    }

    boolean open() {
        return open;
    }

    boolean blocked() {
        return blocked;
    }

    void blocked(boolean now) {
        blocked = now;
    }

    long blockedSince() {
        return blockedSinceNanos;
    }

    void blockedSince(long nanos) {
        blockedSinceNanos = nanos;
    }

    boolean finishing() {
        return finishing;
    }

    void finishing(boolean now) {
        finishing = now;
    }

    void shut() {
        open = false;
        inFlight.clear();
        host.closed(this);
    }

    /** What a process does with what arrives. Called on its loop. */
    public interface Handler {
        /** A chunk, exactly as it was sent. */
        void received(byte[] bytes);

        /** The connection has ended: closed by the other side, reset, or timed out. Called at most once. */
        void ended();
    }

    /** A process that listens. Called on its loop. */
    public interface Acceptor {
        /** A connection from {@code socket.remote()}; returns what handles it. */
        Handler accepted(SimSocket socket);
    }

    /** What comes of {@link SimNetwork#connect}. Exactly one of these is called, on the caller's loop. */
    public interface Connecting {
        /** It stands; returns what handles it. */
        Handler connected(SimSocket socket);

        /** The host answered that nobody listens there. */
        void refused();

        /** There was no answer in time. */
        void unanswered();
    }
}
