package sheepdog.sheep.runtime;

import java.util.function.Consumer;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;

/** What the edges hand requests to. */
@FunctionalInterface
public interface RequestSink {
    /**
     * Takes a well-formed request; whether its version, opcode and moment are right is checked here. On the loop.
     *
     * <p>The payload of the request is the edge's, and is released when {@code reply} has been used: who needs the
     * bytes longer retains them. A closed connection changes nothing here: the reply is still to be given, and is
     * dropped.
     *
     * <p>{@link sheepdog.protocol.wire.PeerRequest.Hello} comes here too. If it is answered with a
     * {@code HelloReply} of {@code SUCCESS}, then from there on {@link ConnectionInfo#peer} names who said it.
     *
     * @param reply to be used exactly once, on the loop, during this call or later; takes the response over. It stamps
     *              the epoch of that moment
     */
    void admit(Request request, ConnectionInfo from, Consumer<Response> reply);
}
