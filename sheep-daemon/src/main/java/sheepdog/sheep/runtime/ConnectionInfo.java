package sheepdog.sheep.runtime;

import java.util.Optional;
import sheepdog.protocol.wire.PeerRequest;

/** The connection that a request came by. On the loop. */
public interface ConnectionInfo {
    /** The other end, for logs: an address and a port, or {@code unix}. */
    String remote();

    /** The other sheep, if one said hello here and was let in; only then its {@link PeerRequest}s are to be served. */
    Optional<PeerRequest.Hello> peer();

    /** Whether an answer can still get there. Once false it stays so. */
    boolean isOpen();
}
