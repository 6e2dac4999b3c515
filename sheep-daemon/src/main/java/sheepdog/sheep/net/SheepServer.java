package sheepdog.sheep.net;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.runtime.Loop;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.sheep.metrics.SheepMetrics;
import sheepdog.sheep.metrics.SheepMetrics.Refusal;
import sheepdog.sheep.runtime.RequestSink;

/**
 * Listens for clients and other sheep, on TCP and on a unix socket; both speak the same. Requests come to the sink on
 * the loop.
 *
 * <p>{@link #listen}, {@link #listenUnix} and {@link #close} block and are for the thread that starts and ends the
 * sheep.
 */
public final class SheepServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(SheepServer.class);
    private static final int BACKLOG = 1_024;

    private final NetThreads threads;
    private final Loop loop;
    private final RequestSink sink;
    private final Supplier<Epoch> epoch;
    private final NetLimits limits;
    private final SheepMetrics metrics;
    private final ByteBudget budget;
    private final List<Channel> listeners = new ArrayList<>();
    private final Set<ServerConnection> connections = ConcurrentHashMap.newKeySet();
    /** By store id. Loop-owned. */
    private final Map<Long, Greeted> peers = new HashMap<>();

    /** The connection on which a sheep greeted last. */
    private record Greeted(ServerConnection connection, long incarnation) {}

    /** @param epoch the current one, asked on the loop, to be stamped on replies */
    public SheepServer(
            NetThreads threads,
            Loop loop,
            RequestSink sink,
            Supplier<Epoch> epoch,
            NetLimits limits,
            SheepMetrics metrics) {
        this.threads = threads;
        this.loop = loop;
        this.sink = sink;
        this.epoch = epoch;
        this.limits = limits;
        this.metrics = metrics;
        this.budget = new ByteBudget(limits.bytesMax());
        metrics.connections(connections::size);
        metrics.netInFlight(budget::inUse);
    }

    /**
     * Listens on a TCP port.
     *
     * @param address port 0 for any that is free
     * @return where it listens now
     * @throws IOException if the port is in use or the address is not this machine's
     */
    public InetSocketAddress listen(InetSocketAddress address) throws IOException {
        var bootstrap = bootstrap()
                .channel(threads.tcpServer())
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true);
        return (InetSocketAddress) bind(bootstrap, address).localAddress();
    }

    /**
     * Listens on a unix socket. A socket that is there already is taken for one that an ended sheep left behind: the
     * lock of the store directory has kept another one away.
     *
     * @throws IOException if the path is too long, or something else is there
     */
    public void listenUnix(Path path) throws IOException {
        if (Files.exists(path)) {
            if (!Files.readAttributes(path, BasicFileAttributes.class).isOther()) {
                throw new IOException(path + " is there and is no socket");
            }
            Files.delete(path);
        }
        bind(bootstrap().channel(threads.unixServer()), threads.unixAddress(path));
    }

    /** Takes no more connections, and ends those there are; replies not written yet are lost. */
    @Override
    public void close() {
        listeners.forEach(listener -> listener.close().awaitUninterruptibly());
        connections.forEach(ServerConnection::close);
    }

    private ServerBootstrap bootstrap() {
        return new ServerBootstrap()
                .group(threads.group())
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        accept(channel);
                    }
                });
    }

    /** Makes a channel a connection of this server. */
    void accept(Channel channel) {
        if (connections.size() >= limits.connectionsMax()) {
            metrics.refused(Refusal.CONNECTIONS);
            channel.close();
            return;
        }
        var connection = new ServerConnection(this);
        connections.add(connection);
        channel.pipeline().addLast(connection);
    }

    void closed(ServerConnection connection) {
        connections.remove(connection);
    }

    /** On the loop. Of two processes on one store the later one stays. */
    void greeted(ServerConnection connection, PeerRequest.Hello hello) {
        Greeted before = peers.get(hello.storeId());
        if (before != null && before.incarnation() > hello.incarnation()) {
            connection.replaced();
            return;
        }
        peers.put(hello.storeId(), new Greeted(connection, hello.incarnation()));
        if (before != null && before.connection() != connection) {
            before.connection().replaced();
        }
    }

    /** On the loop. */
    void peerGone(ServerConnection connection, PeerRequest.Hello hello) {
        peers.computeIfPresent(hello.storeId(), (_, now) -> now.connection() == connection ? null : now);
    }

    private Channel bind(ServerBootstrap bootstrap, SocketAddress address) throws IOException {
        ChannelFuture bound = bootstrap.bind(address).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw failure(bound.cause());
        }
        listeners.add(bound.channel());
        log.debug("listening address={} transport={}", address, threads.transport());
        return bound.channel();
    }

    /** The reason in the words of the system, without the name of the call that found it. */
    private static IOException failure(Throwable cause) {
        String text = String.valueOf(cause.getMessage());
        int words = text.indexOf(": ");
        var failure = new BindException(words < 0 ? text : text.substring(words + 2));
        failure.initCause(cause);
        return failure;
    }

    Loop loop() {
        return loop;
    }

    RequestSink sink() {
        return sink;
    }

    Epoch epoch() {
        return epoch.get();
    }

    NetLimits limits() {
        return limits;
    }

    SheepMetrics metrics() {
        return metrics;
    }

    ByteBudget budget() {
        return budget;
    }

    /** Open connections. Any thread. */
    public int connectionCount() {
        return connections.size();
    }
}
