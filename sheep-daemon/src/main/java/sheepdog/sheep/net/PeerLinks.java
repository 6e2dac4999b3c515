package sheepdog.sheep.net;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import sheepdog.membership.runtime.Loop;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.protocol.wire.Response;
import sheepdog.sheep.metrics.SheepMetrics;
import sheepdog.sheep.runtime.PeerLink;

/**
 * Requests to other sheep, over one lasting connection to each, made when it is first needed. To the node's own address
 * for traffic between sheep if it has one and is reached there, else to its main one.
 *
 * <p>On the loop.
 */
public final class PeerLinks implements PeerLink {
    private final Loop loop;
    private final NetThreads threads;
    private final Supplier<PeerRequest.Hello> hello;
    private final Limits limits;
    private final SheepMetrics metrics;
    private final Map<NodeId, Link> links = new HashMap<>();
    private boolean closed;

    /**
     * What one connection may have on its way, and how long things may take.
     *
     * @param requestsMax sent and not answered; more wait in the link
     * @param bytesMax    payload bytes of those, and room for their answers
     * @param waitingMax  requests that wait; more are refused
     * @param request     from the call to the answer
     * @param connect     to the accepted hello
     * @param retryMin    after a failure requests are refused at once for this time; doubled with each failure
     * @param retryMax    but not beyond this
     */
    public record Limits(
            int requestsMax,
            long bytesMax,
            int waitingMax,
            Duration request,
            Duration connect,
            Duration retryMin,
            Duration retryMax) {
        public static Limits usual() {
            return new Limits(
                    1_024,
                    64 << 20,
                    65_536,
                    Duration.ofSeconds(30),
                    Duration.ofSeconds(5),
                    Duration.ofMillis(20),
                    Duration.ofSeconds(1));
        }
    }

    /** @param hello made on the loop for each connection: who we are now */
    public PeerLinks(
            Loop loop, NetThreads threads, Supplier<PeerRequest.Hello> hello, Limits limits, SheepMetrics metrics) {
        this.loop = loop;
        this.threads = threads;
        this.hello = hello;
        this.limits = limits;
        this.metrics = metrics;
    }

    @Override
    public CompletionStage<Response> send(Node to, PeerRequest request) {
        loop.checkOnLoop();
        return links.computeIfAbsent(to.id(), id -> new Link(this, id)).send(to, request);
    }

    /** Ends the connections to all others; what is under way there fails. On the loop. */
    public void keepOnly(Collection<Node> nodes) {
        loop.checkOnLoop();
        var kept = new HashSet<NodeId>();
        nodes.forEach(node -> kept.add(node.id()));
        // A copy, because who is told of a failure may send again.
        for (Link link : List.copyOf(links.values())) {
            if (!kept.contains(link.id())) {
                links.remove(link.id());
                link.close();
            }
        }
    }

    /** Ends all connections; from now on every request fails. On the loop. */
    public void close() {
        loop.checkOnLoop();
        closed = true;
        List.copyOf(links.values()).forEach(Link::close);
    }

    boolean isClosed() {
        return closed;
    }

    Loop loop() {
        return loop;
    }

    NetThreads threads() {
        return threads;
    }

    PeerRequest.Hello hello() {
        return hello.get();
    }

    Limits limits() {
        return limits;
    }

    SheepMetrics metrics() {
        return metrics;
    }
}
