package sheepdog.sheep.runtime;

import java.util.concurrent.CompletionStage;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.protocol.wire.Response;

/**
 * The way to another sheep.
 *
 * <p>Answers may come in any order. Requests to one node arrive in the order sent as long as one connection holds; after
 * a {@code NETWORK_ERROR} a request may have been carried out or not, and may even still be under way: what is sent
 * next can overtake it.
 */
@FunctionalInterface
public interface PeerLink {
    /**
     * Sends a request. On the loop.
     *
     * <p>The request's payload stays the caller's: the link retains it as long as it needs the bytes, which may be
     * longer than the stage is open. The payload of the response belongs to who takes it from the stage.
     *
     * @param request the id in its header is not used
     * @return completes on the loop, exactly once, never exceptionally and never before this call returned; with
     *     {@code NETWORK_ERROR} if the node cannot be reached, the connection breaks, or the time limit passes
     */
    CompletionStage<Response> send(Node to, PeerRequest request);
}
