package sheepdog.sheep.net;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.runtime.Loop;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.wire.Header;

/**
 * The bytes of a connection to another sheep: takes requests in batches to the Netty thread, brings answers in batches
 * to the loop. Knows nothing of ids and time limits.
 */
final class PeerConnection {
    private static final Logger log = LoggerFactory.getLogger(PeerConnection.class);

    /** No answer between sheep is longer; what says it is has lost its framing. */
    private static final int ANSWER_BYTES_MAX = ObjectId.INODE_BYTES;

    private static final int COPY_BYTES_MAX = 8 << 10;

    private final NetThreads threads;
    private final Loop loop;
    private final ConcurrentLinkedQueue<Outgoing> outgoing = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean drainScheduled = new AtomicBoolean();
    private Channel channel;

    /**
     * @param header 48 bytes
     * @param body   released when it has been written, or will not be
     */
    record Outgoing(ByteBuffer header, Payload body) {}

    /**
     * @param header 48 bytes
     * @param body   the receiver's to release
     */
    record Answer(ByteBuffer header, Payload body) {
        void release() {
            body.release();
        }
    }

    /** All on the loop. After {@link #closed} nothing comes any more. */
    interface Events {
        void connected();

        void answered(List<Answer> answers);

        void closed(String reason);
    }

    PeerConnection(NetThreads threads, Loop loop) {
        this.threads = threads;
        this.loop = loop;
    }

    /** Starts to connect. Once, on the loop. */
    void open(SocketAddress address, Duration timeLimit, Events events) {
        ChannelFuture connecting = new Bootstrap()
                .group(threads.group())
                .channel(threads.tcpClient())
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_KEEPALIVE, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) timeLimit.toMillis())
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel opened) {
                        opened.pipeline().addLast(new Reader(events));
                    }
                })
                .connect(address);
        channel = connecting.channel();
        connecting.addListener(done -> {
            if (!done.isSuccess()) {
                loop.execute(() -> events.closed(done.cause().getMessage()));
            }
        });
    }

    /** On the loop, after {@link Events#connected}. */
    void send(Outgoing request) {
        outgoing.add(request);
        if (drainScheduled.compareAndSet(false, true)) {
            try {
                channel.eventLoop().execute(this::drain);
            } catch (RejectedExecutionException ending) {
                dropOutgoing();
            }
        }
    }

    /** On the loop. */
    void close() {
        channel.close();
    }

    private void drain() {
        drainScheduled.set(false);
        for (Outgoing next = outgoing.poll(); next != null; next = outgoing.poll()) {
            write(next);
        }
        channel.flush();
    }

    private void write(Outgoing request) {
        Payload body = request.body();
        if (body.length() <= COPY_BYTES_MAX) {
            ByteBuf all = channel.alloc().directBuffer(Header.BYTES + body.length());
            all.writeBytes(request.header()).writeBytes(body.bytes());
            body.release();
            channel.write(all, channel.voidPromise());
            return;
        }
        channel.write(channel.alloc().directBuffer(Header.BYTES).writeBytes(request.header()), channel.voidPromise());
        if (body instanceof NettyPayload netty) {
            channel.write(netty.retainedBuffer(), channel.voidPromise());
            body.release();
        } else {
            channel.write(Unpooled.wrappedBuffer(body.bytes())).addListener(_ -> body.release());
        }
    }

    private void dropOutgoing() {
        for (Outgoing dropped = outgoing.poll(); dropped != null; dropped = outgoing.poll()) {
            dropped.body().release();
        }
    }

    /** Cuts what comes back into answers. On the Netty thread. */
    private final class Reader extends ChannelInboundHandlerAdapter {
        private final Events events;
        private List<Answer> batch = new ArrayList<>();
        private ByteBuffer header = ByteBuffer.allocate(Header.BYTES);
        private ByteBuf body;
        private String reason = "closed by the other side";

        Reader(Events events) {
            this.events = events;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            loop.execute(events::connected);
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            var in = (ByteBuf) message;
            try {
                while (in.isReadable()) {
                    if (header.hasRemaining()) {
                        int count = Math.min(in.readableBytes(), header.remaining());
                        header.limit(header.position() + count);
                        in.readBytes(header);
                        header.limit(Header.BYTES);
                        if (!header.hasRemaining() && !prepareBody(context)) {
                            return;
                        }
                    } else {
                        in.readBytes(body, Math.min(in.readableBytes(), body.writableBytes()));
                    }
                    if (!header.hasRemaining() && (body == null || !body.isWritable())) {
                        batch.add(new Answer(header.flip(), body == null ? Payload.EMPTY : new NettyPayload(body)));
                        header = ByteBuffer.allocate(Header.BYTES);
                        body = null;
                    }
                }
            } finally {
                in.release();
            }
        }

        /** @return false if the connection is of no use any more */
        private boolean prepareBody(ChannelHandlerContext context) {
            int length = Header.read(header.duplicate().flip()).dataLength();
            if (length < 0 || length > ANSWER_BYTES_MAX) {
                reason = "an answer of " + Integer.toUnsignedString(length) + " bytes";
                header.clear();
                context.close();
                return false;
            }
            body = length == 0 ? null : context.alloc().directBuffer(length, length);
            return true;
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            if (!batch.isEmpty()) {
                var answers = batch;
                batch = new ArrayList<>();
                loop.execute(() -> events.answered(answers));
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            channelReadComplete(context);
            if (body != null) {
                body.release();
                body = null;
            }
            dropOutgoing();
            String said = reason;
            loop.execute(() -> events.closed(said));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            if (cause instanceof java.io.IOException) {
                reason = cause.getMessage();
            } else {
                log.error("connection to another sheep closed for a fault of ours", cause);
            }
            context.close();
        }
    }
}
