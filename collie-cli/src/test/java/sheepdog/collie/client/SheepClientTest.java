package sheepdog.collie.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import sheepdog.collie.cli.Dates;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.Protocol;
import sheepdog.protocol.wire.Request;

/** The client against sheep that behave badly, and over a unix socket. */
class SheepClientTest {
    private static final String TIME = "Apr 25 17:30:27 [main] ";
    private static final Request QUESTION =
            new Request.ReadVdis(Header.of(Opcode.READ_VDIS, 0, Epoch.NONE, 0), Protocol.VDI_BITMAP_BYTES);

    private final List<String> said = new ArrayList<>();
    private ServerSocket server;

    @BeforeEach
    void listen() throws IOException {
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    }

    @AfterEach
    void close() throws IOException {
        server.close();
    }

    @Test
    void aRefusedConnectionIsLoggedAndNamed() throws IOException {
        server.close();

        assertThatThrownBy(() -> client().once(QUESTION))
                .isInstanceOfSatisfying(
                        SheepUnreachable.class,
                        gone -> assertThat(gone.lines())
                                .containsExactly(
                                        TIME + "connect_to(251) failed to connect to 10.1.1.1:7000: Connection refused",
                                        "Failed to connect to 10.1.1.1:7000"));
    }

    @Test
    void everyAddressOfANameIsTried() throws IOException {
        var closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        SocketAddress nobody = closed.getLocalSocketAddress();
        closed.close();
        answer(1, 0, 0);

        assertThat(client(List.of(nobody, server.getLocalSocketAddress())))
                .satisfies(
                        client -> assertThat(client.once(QUESTION).isSuccess()).isTrue());
    }

    @Test
    void anUnknownNameIsSaidToBeSo() {
        var client = client(_ -> {
            throw new UnknownHostException("nosuchhost: Name or service not known");
        });

        assertThatThrownBy(() -> client.once(QUESTION))
                .isInstanceOfSatisfying(
                        SheepUnreachable.class,
                        gone -> assertThat(gone.lines())
                                .containsExactly(
                                        TIME + "connect_to(212) failed to get address info: Name or service not known",
                                        "Failed to connect to 10.1.1.1:7000"));
    }

    @Test
    void aConnectionClosedBeforeTheAnswerIsAnError() {
        serve(socket -> socket.getInputStream().readNBytes(Header.BYTES));

        assertThatThrownBy(() -> client().once(QUESTION))
                .hasMessageContaining("do_read(291) failed to read from socket: 0, ")
                .hasMessageContaining("exec_req(399) failed to read a response");
    }

    @Test
    void aSheepThatStandsStillIsGivenUp() {
        serve(socket -> {
            socket.getInputStream().readNBytes(Header.BYTES);
            socket.getOutputStream().write(new byte[Header.BYTES - 1]);
            socket.getInputStream().read(); // Until the client has had enough.
        });

        assertThatThrownBy(() -> client().once(QUESTION))
                .hasMessageContaining("failed to read from socket: -1, Resource temporarily unavailable");
    }

    @Test
    void whoWaitsLongIsToldWhatFor() {
        serve(socket -> {
            socket.getInputStream().readNBytes(Header.BYTES);
            socket.getInputStream().read(); // Until the client has had enough.
        });
        var oid = new ObjectId(0x8000_0000_0000_0005L);
        var read = new Request.ReadObject(Header.of(Opcode.READ_OBJ, 0, Epoch.NONE, 0), oid, 0, 512, 0);

        assertThatThrownBy(() -> client().once(read)).isInstanceOf(SheepUnreachable.class);

        assertThat(said).containsExactly("waiting for 10.1.1.1:7000 to read object 8000000000000005, ^C ends");
    }

    @Test
    void anAnswerThatDidNotComeInTimeIsNotWaitedForAgain() {
        var late = new AtomicInteger();
        serve(socket -> {
            socket.getInputStream().readNBytes(Header.BYTES);
            socket.getOutputStream().write(header(0, 0).array());
            socket.getInputStream().readNBytes(Header.BYTES);
            late.incrementAndGet();
            socket.getInputStream().read(); // Until the client has had enough.
            answer(1, 0, 0);
        });
        try (var client = client()) {
            assertThat(client)
                    .satisfies(c -> assertThat(c.repeatable(QUESTION, ByteBuffer.allocate(0))
                                    .isSuccess())
                            .isTrue());
            assertThatThrownBy(() -> client.repeatable(QUESTION, ByteBuffer.allocate(0)))
                    .hasMessageContaining("Resource temporarily unavailable");
        }
        assertThat(late).hasValue(1);
    }

    @Test
    void theEndOfASheepThatWasToldToEndIsWaitedFor() throws Exception {
        var given = new CompletableFuture<Boolean>();
        serve(socket -> {
            socket.getInputStream().readNBytes(Header.BYTES);
            socket.getOutputStream().write(header(0, 0).array());
            socket.setSoTimeout(300);
            try {
                given.complete(socket.getInputStream().read() < 0);
            } catch (SocketTimeoutException _) {
                given.complete(false);
            }
        });

        assertThat(client().last(QUESTION).isSuccess()).isTrue();

        assertThat(given.get(10, TimeUnit.SECONDS)).as("the client went first").isFalse();
    }

    @Test
    void aSheepThatDoesNotEndIsNotWaitedForForEver() throws Exception {
        var released = new CountDownLatch(1);
        serve(socket -> {
            socket.getInputStream().readNBytes(Header.BYTES);
            socket.getOutputStream().write(header(0, 0).array());
            socket.getInputStream().read(); // Until the client has had enough.
            released.countDown();
        });
        var limit = Duration.ofMillis(100);
        var network = new Network(_ -> List.of(server.getLocalSocketAddress()), limit, limit, limit, 1, limit, limit);
        var client = new SheepClient(new SheepAddress("10.1.1.1", 7000), network, dates(), clock(), said::add);

        assertThat(client.last(QUESTION).isSuccess()).isTrue();

        assertThat(released.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void aRefusalToEndIsAnsweredAtOnce() throws Exception {
        serve(socket -> {
            socket.getInputStream().readNBytes(Header.BYTES);
            socket.getOutputStream().write(header(0x16, 0).array());
            socket.getInputStream().read(); // Until the client has had enough.
        });

        assertTimeout(Duration.ofSeconds(10), () -> client().last(QUESTION));
    }

    @Test
    void aSheepThatReadsNothingIsGivenUp() throws IOException {
        server.setReceiveBufferSize(4096);
        var write = new Request.GetVdiAttr(
                Header.of(Opcode.GET_VDI_ATTR, 0, Epoch.NONE, 0), 0, Payload.of(new byte[32 << 20]));

        assertThatThrownBy(() -> client().once(write)).hasMessageContaining("failed to send a request: ");
    }

    @Test
    void anAnswerLongerThanItsRoomIsRefusedBeforeItIsRead() {
        answer(1, 0, Integer.MIN_VALUE);

        assertThatThrownBy(() -> client().once(QUESTION))
                .hasMessageContaining("a response of 10.1.1.1:7000 makes no sense");
    }

    @Test
    void anUnknownResultKeepsItsNumber() throws Exception {
        answer(1, 0x99, 0);

        Reply reply = client().once(QUESTION);

        assertThat(reply.result()).isEqualTo(0x99);
        assertThat(reply.resultText()).isEqualTo("Invalid error code");
        assertThat(reply.isSuccess()).isFalse();
    }

    @Test
    void aKeptConnectionThatBrokeIsReplacedOnce() throws Exception {
        answer(2, 0, 0); // Each connection is closed after one answer.
        try (var client = client()) {
            assertThat(client.repeatable(QUESTION, ByteBuffer.allocate(0)).isSuccess())
                    .isTrue();
            assertThat(client.repeatable(QUESTION, ByteBuffer.allocate(0)).isSuccess())
                    .isTrue();
            server.close();
            assertThatThrownBy(() -> client.repeatable(QUESTION, ByteBuffer.allocate(0)))
                    .hasMessageContaining("Connection refused");
        }
    }

    @Test
    void whatMustNotBeDoneTwiceIsNotRepeated() {
        serve(socket -> socket.getInputStream().readNBytes(Header.BYTES));
        var clientOfOne = client();
        assertThatThrownBy(() -> clientOfOne.once(QUESTION)).isInstanceOf(SheepUnreachable.class);

        answer(1, 0, 0);
        assertThat(clientOfOne)
                .satisfies(client -> assertThat(client.once(QUESTION).isSuccess())
                        .as("the first connection was the only one until now")
                        .isTrue());
    }

    @Test
    void aPathIsAUnixSocket(@TempDir Path folder) throws Exception {
        Path path = folder.resolve("sock");
        try (var unix = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            unix.bind(UnixDomainSocketAddress.of(path));
            Thread.ofVirtual().start(() -> {
                try (var channel = unix.accept()) {
                    Channels.newInputStream(channel).readNBytes(Header.BYTES);
                    channel.write(header(0, 0));
                } catch (IOException _) {
                    // Seen by the client as a missing answer.
                }
            });
            var address = new SheepAddress(path.toString(), 7000);
            var client = new SheepClient(address, network(SheepAddress::resolve), dates(), clock(), said::add);

            assertThat(client.once(QUESTION).isSuccess()).isTrue();
            assertThat(address).hasToString(path.toString());
        }
    }

    private interface Script {
        void run(Socket socket) throws IOException;
    }

    /** Takes one connection, runs the script, closes it. */
    private void serve(Script script) {
        Thread.ofVirtual().start(() -> {
            try (var socket = server.accept()) {
                script.run(socket);
            } catch (IOException _) {
                // Seen by the client as a missing answer.
            }
        });
    }

    /** Answers one request on each of so many connections. */
    private void answer(int connections, int result, int length) {
        Thread.ofVirtual().start(() -> {
            for (int i = 0; i < connections; i++) {
                try (var socket = server.accept()) {
                    socket.getInputStream().readNBytes(Header.BYTES);
                    socket.getOutputStream().write(header(result, length).array());
                } catch (IOException _) {
                    return;
                }
            }
        });
    }

    private static ByteBuffer header(int result, int length) {
        return ByteBuffer.allocate(Header.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(12, length)
                .putInt(16, result);
    }

    private SheepClient client() {
        return client(List.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getLocalPort())));
    }

    private SheepClient client(List<SocketAddress> addresses) {
        return client(_ -> addresses);
    }

    private SheepClient client(Network.Resolver resolver) {
        return new SheepClient(new SheepAddress("10.1.1.1", 7000), network(resolver), dates(), clock(), said::add);
    }

    private static Network network(Network.Resolver resolver) {
        var limit = Duration.ofMillis(100);
        return new Network(
                resolver, Duration.ofSeconds(5), limit, limit, 1, limit.dividedBy(2), Duration.ofSeconds(20));
    }

    private static Dates dates() {
        return new Dates(ZoneOffset.UTC);
    }

    private static InstantSource clock() {
        return InstantSource.fixed(Instant.ofEpochSecond(1_366_911_027L));
    }
}
