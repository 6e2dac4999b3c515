package sheepdog.collie.client;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;

/**
 * A stream to one sheep whose calls block, but not for ever. One thread.
 *
 * <p>A channel with a selector rather than a {@code Socket}: unix sockets have no {@code Socket}, and no socket of the
 * JDK has a time limit for sending.
 */
final class Connection implements AutoCloseable {
    private final SocketChannel channel;
    private final Selector selector;
    private final SelectionKey key;
    private final Network network;

    private Connection(SocketChannel channel, Selector selector, Network network) throws IOException {
        this.channel = channel;
        this.selector = selector;
        this.network = network;
        this.key = channel.register(selector, 0);
    }

    /** Connects; the exception's message is the system's text. */
    static Connection open(SocketAddress address, Network network) throws IOException {
        boolean unix = address instanceof UnixDomainSocketAddress;
        SocketChannel channel = unix ? SocketChannel.open(StandardProtocolFamily.UNIX) : SocketChannel.open();
        Selector selector = null;
        try {
            channel.configureBlocking(false);
            if (!unix) {
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            }
            selector = Selector.open();
            var connection = new Connection(channel, selector, network);
            if (!channel.connect(address)) {
                connection.await(SelectionKey.OP_CONNECT, network.connect(), 0, "Connection timed out");
                channel.finishConnect();
            }
            return connection;
        } catch (IOException failed) {
            if (selector != null) {
                selector.close();
            }
            channel.close();
            throw failed;
        }
    }

    /** Sends all of both. */
    void write(ByteBuffer header, ByteBuffer body) throws IOException {
        ByteBuffer[] both = {header, body};
        while (header.hasRemaining() || body.hasRemaining()) {
            if (channel.write(both) == 0) {
                await(SelectionKey.OP_WRITE, network.send(), network.retries(), "Resource temporarily unavailable");
            }
        }
    }

    /**
     * Fills the buffer.
     *
     * @param slow run when that takes long, once for each part that is waited for
     */
    void read(ByteBuffer into, Runnable slow) throws IOException {
        while (into.hasRemaining()) {
            int count = channel.read(into);
            if (count < 0) {
                throw new EOFException("Connection closed by the daemon");
            }
            if (count == 0) {
                awaitAnswer(slow);
            }
        }
    }

    /** Waits until the other side closes, but not for ever; what it still sends is dropped. */
    void awaitEnd() throws IOException {
        var rest = ByteBuffer.allocate(512);
        key.interestOps(SelectionKey.OP_READ);
        while (ready(network.end())) {
            if (channel.read(rest.clear()) < 0) {
                return;
            }
        }
    }

    @Override
    public void close() {
        try {
            selector.close();
            channel.close();
        } catch (IOException _) {
            // Whatever was to be said has been said and answered.
        }
    }

    private void awaitAnswer(Runnable slow) throws IOException {
        key.interestOps(SelectionKey.OP_READ);
        if (ready(network.notice())) {
            return;
        }
        slow.run();
        if (!ready(network.receive().minus(network.notice()))) {
            await(SelectionKey.OP_READ, network.receive(), network.retries() - 1, "Resource temporarily unavailable");
        }
    }

    private void await(int operation, Duration limit, int retries, String late) throws IOException {
        key.interestOps(operation);
        for (int attempt = 0; attempt <= retries; attempt++) {
            if (ready(limit)) {
                return;
            }
        }
        throw new SocketTimeoutException(late);
    }

    private boolean ready(Duration limit) throws IOException {
        boolean ready = selector.select(limit.toMillis()) > 0;
        selector.selectedKeys().clear();
        return ready;
    }
}
