package sheepdog.sheep.admin;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.timeout.ReadTimeoutHandler;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.runtime.Loop;
import sheepdog.sheep.net.NetThreads;

/**
 * {@code /metrics} in Prometheus' text form and {@code /health} as JSON, on a thread of its own. {@code /health} is
 * answered by the loop: 200 while the sheep serves, 503 while it does not or the loop does not answer.
 *
 * <p>{@link #listen} and {@link #close} block and are for the thread that starts and ends the sheep.
 */
public final class AdminServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(AdminServer.class);
    private static final int CONNECTIONS_MAX = 64;
    private static final int REQUEST_BYTES_MAX = 8 << 10;
    private static final int READ_SECONDS_MAX = 30;
    private static final int LOOP_SECONDS_MAX = 3;

    private final NetThreads threads = new NetThreads(1);
    private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final PrometheusMeterRegistry registry;
    private final Loop loop;
    private final Supplier<Health> health;

    /** @param health asked on the loop */
    public AdminServer(PrometheusMeterRegistry registry, Loop loop, Supplier<Health> health) {
        this.registry = registry;
        this.loop = loop;
        this.health = health;
    }

    /**
     * @param address port 0 for any that is free
     * @return where it listens now
     * @throws IOException if that is not possible; its message says why
     */
    public InetSocketAddress listen(InetSocketAddress address) throws IOException {
        ChannelFuture bound = new ServerBootstrap()
                .group(threads.group())
                .channel(threads.tcpServer())
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        accept(channel);
                    }
                })
                .bind(address)
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw (IOException) new BindException("cannot serve metrics on " + address + ": "
                            + bound.cause().getMessage())
                    .initCause(bound.cause());
        }
        return (InetSocketAddress) bound.channel().localAddress();
    }

    @Override
    public void close() {
        threads.close();
    }

    private void accept(Channel channel) {
        if (connections.size() >= CONNECTIONS_MAX) {
            channel.close();
            return;
        }
        connections.add(channel);
        channel.pipeline()
                .addLast(new ReadTimeoutHandler(READ_SECONDS_MAX))
                .addLast(new HttpServerCodec())
                .addLast(new HttpObjectAggregator(REQUEST_BYTES_MAX, true))
                .addLast(new Answers());
    }

    private final class Answers extends SimpleChannelInboundHandler<FullHttpRequest> {
        @Override
        protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
            boolean head = request.method().equals(HttpMethod.HEAD);
            String path = request.uri().split("\\?", 2)[0];
            if (!request.decoderResult().isSuccess()) {
                answer(context, HttpResponseStatus.BAD_REQUEST, "text/plain", "bad request\n", false);
            } else if (!head && !request.method().equals(HttpMethod.GET)) {
                answer(context, HttpResponseStatus.METHOD_NOT_ALLOWED, "text/plain", "only GET\n", false);
            } else if (path.equals("/metrics")) {
                answer(
                        context,
                        HttpResponseStatus.OK,
                        "text/plain; version=0.0.4; charset=utf-8",
                        registry.scrape(),
                        head);
            } else if (path.equals("/health")) {
                health(context, head);
            } else {
                answer(context, HttpResponseStatus.NOT_FOUND, "text/plain", "/metrics or /health\n", head);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            log.debug("connection closed cause={}", cause.toString());
            context.close();
        }

        private void health(ChannelHandlerContext context, boolean head) {
            var late = context.executor()
                    .schedule(
                            () -> answer(
                                    context,
                                    HttpResponseStatus.SERVICE_UNAVAILABLE,
                                    "application/json",
                                    new Health(false, "stuck", 0, 0).json(),
                                    head),
                            LOOP_SECONDS_MAX,
                            TimeUnit.SECONDS);
            loop.execute(() -> {
                Health now = health.get();
                context.executor().execute(() -> {
                    if (late.cancel(false)) {
                        answer(
                                context,
                                now.serving() ? HttpResponseStatus.OK : HttpResponseStatus.SERVICE_UNAVAILABLE,
                                "application/json",
                                now.json(),
                                head);
                    }
                });
            });
        }
    }

    /** Every connection is for one request: who asks does so seldom. */
    private static void answer(
            ChannelHandlerContext context, HttpResponseStatus status, String type, String text, boolean head) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        var response = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, status, head ? Unpooled.EMPTY_BUFFER : Unpooled.wrappedBuffer(bytes));
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, type)
                .set(HttpHeaderNames.CONTENT_LENGTH, bytes.length)
                .set(HttpHeaderNames.CONNECTION, "close");
        context.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
    }
}
