package sheepdog.membership.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

final class HostProbeTest {
    private static final Duration LIMIT = Duration.ofMillis(300);

    @Test
    void aPortThatNobodyListensOnIsRefused() throws Exception {
        InetSocketAddress address;
        try (var server = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            address = (InetSocketAddress) server.getLocalSocketAddress();
        }

        assertThat(HostProbe.refused(address, LIMIT)).isTrue();
    }

    @Test
    void aPortThatListensWithoutAcceptingIsNotRefused() throws Exception {
        try (var server = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            assertThat(HostProbe.refused((InetSocketAddress) server.getLocalSocketAddress(), LIMIT))
                    .isFalse();
        }
    }

    @Test
    void aPortThatDropsConnectionsIsNotRefused() throws Exception {
        try (var server = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"));
                var first = SocketChannel.open();
                var second = SocketChannel.open();
                var third = SocketChannel.open()) {
            for (SocketChannel waiting : List.of(first, second, third)) {
                waiting.configureBlocking(false);
                waiting.connect(server.getLocalSocketAddress());
            }

            assertThat(HostProbe.refused((InetSocketAddress) server.getLocalSocketAddress(), LIMIT))
                    .isFalse();
        }
    }
}
