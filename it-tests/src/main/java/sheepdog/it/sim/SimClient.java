package sheepdog.it.sim;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;

/**
 * A client of the cluster, on a machine of its own: one connection to one gateway; when it ends, the next gateway, after
 * a second, and everything that was not answered is sent again, in the old order. That is what QEMU and tgt do.
 */
public final class SimClient {
    private static final Duration RECONNECT = Duration.ofSeconds(1);
    private static final Duration CONNECT_LIMIT = Duration.ofSeconds(3);

    private final SimNetwork network;
    private final SimHost host;
    private final SimLoop loop;
    private final SimPayloads payloads = new SimPayloads();
    private final List<NodeId> gateways;
    private final List<Asked> unanswered = new ArrayList<>();
    private final RandomGenerator random;
    private Optional<SimRequests> connection = Optional.empty();
    private boolean connecting;
    private int gateway;

    private record Asked(Request request, Consumer<Response> answer) {}

    /** @param gateways where it connects to: the first, and on trouble the next, in turn */
    public SimClient(SimNetwork network, String name, List<NodeId> gateways) {
        this.network = network;
        this.gateways = new ArrayList<>(gateways);
        host = network.addHost(name);
        loop = new SimLoop(network.time(), name);
        network.boot(host, loop);
        random = network.time().random("client " + name);
    }

    /** Another way of the same process: a connection of its own, to a gateway of its own. */
    SimClient(SimClient other, List<NodeId> gateways) {
        network = other.network;
        host = other.host;
        loop = other.loop;
        this.gateways = new ArrayList<>(gateways);
        random = network.time()
                .random("another way of " + loop + " at " + network.time().nowNanos());
    }

    /** The machine it runs on, to be cut off. */
    public SimHost host() {
        return host;
    }

    /** Its process. */
    public SimLoop loop() {
        return loop;
    }

    /** Where it connects to now, or will. */
    public NodeId gateway() {
        return gateways.get(gateway);
    }

    /** All that it may connect to. */
    List<NodeId> gateways() {
        return gateways;
    }

    /** Leaves its gateway for another: what was not answered is sent again there. */
    public void moveTo(NodeId other) {
        loop.execute(() -> {
            if (!gateways.contains(other)) {
                gateways.add(other);
            }
            gateway = gateways.indexOf(other);
            if (connection.isPresent()) {
                gateway = Math.floorMod(gateway - 1, gateways.size()); // The end of a connection moves it on.
                connection.get().close();
                ended();
            }
        });
    }

    /** The client's process dies and starts again: nobody waits for what was asked, and nothing is asked again. */
    public void restart() {
        loop.checkOnLoop();
        unanswered.clear();
        connection.ifPresent(requests -> {
            requests.close();
            ended();
        });
    }

    /** A header as QEMU sends it: version 0, no epoch. */
    public static Header header(Opcode opcode, int flags) {
        return new Header(0, opcode.code(), flags, Epoch.NONE, 0, 0);
    }

    /** A header as collie sends it: the version that belongs to the opcode. */
    public static Header internalHeader(Opcode opcode, int flags) {
        return Header.of(opcode, flags, Epoch.NONE, 0);
    }

    /**
     * Asks until there is an answer, over as many connections as it takes. On the client's loop.
     *
     * @param answer must release the response
     */
    public void ask(Request request, Consumer<Response> answer) {
        loop.checkOnLoop();
        var asked = new Asked(request, answer);
        unanswered.add(asked);
        connection.ifPresentOrElse(requests -> send(requests, asked), this::connect);
    }

    /**
     * Asks and lets simulated time pass until the answer is there. For stories.
     *
     * @return the response, whose payload stays readable
     * @throws AssertionError if there is none within {@code limit}
     */
    public Response call(Request request, Duration limit) {
        var got = new ArrayList<Response>();
        loop.execute(() -> ask(request, response -> {
            got.add(detached(response));
            response.release();
        }));
        boolean answered = network.time().runUntil(() -> !got.isEmpty(), limit);
        Invariant.check(answered, "%s has no answer to %s within %s", loop, request, limit);
        return got.getFirst();
    }

    /** How many requests have no answer yet. */
    public int unanswered() {
        return unanswered.size();
    }

    /** Payloads of answers that nobody released. */
    public void checkPayloads() {
        payloads.checkAllReleased();
    }

    @Override
    public String toString() {
        return loop.toString();
    }

    private void send(SimRequests requests, Asked asked) {
        requests.send(
                asked.request,
                response -> response.ifPresent(answer -> {
                    if (answer.result() == ResultCode.SHUTDOWN && !isOfData(asked.request)) {
                        answer.release();
                        if (requests.isOpen()) { // It ends; another one is asked again.
                            requests.close();
                            ended();
                        }
                    } else if (unanswered.remove(asked)) {
                        asked.answer.accept(answer);
                    } else {
                        answer.release();
                    }
                }));
    }

    /** Those are answered by a sheep, or not at all. */
    private static boolean isOfData(Request request) {
        return switch (request) {
            case Request.ReadObject _, Request.WriteObject _, Request.CreateObject _, Request.DiscardObject _ -> true;
            default -> false;
        };
    }

    private void connect() {
        if (connecting) {
            return;
        }
        connecting = true;
        NodeId asked = gateway();
        SimHost to = network.hostAt(asked).orElseThrow();
        network.connect(host, loop, to, asked.port(), CONNECT_LIMIT, new SimSocket.Connecting() {
            @Override
            public SimSocket.Handler connected(SimSocket socket) {
                connecting = false;
                var requests = new SimRequests(socket, payloads, () -> {
                    if (connection.isPresent() && !connection.get().isOpen()) {
                        ended();
                    }
                });
                connection = Optional.of(requests);
                if (!asked.equals(gateway())) {
                    moveTo(gateway()); // It changed its mind meanwhile.
                }
                List.copyOf(unanswered).forEach(one -> send(requests, one));
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
        });
    }

    private void ended() {
        connection = Optional.empty();
        connecting = true;
        gateway = (gateway + 1) % gateways.size();
        network.time().log(loop.toString(), "lost its gateway, next " + gateway());
        loop.after(RECONNECT.plusNanos(random.nextLong(10_000_000)), () -> {
            connecting = false;
            if (!unanswered.isEmpty()) {
                connect();
            }
        });
    }

    /** The response with a payload that nobody has to release. */
    private static Response detached(Response response) {
        byte[] bytes = new byte[response.data().length()];
        response.data().bytes().get(bytes);
        Payload copy = Payload.of(bytes);
        return switch (response) {
            case Response.Data data -> new Response.Data(data.result(), copy);
            case Response.ObjectData data -> new Response.ObjectData(data.result(), data.copies(), data.offset(), copy);
            case Response.NodeStat stat ->
                new Response.NodeStat(
                        stat.result(),
                        stat.nodeCount(),
                        stat.localIndex(),
                        stat.masterIndex(),
                        stat.storeSize(),
                        stat.storeFree(),
                        copy);
            case Response.ObjectCopy object ->
                new Response.ObjectCopy(object.result(), object.marked(), object.mutated(), copy);
            case Response.Plain plain -> plain;
            case Response.VdiInfo vdi -> vdi;
            case Response.ClusterDefault fallback -> fallback;
            case Response.HelloReply hello -> hello;
            case Response.ObjectIds ids -> ids;
            case Response.ObjectVersions versions -> versions;
            case Response.ObjectState state -> state;
        };
    }
}
