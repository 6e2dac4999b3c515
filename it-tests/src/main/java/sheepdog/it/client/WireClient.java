package sheepdog.it.client;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * One connection to a sheep, driven by hand. Blocking, with a limit on every wait.
 *
 * <p>One thread at a time.
 */
public final class WireClient implements AutoCloseable {
    private static final int PAYLOAD_BYTES_MAX = 64 << 20;

    private final SocketChannel channel;
    private Optional<Selector> selector = Optional.empty();
    private Duration patience = Duration.ofSeconds(20);

    private WireClient(SocketChannel channel) throws IOException {
        this.channel = channel;
        channel.configureBlocking(false);
    }

    /** Connects by TCP. */
    public static WireClient connect(String host, int port) throws IOException {
        var channel = SocketChannel.open();
        try {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            return connect(channel, new InetSocketAddress(host, port));
        } catch (IOException failed) {
            channel.close();
            throw failed;
        }
    }

    /** Connects by a unix socket. */
    public static WireClient connect(Path socket) throws IOException {
        var channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            return connect(channel, UnixDomainSocketAddress.of(socket));
        } catch (IOException failed) {
            channel.close();
            throw failed;
        }
    }

    private static WireClient connect(SocketChannel channel, SocketAddress to) throws IOException {
        channel.connect(to);
        return new WireClient(channel);
    }

    /** How long every later wait for a reply, or for room to send, may take. */
    public WireClient patience(Duration limit) {
        patience = limit;
        return this;
    }

    /** Sends bytes of any kind. */
    public void send(byte[] bytes) throws IOException {
        ByteBuffer left = ByteBuffer.wrap(bytes);
        long deadline = System.nanoTime() + patience.toNanos();
        while (left.hasRemaining()) {
            if (channel.write(left) == 0) {
                await(SelectionKey.OP_WRITE, deadline);
            }
        }
    }

    /** Sends a request. */
    public void send(RawRequest request) throws IOException {
        send(request.bytes());
    }

    /**
     * The next reply, whichever request it belongs to.
     *
     * @throws EOFException           if the sheep closed the connection
     * @throws SocketTimeoutException if none came in time
     */
    public RawReply receive() throws IOException {
        byte[] header = read(RawRequest.HEADER_BYTES);
        int length = new RawReply(header, new byte[0]).length();
        if (length < 0 || length > PAYLOAD_BYTES_MAX) {
            throw new IOException("a reply of " + Integer.toUnsignedString(length) + " bytes");
        }
        return new RawReply(header, read(length));
    }

    /** Sends a request and waits for its reply, the only one outstanding. */
    public RawReply call(RawRequest request) throws IOException {
        send(request);
        RawReply reply = receive();
        if (reply.id() != request.id()) {
            throw new IOException("asked with id " + request.id() + ", answered with " + reply);
        }
        return reply;
    }

    /** One request on a connection of its own, as many clients do. */
    public static RawReply call(String host, int port, RawRequest request) throws IOException {
        try (var client = connect(host, port)) {
            return client.call(request);
        }
    }

    /** Says that no more will be sent; replies may still come. */
    public void shutdownOutput() throws IOException {
        channel.shutdownOutput();
    }

    /** Closes with a reset instead of in order, as a killed client with unread data does. */
    public void reset() throws IOException {
        channel.setOption(StandardSocketOptions.SO_LINGER, 0);
        close();
    }

    /** Waits until the sheep closes the connection; what it still sends is dropped. */
    public boolean isClosedByPeer() throws IOException {
        var rest = ByteBuffer.allocate(64 << 10);
        long deadline = System.nanoTime() + patience.toNanos();
        try {
            while (true) {
                int count = channel.read(rest.clear());
                if (count < 0) {
                    return true;
                }
                if (count == 0) {
                    await(SelectionKey.OP_READ, deadline);
                }
            }
        } catch (SocketTimeoutException stillOpen) {
            return false;
        } catch (IOException reset) {
            return true;
        }
    }

    @Override
    public void close() throws IOException {
        if (selector.isPresent()) {
            selector.get().close();
        }
        channel.close();
    }

    private byte[] read(int length) throws IOException {
        var into = ByteBuffer.allocate(length);
        long deadline = System.nanoTime() + patience.toNanos();
        while (into.hasRemaining()) {
            int count = channel.read(into);
            if (count < 0) {
                throw new EOFException("closed after " + into.position() + " of " + length + " bytes");
            }
            if (count == 0) {
                await(SelectionKey.OP_READ, deadline);
            }
        }
        return into.array();
    }

    private void await(int what, long deadlineNanos) throws IOException {
        if (selector.isEmpty()) {
            // Not before it is needed: it takes descriptors of its own, and some tests open very many connections.
            selector = Optional.of(Selector.open());
            channel.register(selector.get(), what);
        }
        channel.keyFor(selector.get()).interestOps(what);
        long millis = (deadlineNanos - System.nanoTime()) / 1_000_000;
        if (millis <= 0 || selector.get().select(millis) == 0) {
            throw new SocketTimeoutException("no answer within " + patience);
        }
        selector.get().selectedKeys().clear();
    }
}
