package sheepdog.it.sim;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import sheepdog.membership.runtime.Cancellable;
import sheepdog.membership.runtime.LoopFuture;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.protocol.wire.Response;
import sheepdog.sheep.runtime.PeerLink;

/**
 * The way from one simulated sheep to the others: one connection to each, opened with a hello at the first request. It
 * behaves as the real one does; only the bytes travel on a {@link SimNetwork}.
 */
public final class SimPeerLink implements PeerLink {
    private static final Duration CONNECT_LIMIT = Duration.ofSeconds(5);

    private final SimNetwork network;
    private final SimHost host;
    private final SimLoop loop;
    private final SimPayloads payloads;
    private final Function<Node, PeerRequest.Hello> hello;
    private final Duration limit;
    private final TreeMap<NodeId, Peer> peers = new TreeMap<>();

    /**
     * @param hello what to say first to a node
     * @param limit how long a request may take
     */
    public SimPeerLink(
            SimNetwork network,
            SimHost host,
            SimLoop loop,
            SimPayloads payloads,
            Function<Node, PeerRequest.Hello> hello,
            Duration limit) {
        this.network = network;
        this.host = host;
        this.loop = loop;
        this.payloads = payloads;
        this.hello = hello;
        this.limit = limit;
    }

    @Override
    public CompletionStage<Response> send(Node to, PeerRequest request) {
        loop.checkOnLoop();
        var asked = new Asked(request);
        peers.computeIfAbsent(to.id(), _ -> new Peer(to)).send(asked);
        return asked.answer;
    }

    /** Ends the connections to all others; what is under way there fails. On the loop. */
    public void keepOnly(Collection<Node> nodes) {
        loop.checkOnLoop();
        var kept = nodes.stream().map(Node::id).toList();
        for (Peer peer : List.copyOf(peers.values())) {
            if (!kept.contains(peer.node.id())) {
                peers.remove(peer.node.id());
                loop.execute(peer::close);
            }
        }
    }

    /** A request on its way. */
    private final class Asked {
        private final PeerRequest request;
        private final LoopFuture<Response> answer = new LoopFuture<>(loop);
        private final Cancellable timer;
        private Runnable forget = () -> {};

        Asked(PeerRequest request) {
            this.request = request;
            request.data().retain();
            timer = loop.after(limit, () -> {
                network.time()
                        .log(
                                loop.toString(),
                                "waited in vain for " + request.getClass().getSimpleName());
                forget.run();
                answered(Response.of(ResultCode.NETWORK_ERROR));
            });
        }

        void answered(Response response) {
            if (answer.isDone()) {
                response.release();
                return;
            }
            timer.cancel();
            request.data().release();
            answer.complete(response);
        }
    }

    /** One peer's connection: none, being made, or standing. */
    private final class Peer implements SimSocket.Connecting {
        private final Node node;
        private final ArrayDeque<Asked> queued = new ArrayDeque<>();
        private Optional<SimRequests> connection = Optional.empty();
        private boolean connecting;
        private boolean welcome;

        Peer(Node node) {
            this.node = node;
        }

        void send(Asked asked) {
            queued.addLast(asked);
            if (welcome) {
                loop.execute(this::flush);
            } else if (!connecting) {
                connecting = true;
                network.hostAt(node.id())
                        .ifPresentOrElse(
                                to -> network.connect(host, loop, to, node.id().port(), CONNECT_LIMIT, this),
                                () -> loop.execute(this::refused));
            }
        }

        @Override
        public SimSocket.Handler connected(SimSocket socket) {
            var requests = new SimRequests(socket, payloads, this::ended);
            connection = Optional.of(requests);
            requests.send(
                    hello.apply(node),
                    answer -> answer.ifPresent(reply -> {
                        connecting = false;
                        welcome = reply.result() == ResultCode.SUCCESS;
                        reply.release();
                        if (welcome) {
                            flush();
                        } else {
                            network.time().log(loop.toString(), "hello refused by " + node + " " + reply.result());
                            requests.close();
                            ended();
                        }
                    }));
            return requests;
        }

        @Override
        public void refused() {
            ended();
        }

        @Override
        public void unanswered() {
            ended();
        }

        void close() {
            connection.ifPresent(SimRequests::close);
            ended();
        }

        private void ended() {
            if (!queued.isEmpty() || welcome) {
                network.time().log(loop.toString(), "lost its link to " + node);
            }
            connecting = false;
            welcome = false;
            connection = Optional.empty();
            while (!queued.isEmpty()) {
                queued.removeFirst().answered(Response.of(ResultCode.NETWORK_ERROR));
            }
        }

        private void flush() {
            while (welcome && !queued.isEmpty()) {
                Asked asked = queued.removeFirst();
                if (!asked.answer.isDone()) {
                    SimRequests to = connection.orElseThrow();
                    int id = to.send(
                            asked.request,
                            answer -> asked.answered(answer.orElse(Response.of(ResultCode.NETWORK_ERROR))));
                    asked.forget = () -> to.forget(id);
                }
            }
        }
    }
}
