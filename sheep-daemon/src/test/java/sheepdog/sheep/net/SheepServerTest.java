package sheepdog.sheep.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.protocol.wire.Protocol;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;
import sheepdog.sheep.metrics.SheepMetrics;
import sheepdog.sheep.runtime.ConnectionInfo;
import sheepdog.sheep.runtime.RequestSink;
import sheepdog.sheep.runtime.real.RealLoop;
import sheepdog.sheep.runtime.real.TurnObserver;

@Timeout(120)
@ExtendWith(LeakGuard.class)
class SheepServerTest {
    private static final ObjectId OID = ObjectId.ofData(new Vid(0x7c2b25), 1);
    private static final NetLimits ROOMY =
            new NetLimits(1_000, 1_000, 64 << 20, 256 << 20, 1 << 20, Duration.ofSeconds(30));

    private final BlockingQueue<Throwable> faults = new LinkedBlockingQueue<>();
    private final RealLoop loop = new RealLoop(1, faults::add, TurnObserver.NONE);
    private final NetThreads threads = new NetThreads(2);
    private final List<TestClient> clients = new ArrayList<>();
    private SheepServer server;
    private InetSocketAddress address;

    private record Admitted(Request request, ConnectionInfo from, Consumer<Response> reply) {}

    private final BlockingQueue<Admitted> admitted = new LinkedBlockingQueue<>();

    @AfterEach
    void nothingIsHeldAtTheEnd() throws IOException {
        for (TestClient client : clients) {
            client.close();
        }
        Eventually.holds(() -> server.connectionCount() == 0);
        Eventually.holds(() -> server.budget().inUse() == 0);
        server.close();
        threads.close();
        loop.close();
        assertThat(faults).isEmpty();
    }

    @Test
    void repliesGoOutInTheOrderTheyAreGivenAndCarryTheIdAndTheEpoch() throws Exception {
        serve(ROOMY, collecting());
        var client = client();

        client.send(read(1, 4));
        client.send(read(2, 4));
        var first = admitted.take();
        var second = admitted.take();
        reply(second, new Response.ObjectData(ResultCode.SUCCESS, 3, 0, Payload.of(new byte[] {5, 6, 7, 8})));
        reply(first, Response.of(ResultCode.NO_OBJ));

        var reply = client.read();
        assertThat(reply.header()).isEqualTo(new Header(0, Opcode.READ_OBJ.code(), 0, new Epoch(7), 2, 4));
        assertThat(reply.data()).containsExactly(5, 6, 7, 8);
        reply = client.read();
        assertThat(reply.header().id()).isEqualTo(1);
        assertThat(reply.code()).isEqualTo(ResultCode.NO_OBJ);
        assertThat(reply.data()).isEmpty();
    }

    @Test
    void aWritesBytesReachTheSinkAndAreReleasedWithTheReply() throws Exception {
        serve(ROOMY, collecting());
        var client = client();
        byte[] data = new byte[3_000_000];
        data[2_999_999] = 42;

        client.send(new Request.WriteObject(header(Opcode.WRITE_OBJ, 1), OID, 512, Payload.of(data), 3));

        var write = admitted.take();
        assertThat(write.request().data().length()).isEqualTo(3_000_000);
        assertThat(write.request().data().bytes()).isEqualTo(ByteBuffer.wrap(data));
        reply(write, Response.success());
        assertThat(client.read().code()).isEqualTo(ResultCode.SUCCESS);
        assertThatThrownBy(() -> write.request().data().bytes()).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void whoNeedsThePayloadLongerRetainsIt() throws Exception {
        serve(ROOMY, collecting());
        var client = client();
        client.send(new Request.WriteObject(header(Opcode.WRITE_OBJ, 1), OID, 0, Payload.of(new byte[] {1, 2}), 3));
        var write = admitted.take();
        var kept = write.request().data().retain();

        reply(write, Response.success());
        client.read();

        assertThat(kept.bytes()).isEqualTo(ByteBuffer.wrap(new byte[] {1, 2}));
        kept.release();
    }

    @Test
    void opcodesUnknownToUsComeToTheSinkAndTheConnectionStaysHealthy() throws Exception {
        serve(
                ROOMY,
                (request, _, reply) -> reply.accept(Response.of(
                        request instanceof Request.Unknown ? ResultCode.INVALID_PARMS : ResultCode.SUCCESS)));
        var client = client();

        client.send(TestClient.bare(2, 0x7f, 1, 1, 3));
        client.send(new byte[] {1, 2, 3});
        client.send(flush(2));

        assertThat(client.read().code()).isEqualTo(ResultCode.INVALID_PARMS);
        assertThat(client.read().code()).isEqualTo(ResultCode.SUCCESS);
    }

    @Test
    void malformedRequestsAreRefusedAndTheConnectionStaysHealthy() throws Exception {
        serve(ROOMY, answering(ResultCode.SUCCESS));
        var client = client();
        byte[] pastTheEnd = TestClient.bytes(read(1, 512));
        ByteBuffer.wrap(pastTheEnd).order(java.nio.ByteOrder.LITTLE_ENDIAN).putLong(40, 1L << 40);
        byte[] wrongVersion = pastTheEnd.clone();
        wrongVersion[0] = 3;

        client.send(pastTheEnd);
        client.send(wrongVersion);
        client.send(flush(2));

        assertThat(client.read().code()).isEqualTo(ResultCode.INVALID_PARMS);
        assertThat(client.read().code()).isEqualTo(ResultCode.VER_MISMATCH);
        assertThat(client.read().code()).isEqualTo(ResultCode.SUCCESS);
    }

    @Test
    void aPayloadTooLongForItsOperationIsReadAway() throws Exception {
        serve(ROOMY, answering(ResultCode.SUCCESS));
        var client = client();

        client.send(TestClient.bare(2, Opcode.NEW_VDI.code(), 1, 1, 900_000));
        client.send(new byte[900_000]);
        client.send(flush(2));

        assertThat(client.read().code()).isEqualTo(ResultCode.INVALID_PARMS);
        assertThat(client.read().header().id()).isEqualTo(2);
    }

    @Test
    void aPayloadBeyondAllReasonIsRefusedAndEndsTheConnection() throws Exception {
        serve(ROOMY, answering(ResultCode.SUCCESS));
        var client = client();

        client.send(TestClient.bare(0, Opcode.WRITE_OBJ.code(), 1, 9, -1));

        var reply = client.read();
        assertThat(reply.code()).isEqualTo(ResultCode.INVALID_PARMS);
        assertThat(reply.header().id()).isEqualTo(9);
        assertThat(client.isEnded()).isTrue();
    }

    @Test
    void zerosLeftOutAreFilledInForClientsBeforeVersionTwo() throws Exception {
        serve(
                ROOMY,
                (_, _, reply) -> reply.accept(
                        new Response.ObjectData(ResultCode.SUCCESS, 3, 512, Payload.of(new byte[] {1, 2, 3}))));
        var client = client();
        byte[] old = TestClient.bytes(read(1, 2_048));
        old[0] = 0;

        client.send(old);
        client.send(read(2, 2_048));

        var whole = client.read();
        assertThat(whole.offset()).isZero();
        byte[] expected = new byte[2_048];
        System.arraycopy(new byte[] {1, 2, 3}, 0, expected, 512, 3);
        assertThat(whole.data()).isEqualTo(expected);
        var trimmed = client.read();
        assertThat(trimmed.offset()).isEqualTo(512);
        assertThat(trimmed.data()).containsExactly(1, 2, 3);
    }

    @Test
    void noClientGetsMoreThanItMadeRoomFor() throws Exception {
        serve(
                ROOMY,
                (_, _, reply) ->
                        reply.accept(new Response.ObjectData(ResultCode.SUCCESS, 3, 0, Payload.of(new byte[600]))));
        var client = client();

        client.send(read(1, 512));

        var reply = client.read();
        assertThat(reply.code()).isEqualTo(ResultCode.BUFFER_SMALL);
        assertThat(reply.data()).isEmpty();
    }

    @Test
    void aConnectionIsNotReadBeyondItsRequestsInFlight() throws Exception {
        serve(new NetLimits(10, 16, 64 << 20, 256 << 20, 0, Duration.ofSeconds(30)), collecting());
        var client = client();
        Set<Integer> ids = new TreeSet<>();

        Thread sender = Thread.ofVirtual().start(() -> {
            try {
                for (int id = 0; id < 3_000; id++) {
                    client.send(flush(id));
                }
            } catch (IOException failed) {
                faults.add(failed);
            }
        });
        for (int round = 0; round < 3_000; ) {
            var wave = new ArrayList<Admitted>();
            wave.add(admitted.poll(30, TimeUnit.SECONDS));
            admitted.drainTo(wave);
            assertThat(wave).hasSizeLessThanOrEqualTo(16);
            for (Admitted request : wave) {
                reply(request, Response.success());
            }
            for (int i = 0; i < wave.size(); i++) {
                ids.add(client.read().header().id());
            }
            round += wave.size();
        }

        sender.join();
        assertThat(ids).hasSize(3_000);
    }

    @Test
    void connectionsShareTheMemoryForPayloads() throws Exception {
        serve(new NetLimits(10, 1_000, 64 << 20, 2 << 20, 0, Duration.ofSeconds(30)), collecting());
        var senders = new ArrayList<Thread>();
        for (int c = 0; c < 4; c++) {
            var client = client();
            senders.add(Thread.ofVirtual().start(() -> {
                try {
                    for (int id = 0; id < 8; id++) {
                        client.send(new Request.WriteObject(
                                header(Opcode.WRITE_OBJ, id), OID, 0, Payload.of(new byte[1 << 20]), 3));
                    }
                    for (int id = 0; id < 8; id++) {
                        client.read();
                    }
                } catch (IOException failed) {
                    faults.add(failed);
                }
            }));
        }

        for (int answered = 0; answered < 32; answered++) {
            var next = admitted.poll(30, TimeUnit.SECONDS);
            // Each Netty thread may pass the limit by one step.
            assertThat(server.budget().inUse()).isLessThan((2 << 20) + 2 * (2 << 20));
            reply(next, Response.success());
        }

        for (Thread sender : senders) {
            sender.join();
        }
    }

    @Test
    void aClientThatReadsNoRepliesIsNotReadEither() throws Exception {
        var count = new AtomicInteger();
        serve(new NetLimits(10, 1_000, 16 << 20, 256 << 20, 0, Duration.ofSeconds(30)), (_, _, reply) -> {
            count.incrementAndGet();
            reply.accept(new Response.ObjectData(ResultCode.SUCCESS, 3, 0, Payload.of(new byte[4 << 20])));
        });
        var client = client();

        for (int id = 0; id < 100; id++) {
            client.send(read(id, 4 << 20));
        }

        // Some fit into the sockets' buffers, others into the limit.
        for (int id = 0; id < 100; id++) {
            assertThat(count.get()).isLessThan(id + 20);
            assertThat(client.read().data()).hasSize(4 << 20);
        }
        assertThat(count).hasValue(100);
    }

    @Test
    void aRequestThatDoesNotGoOnEndsItsConnectionAndAnIdleOneStays() throws Exception {
        serve(new NetLimits(10, 16, 64 << 20, 256 << 20, 0, Duration.ofMillis(100)), answering(ResultCode.SUCCESS));
        var idle = client();
        idle.send(flush(1));
        idle.read();
        var stalled = client();
        stalled.send(java.util.Arrays.copyOf(TestClient.bytes(flush(1)), 20));
        var silent = client();

        assertThat(stalled.isEnded()).isTrue();
        assertThat(silent.isEnded()).isTrue();
        idle.send(flush(2));
        assertThat(idle.read().header().id()).isEqualTo(2);
    }

    @Test
    void connectionsBeyondTheLimitAreClosedAndOthersServed() throws Exception {
        serve(new NetLimits(2, 16, 64 << 20, 256 << 20, 0, Duration.ofSeconds(30)), answering(ResultCode.SUCCESS));
        var first = client();
        var second = client();
        first.send(flush(1));
        first.read();
        second.send(flush(1));
        second.read();

        assertThat(client().isEnded()).isTrue();
        first.send(flush(2));
        assertThat(first.read().header().id()).isEqualTo(2);
    }

    @Test
    void manyConnectionsThatBeginARequestAndStopCostLittle() throws Exception {
        serve(ROOMY, answering(ResultCode.SUCCESS));
        for (int i = 0; i < 400; i++) {
            client().send(TestClient.bare(2, Opcode.WRITE_OBJ.code(), 1, 1, 4 << 20));
        }
        var served = client();

        served.send(flush(1));

        assertThat(served.read().code()).isEqualTo(ResultCode.SUCCESS);
        assertThat(server.budget().inUse()).isLessThan(1 << 20);
    }

    @Test
    void aReplyToAConnectionThatClosedIsDropped() throws Exception {
        serve(ROOMY, collecting());
        var client = client();
        client.send(new Request.WriteObject(header(Opcode.WRITE_OBJ, 1), OID, 0, Payload.of(new byte[100_000]), 3));
        var write = admitted.take();

        client.close();
        Eventually.holds(() -> server.connectionCount() == 0);
        var open = new LinkedBlockingQueue<Boolean>();
        loop.execute(() -> open.add(write.from().isOpen()));

        assertThat(open.take()).isFalse();
        reply(write, Response.success());
    }

    @Test
    void aConnectionIsAPeersOnceItsHelloWasAccepted() throws Exception {
        var peers = new LinkedBlockingQueue<Boolean>();
        serve(ROOMY, (request, from, reply) -> {
            peers.add(from.peer().isPresent());
            reply.accept(
                    request instanceof PeerRequest.Hello hello
                            ? new Response.HelloReply(
                                    hello.version() == Protocol.SHEEP_VERSION
                                            ? ResultCode.SUCCESS
                                            : ResultCode.VER_MISMATCH,
                                    Protocol.SHEEP_VERSION,
                                    0,
                                    1,
                                    1,
                                    NodeId.of("127.0.0.1", 7000))
                            : Response.success());
        });
        var client = client();

        for (int version : List.of(99, Protocol.SHEEP_VERSION)) {
            client.send(new PeerRequest.Hello(
                    header(Opcode.HELLO, 0), version, 0, 2, 1, NodeId.of("127.0.0.1", 7001), new byte[0]));
            client.read();
            client.send(new PeerRequest.Ping(header(Opcode.PING, 1)));
            client.read();
        }

        assertThat(peers).containsExactly(false, false, false, true);
    }

    @Test
    void whatASheepLeftOnAnEarlierConnectionDoesNotComeAfterItsNextHello() throws Exception {
        var oneByOne = new NetLimits(1_000, 1, 64 << 20, 256 << 20, 1 << 20, Duration.ofSeconds(30));
        serve(oneByOne, (request, from, reply) -> {
            if (request instanceof PeerRequest.Hello) {
                reply.accept(new Response.HelloReply(
                        ResultCode.SUCCESS, Protocol.SHEEP_VERSION, 0, 1, 1, NodeId.of("127.0.0.1", 7000)));
            } else {
                admitted.add(new Admitted(request, from, reply));
            }
        });
        var first = greeted();
        first.send(new PeerRequest.Ping(header(Opcode.PING, 1)));
        var underWay = admitted.take();
        first.send(new PeerRequest.Ping(header(Opcode.PING, 2)));

        var second = greeted();
        reply(underWay, Response.success());
        assertThat(first.isEnded()).isTrue();
        second.send(new PeerRequest.Ping(header(Opcode.PING, 3)));

        var next = admitted.take();
        assertThat(next.request().header().id()).isEqualTo(3);
        reply(next, Response.success());
        assertThat(second.read().header().id()).isEqualTo(3);
    }

    private TestClient greeted() throws IOException {
        var client = client();
        client.send(new PeerRequest.Hello(
                header(Opcode.HELLO, 9), Protocol.SHEEP_VERSION, 0, 2, 1, NodeId.of("127.0.0.1", 7001), new byte[0]));
        assertThat(client.read().code()).isEqualTo(ResultCode.SUCCESS);
        return client;
    }

    @Test
    void theUnixSocketTakesThePlaceOfOneLeftBehind(@TempDir Path folder) throws Exception {
        serve(ROOMY, answering(ResultCode.SUCCESS));
        Path path = folder.resolve("sock");
        try (var left = java.nio.channels.ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX)) {
            left.bind(UnixDomainSocketAddress.of(path));
        }

        server.listenUnix(path);

        try (var client = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
            client.write(ByteBuffer.wrap(TestClient.bytes(flush(77))));
            var reply = ByteBuffer.allocate(Header.BYTES);
            while (reply.hasRemaining()) {
                assertThat(client.read(reply)).isPositive();
            }
            assertThat(Header.read(reply.flip()).id()).isEqualTo(77);
        }
    }

    @Test
    void aFileInTheSocketsPlaceIsLeftAlone(@TempDir Path folder) throws Exception {
        serve(ROOMY, answering(ResultCode.SUCCESS));
        Path path = Files.writeString(folder.resolve("sock"), "precious");

        assertThatThrownBy(() -> server.listenUnix(path)).isInstanceOf(IOException.class);

        assertThat(path).hasContent("precious");
    }

    @Test
    void aPortInUseIsSaidSo() throws Exception {
        serve(ROOMY, answering(ResultCode.SUCCESS));

        assertThatThrownBy(() -> server.listen(address))
                .isInstanceOf(IOException.class)
                .hasMessage("Address already in use");
    }

    @Test
    void theJdksSocketsServeTheSame(@TempDir Path folder) throws Exception {
        try (var nio = new NetThreads(1, false)) {
            serve(ROOMY, answering(ResultCode.SUCCESS));
            var other = new SheepServer(
                    nio, loop, answering(ResultCode.SUCCESS), () -> Epoch.FIRST, ROOMY, SheepMetrics.unread());
            var client = new TestClient(other.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)));
            clients.add(client);
            other.listenUnix(folder.resolve("sock"));

            client.send(flush(5));

            assertThat(client.read().header().id()).isEqualTo(5);
            other.close();
        }
    }

    private void serve(NetLimits limits, RequestSink sink) throws IOException {
        loop.start();
        server = new SheepServer(
                threads,
                loop,
                (request, from, reply) -> {
                    loop.checkOnLoop();
                    sink.admit(request, from, reply);
                },
                () -> new Epoch(7),
                limits,
                SheepMetrics.unread());
        address = server.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    }

    private TestClient client() throws IOException {
        var client = new TestClient(address);
        clients.add(client);
        return client;
    }

    private RequestSink collecting() {
        return (request, from, reply) -> admitted.add(new Admitted(request, from, reply));
    }

    private static RequestSink answering(ResultCode result) {
        return (_, _, reply) -> reply.accept(Response.of(result));
    }

    private void reply(Admitted request, Response response) {
        loop.execute(() -> request.reply().accept(response));
    }

    private static Header header(Opcode opcode, int id) {
        return TestClient.header(opcode, id);
    }

    private static Request read(int id, int length) {
        return new Request.ReadObject(header(Opcode.READ_OBJ, id), OID, 0, length, 0);
    }

    private static Request flush(int id) {
        return new Request.FlushVdi(header(Opcode.FLUSH_VDI, id), OID);
    }
}
