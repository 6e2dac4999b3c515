package sheepdog.collie.client;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import sheepdog.protocol.model.NodeId;

/**
 * Where a sheep listens.
 *
 * @param host a name, an address, or the path of a unix socket, which begins with a slash; bytes as chars
 * @param port without meaning for a unix socket
 */
public record SheepAddress(String host, int port) {
    /** Where a member of the cluster listens. */
    public static SheepAddress of(NodeId node) {
        return new SheepAddress(node.host(), node.port());
    }

    boolean isUnixSocket() {
        return host.startsWith("/");
    }

    /**
     * What to connect to, in this order until one works.
     *
     * @throws IOException if the name does not resolve; its message says why
     */
    public List<SocketAddress> resolve() throws IOException {
        String text = new String(host.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
        if (isUnixSocket()) {
            return List.of(UnixDomainSocketAddress.of(Path.of(text)));
        }
        return Arrays.stream(InetAddress.getAllByName(text))
                .<SocketAddress>map(address -> new InetSocketAddress(address, port))
                .toList();
    }

    /** {@code 127.0.0.1:7000}, or the path of the socket. */
    @Override
    public String toString() {
        return isUnixSocket() ? host : host + ":" + port;
    }
}
