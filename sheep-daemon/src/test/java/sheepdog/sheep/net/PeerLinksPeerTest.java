package sheepdog.sheep.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.protocol.wire.Protocol;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.RequestCodec;
import sheepdog.protocol.wire.Response;
import sheepdog.protocol.wire.ResponseCodec;
import sheepdog.sheep.metrics.SheepMetrics;
import sheepdog.sheep.runtime.real.RealLoop;
import sheepdog.sheep.runtime.real.TurnObserver;

/** Links against a sheep that is driven by hand: it answers, refuses, stalls, dies. */
@Timeout(120)
@ExtendWith(LeakGuard.class)
class PeerLinksPeerTest {
    private static final ObjectId OID = ObjectId.ofData(new Vid(0x7c2b25), 1);
    private static final long CTIME = 0x5000_0000_0000_0000L;

    private final BlockingQueue<Throwable> faults = new LinkedBlockingQueue<>();
    private final RealLoop loop = new RealLoop(1, faults::add, TurnObserver.NONE);
    private final NetThreads threads = new NetThreads(1);
    private final List<CountedPayload> payloads = new ArrayList<>();
    private ServerSocket listener;
    private Node node;
    private PeerLinks links;

    /** Knows how often it was retained and not released. */
    private static final class CountedPayload implements Payload {
        private final Payload bytes;
        private int count = 1;

        CountedPayload(int length) {
            bytes = Payload.of(new byte[length]);
        }

        @Override
        public int length() {
            return bytes.length();
        }

        @Override
        public ByteBuffer bytes() {
            return bytes.bytes();
        }

        @Override
        public synchronized Payload retain() {
            count++;
            return this;
        }

        @Override
        public synchronized void release() {
            count--;
        }

        synchronized int count() {
            return count;
        }
    }

    /** The other end of one connection. */
    private final class Peer implements AutoCloseable {
        private final Socket socket;
        private final DataInputStream in;

        Peer() throws IOException {
            socket = listener.accept();
            socket.setSoTimeout(30_000);
            in = new DataInputStream(socket.getInputStream());
        }

        Request read() throws IOException {
            byte[] bytes = new byte[Header.BYTES];
            in.readFully(bytes);
            Header header = Header.read(ByteBuffer.wrap(bytes));
            byte[] body = new byte[(int) RequestCodec.bodyLength(header)];
            in.readFully(body);
            return ((Outcome.Ok<Request>) RequestCodec.decode(ByteBuffer.wrap(bytes), Payload.of(body))).value();
        }

        byte[] encoded(Request request, Response response) {
            var encoded = ResponseCodec.encode(response, Header.read(RequestCodec.encodeHeader(request)), Epoch.FIRST);
            byte[] all = new byte[Header.BYTES + encoded.body().length()];
            encoded.header().get(all, 0, Header.BYTES);
            encoded.body().bytes().get(all, Header.BYTES, encoded.body().length());
            return all;
        }

        void reply(Request request, Response response) throws IOException {
            write(encoded(request, response));
        }

        void write(byte[] bytes) throws IOException {
            socket.getOutputStream().write(bytes);
        }

        Peer greet() throws IOException {
            var hello = (PeerRequest.Hello) read();
            assertThat(hello.version()).isEqualTo(Protocol.SHEEP_VERSION);
            reply(hello, helloReply(Protocol.SHEEP_VERSION, CTIME, node.id()));
            return this;
        }

        boolean isEnded() throws IOException {
            try {
                return in.read() < 0;
            } catch (java.net.SocketException reset) {
                return true;
            }
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    @BeforeEach
    void aPeerListens() throws IOException {
        listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        node = node(listener.getLocalPort(), Optional.empty());
        loop.start();
        connectWithin(Duration.ofSeconds(30), Duration.ofSeconds(10));
    }

    private void connectWithin(Duration request, Duration connect) {
        links = new PeerLinks(
                loop,
                threads,
                () -> new PeerRequest.Hello(
                        TestClient.header(Opcode.HELLO, 0),
                        Protocol.SHEEP_VERSION,
                        CTIME,
                        1,
                        1,
                        NodeId.of("127.0.0.1", 7000),
                        new byte[0]),
                new PeerLinks.Limits(4, 1 << 20, 100, request, connect, Duration.ofMillis(1), Duration.ofMillis(1)),
                SheepMetrics.unread());
    }

    @AfterEach
    void everyPayloadWasReleased() throws Exception {
        loop.execute(links::close);
        listener.close();
        threads.close();
        loop.close();
        assertThat(faults).isEmpty();
        assertThat(payloads).allSatisfy(payload -> assertThat(payload.count()).isEqualTo(1));
    }

    @Test
    void theFirstWordIsAHelloAndAnswersMayComeInAnyOrder() throws Exception {
        var first = send(read(100));
        var second = send(write(50_000));
        try (var peer = new Peer().greet()) {
            var a = (PeerRequest.ReadReplica) peer.read();
            var b = (PeerRequest.WriteReplica) peer.read();
            assertThat(b.data().length()).isEqualTo(50_000);

            peer.reply(b, Response.of(ResultCode.NO_SPACE));
            assertThat(result(second)).isEqualTo(ResultCode.NO_SPACE);
            peer.reply(a, new Response.ObjectData(ResultCode.SUCCESS, 3, 0, Payload.of(new byte[] {9, 9})));

            var answer = (Response.ObjectData) first.get(30, TimeUnit.SECONDS);
            assertThat(answer.data().bytes()).isEqualTo(ByteBuffer.wrap(new byte[] {9, 9}));
            answer.release();
        }
    }

    @Test
    void oneConnectionLasts() throws Exception {
        var answers = new ArrayList<CompletableFuture<Response>>();
        answers.add(send(ping()));
        try (var peer = new Peer().greet()) {
            peer.reply(peer.read(), Response.success());
            assertThat(result(answers.getFirst())).isEqualTo(ResultCode.SUCCESS);
            for (int i = 0; i < 50; i++) {
                var answer = send(ping());
                peer.reply(peer.read(), Response.success());
                assertThat(result(answer)).isEqualTo(ResultCode.SUCCESS);
            }
        }
    }

    @Test
    void moreThanMayBeOnTheirWayWaitAndAllAreAnswered() throws Exception {
        var answers = new ArrayList<CompletableFuture<Response>>();
        for (int i = 0; i < 20; i++) {
            answers.add(send(write(10)));
        }
        try (var peer = new Peer().greet()) {
            for (int wave = 0; wave < 5; wave++) {
                var requests = new ArrayList<Request>();
                for (int i = 0; i < 4; i++) {
                    requests.add(peer.read());
                }
                peer.socket.setSoTimeout(50);
                assertThat(org.assertj.core.api.Assertions.catchThrowable(peer::read))
                        .isInstanceOf(java.net.SocketTimeoutException.class);
                peer.socket.setSoTimeout(30_000);
                for (Request request : requests) {
                    peer.reply(request, Response.success());
                }
            }
        }
        for (var answer : answers) {
            assertThat(result(answer)).isEqualTo(ResultCode.SUCCESS);
        }
    }

    @Test
    void aRefusedConnectionFailsAtOnce() throws Exception {
        listener.close();

        var answer = send(write(100_000));

        assertThat(result(answer)).isEqualTo(ResultCode.NETWORK_ERROR);
    }

    @Test
    void afterAFailureItConnectsAgain() throws Exception {
        var lost = send(ping());
        new Peer().close();
        assertThat(result(lost)).isEqualTo(ResultCode.NETWORK_ERROR);

        Peer peer = null;
        listener.setSoTimeout(100);
        while (peer == null) { // Requests fail at once until the pause is over.
            var attempt = send(ping());
            try {
                peer = new Peer();
            } catch (java.net.SocketTimeoutException pausing) {
                assertThat(result(attempt)).isEqualTo(ResultCode.NETWORK_ERROR);
            }
            if (peer != null) {
                peer.greet();
                peer.reply(peer.read(), Response.success());
                assertThat(result(attempt)).isEqualTo(ResultCode.SUCCESS);
            }
        }
        peer.close();
    }

    @Test
    void aPeerThatDiesInTheMiddleOfAnAnswerFailsWhatIsUnderWay() throws Exception {
        var first = send(read(1_000));
        var second = send(write(100_000));
        try (var peer = new Peer().greet()) {
            var request = peer.read();
            byte[] answer = peer.encoded(
                    request, new Response.ObjectData(ResultCode.SUCCESS, 3, 0, Payload.of(new byte[1_000])));
            peer.write(java.util.Arrays.copyOf(answer, 500));
        }

        assertThat(result(first)).isEqualTo(ResultCode.NETWORK_ERROR);
        assertThat(result(second)).isEqualTo(ResultCode.NETWORK_ERROR);
    }

    @Test
    void aLateAnswerIsNotTakenForAnother() throws Exception {
        connectWithin(Duration.ofMillis(300), Duration.ofSeconds(10));
        var slow = send(read(4));
        try (var peer = new Peer().greet()) {
            var slowRequest = peer.read();
            // Others are answered, so the connection is taken for alive.
            while (!slow.isDone()) {
                var ping = send(ping());
                peer.reply(peer.read(), Response.success());
                assertThat(result(ping)).isEqualTo(ResultCode.SUCCESS);
            }
            assertThat(result(slow)).isEqualTo(ResultCode.NETWORK_ERROR);

            var next = send(read(4));
            var nextRequest = peer.read();
            peer.reply(slowRequest, new Response.ObjectData(ResultCode.SUCCESS, 3, 0, Payload.of(new byte[] {1})));
            peer.reply(nextRequest, new Response.ObjectData(ResultCode.SUCCESS, 3, 0, Payload.of(new byte[] {2})));

            var answer = (Response.ObjectData) next.get(30, TimeUnit.SECONDS);
            assertThat(answer.data().bytes().get(0)).isEqualTo((byte) 2);
            answer.release();
        }
    }

    @Test
    void aSilentPeerIsGivenUp() throws Exception {
        connectWithin(Duration.ofMillis(200), Duration.ofSeconds(10));
        var answer = send(write(100));
        try (var peer = new Peer().greet()) {
            assertThat(peer.read()).isInstanceOf(PeerRequest.WriteReplica.class);

            assertThat(result(answer)).isEqualTo(ResultCode.NETWORK_ERROR);
            assertThat(peer.isEnded()).isTrue();
        }
    }

    @Test
    void aPeerThatDoesNotSayHelloIsGivenUp() throws Exception {
        connectWithin(Duration.ofSeconds(30), Duration.ofMillis(200));
        var answer = send(write(100));
        try (var peer = new Peer()) {
            peer.read();

            assertThat(result(answer)).isEqualTo(ResultCode.NETWORK_ERROR);
            assertThat(peer.isEnded()).isTrue();
        }
    }

    @Test
    void whoIsNotTheOneLookedForIsLeft() throws Exception {
        var strangers = List.<Response>of(
                helloReply(99, CTIME, node.id()),
                helloReply(Protocol.SHEEP_VERSION, CTIME + 1, node.id()),
                helloReply(Protocol.SHEEP_VERSION, CTIME, NodeId.of("10.9.9.9", 7000)),
                new Response.HelloReply(ResultCode.INVALID_CTIME, Protocol.SHEEP_VERSION, 0, 1, 1, node.id()),
                Response.of(ResultCode.INVALID_PARMS));
        for (var stranger : strangers) {
            connectWithin(Duration.ofSeconds(30), Duration.ofSeconds(10));
            var answer = send(ping());
            try (var peer = new Peer()) {
                peer.reply(peer.read(), stranger);

                assertThat(result(answer)).isEqualTo(ResultCode.NETWORK_ERROR);
                assertThat(peer.isEnded()).isTrue();
            }
        }
    }

    @Test
    void aClusterThatIsNotFormattedYetIsNoOther() throws Exception {
        var answer = send(ping());
        try (var peer = new Peer()) {
            peer.reply(peer.read(), helloReply(Protocol.SHEEP_VERSION, 0, node.id()));
            peer.reply(peer.read(), Response.success());

            assertThat(result(answer)).isEqualTo(ResultCode.SUCCESS);
        }
    }

    @Test
    void anAnswerLongerThanAskedForEndsTheConnection() throws Exception {
        var answer = send(read(10));
        try (var peer = new Peer().greet()) {
            var request = (PeerRequest.ReadReplica) peer.read();
            var more = new PeerRequest.ReadReplica(
                    TestClient.header(Opcode.READ_REPLICA, request.header().id()), OID, 0, 1_000, 0);
            peer.reply(more, new Response.ObjectData(ResultCode.SUCCESS, 3, 0, Payload.of(new byte[1_000])));

            assertThat(result(answer)).isEqualTo(ResultCode.NETWORK_ERROR);
            assertThat(peer.isEnded()).isTrue();
        }
    }

    @Test
    void garbageInsteadOfAnAnswerEndsTheConnection() throws Exception {
        var answer = send(read(10));
        try (var peer = new Peer().greet()) {
            peer.read();
            byte[] garbage = new byte[200];
            java.util.Arrays.fill(garbage, (byte) 0xfe);
            peer.write(garbage);

            assertThat(result(answer)).isEqualTo(ResultCode.NETWORK_ERROR);
            assertThat(peer.isEnded()).isTrue();
        }
    }

    @Test
    void theAddressForTrafficBetweenSheepComesFirstAndTheMainOneAfterIt() throws Exception {
        try (var other = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            var main = listener;
            var both = node(main.getLocalPort(), Optional.of(NodeId.of("127.0.0.1", other.getLocalPort())));
            listener = other;
            var answer = send(both, ping());
            try (var peer = new Peer().greet()) {
                peer.reply(peer.read(), Response.success());
                assertThat(result(answer)).isEqualTo(ResultCode.SUCCESS);
            }
            listener = main;
        }
        var unreachable = node(listener.getLocalPort(), Optional.of(NodeId.of("127.0.0.1", 1)));
        connectWithin(Duration.ofSeconds(30), Duration.ofSeconds(10));

        var answer = send(unreachable, ping());

        try (var peer = new Peer().greet()) {
            peer.reply(peer.read(), Response.success());
            assertThat(result(answer)).isEqualTo(ResultCode.SUCCESS);
        }
    }

    @Test
    void linksToNodesThatLeftAreEnded() throws Exception {
        var answer = send(ping());
        try (var peer = new Peer().greet()) {
            peer.read();

            loop.execute(() -> links.keepOnly(List.of()));

            assertThat(result(answer)).isEqualTo(ResultCode.NETWORK_ERROR);
            assertThat(peer.isEnded()).isTrue();
        }
    }

    @Test
    void afterClosingEveryRequestFails() throws Exception {
        loop.execute(links::close);

        assertThat(result(send(write(100)))).isEqualTo(ResultCode.NETWORK_ERROR);
    }

    private CompletableFuture<Response> send(PeerRequest request) {
        return send(node, request);
    }

    private CompletableFuture<Response> send(Node to, PeerRequest request) {
        var done = new CompletableFuture<Response>();
        loop.execute(() -> {
            boolean[] returned = {false};
            links.send(to, request).thenAccept(response -> {
                loop.checkOnLoop();
                assertThat(returned[0]).isTrue();
                assertThat(done.complete(response)).isTrue();
            });
            returned[0] = true;
        });
        return done;
    }

    private static ResultCode result(CompletableFuture<Response> answer) throws Exception {
        return answer.get(30, TimeUnit.SECONDS).result();
    }

    private static Node node(int port, Optional<NodeId> io) {
        return new Node(NodeId.of("127.0.0.1", port), io, 64, 0, 1 << 30);
    }

    private static Response helloReply(int version, long ctime, NodeId from) {
        return new Response.HelloReply(ResultCode.SUCCESS, version, ctime, 2, 1, from);
    }

    private static PeerRequest ping() {
        return new PeerRequest.Ping(TestClient.header(Opcode.PING, 0));
    }

    private static PeerRequest read(int length) {
        return new PeerRequest.ReadReplica(TestClient.header(Opcode.READ_REPLICA, 0), OID, 0, length, 0);
    }

    private PeerRequest write(int length) {
        var payload = new CountedPayload(length);
        payloads.add(payload);
        return new PeerRequest.WriteReplica(TestClient.header(Opcode.WRITE_REPLICA, 0), OID, 0, payload, 1, 2, 1);
    }
}
