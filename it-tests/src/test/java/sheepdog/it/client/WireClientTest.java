package sheepdog.it.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class WireClientTest {
    private ServerSocket server;
    private WireClient client;
    private Socket accepted;

    @BeforeEach
    void connect() throws IOException {
        server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        client = WireClient.connect("127.0.0.1", server.getLocalPort()).patience(Duration.ofSeconds(5));
        accepted = server.accept();
    }

    @AfterEach
    void close() throws IOException {
        client.close();
        accepted.close();
        server.close();
    }

    @Test
    void requestIsSentByteForByte() throws IOException {
        client.send(RawRequest.write(0x1122334455667788L, 512, new byte[] {9, 8})
                .version(0)
                .id(0xabcd)
                .copies(3));

        byte[] got = accepted.getInputStream().readNBytes(50);
        assertThat(got).startsWith(0, 3, 1, 0, 0, 0, 0, 0, 0xcd, 0xab, 0, 0, 2, 0, 0, 0);
        assertThat(got).containsSubsequence(0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11);
        assertThat(got[32]).isEqualTo((byte) 3);
        assertThat(got[41]).isEqualTo((byte) 2);
        assertThat(got).endsWith(9, 8);
    }

    @Test
    void replyIsReadWithThePayloadItAnnounces() throws IOException {
        byte[] reply = new byte[51];
        reply[8] = 7;
        reply[12] = 3;
        reply[16] = 2;
        reply[48] = 42;
        accepted.getOutputStream().write(reply);

        RawReply got = client.receive();

        assertThat(got.id()).isEqualTo(7);
        assertThat(got.result()).isEqualTo(RawReply.NO_OBJ);
        assertThat(got.payload()).containsExactly(42, 0, 0);
        assertThat(got.whole(4)).containsExactly(42, 0, 0, 0);
    }

    @Test
    void closedConnectionAndSilenceAreTold() throws IOException {
        client.patience(Duration.ofMillis(50));
        assertThatThrownBy(client::receive).isInstanceOf(SocketTimeoutException.class);
        assertThat(client.isClosedByPeer()).isFalse();

        accepted.close();
        client.patience(Duration.ofSeconds(5));

        assertThatThrownBy(client::receive).isInstanceOf(EOFException.class);
        assertThat(client.isClosedByPeer()).isTrue();
    }

    @Test
    void replyOfAnImpossibleLengthIsAnErrorBeforeAnythingIsAllocated() throws IOException {
        byte[] reply = new byte[48];
        reply[15] = (byte) 0xff;
        accepted.getOutputStream().write(reply);

        assertThatThrownBy(client::receive).isInstanceOf(IOException.class).hasMessageContaining("4278190080");
    }
}
