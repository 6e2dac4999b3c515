package sheepdog.sheep.net;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.protocol.wire.Protocol;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.RequestCodec;
import sheepdog.protocol.wire.Response;
import sheepdog.protocol.wire.ResponseCodec;
import sheepdog.sheep.metrics.SheepMetrics.Refusal;
import sheepdog.sheep.runtime.ConnectionInfo;

/**
 * A connection that a client or another sheep made.
 *
 * <p>Requests are cut and decoded on the connection's Netty thread and handed to the loop in batches, one task for what
 * one read of the socket brought; replies go back likewise. What a request holds (its payload, room for its answer) is
 * charged to the connection and to the sheep until its reply has been written, so a client that does not read its
 * replies is, at a limit, not read either.
 *
 * <p>When the connection closes, requests under way go on; their replies are dropped. When the same sheep greets on another
 * connection, this one ends, and nothing that it brings after that is carried out: its sender gave it up and sends it
 * again there, and later requests must not be overtaken by what was left in a socket here.
 */
final class ServerConnection extends ChannelInboundHandlerAdapter {
    private static final Logger log = LoggerFactory.getLogger(ServerConnection.class);

    /** Payloads up to this are copied behind their header instead of being written beside it. */
    private static final int COPY_BYTES_MAX = 8 << 10;

    /** Room that is charged for an answer at most: no answer that grows with its request is longer. */
    private static final int ROOM_BYTES_MAX = ObjectId.INODE_BYTES;

    private final SheepServer server;
    private final Peer info = new Peer();
    private final ConcurrentLinkedQueue<Reply> replies = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean drainScheduled = new AtomicBoolean();

    // Of the Netty thread.
    private ChannelHandlerContext context;
    private RequestReader reader;
    private final ArrayDeque<ByteBuf> received = new ArrayDeque<>();
    private List<Pending> batch = new ArrayList<>();
    private int requests;
    private long bytes;
    private boolean starved;
    private boolean closing;
    private boolean processing;
    private boolean heardOf;
    private long progressNanos;
    private boolean stallTimer;

    /** What the loop knows of this connection. Loop-owned, but for the name. */
    private static final class Peer implements ConnectionInfo {
        private String remote = "";
        private Optional<PeerRequest.Hello> hello = Optional.empty();
        private boolean open = true;
        private boolean replaced;

        @Override
        public String remote() {
            return remote;
        }

        @Override
        public Optional<PeerRequest.Hello> peer() {
            return hello;
        }

        @Override
        public boolean isOpen() {
            return open;
        }
    }

    /** A request on its way through the sheep. */
    private final class Pending implements Consumer<Response> {
        final Request request;
        final Header header;
        final Optional<ResultCode> refusal;
        final boolean last;
        private final long charged;
        private final long startNanos = server.loop().nowNanos();
        private boolean answered;

        /**
         * @param refusal if the sink is not to see it
         * @param last    its reply ends the connection
         */
        Pending(Request request, Optional<ResultCode> refusal, boolean last, long charged) {
            this.request = request;
            this.header = request.header();
            this.refusal = refusal;
            this.last = last;
            this.charged = charged;
        }

        /** On the loop. */
        @Override
        public void accept(Response response) {
            server.loop().checkOnLoop();
            Invariant.check(!answered, "second reply to %s", request);
            answered = true;
            if (request instanceof PeerRequest.Hello hello
                    && response instanceof Response.HelloReply
                    && response.result() == ResultCode.SUCCESS
                    && info.open) {
                info.hello = Optional.of(hello);
                server.greeted(ServerConnection.this, hello);
            }
            server.metrics()
                    .answered(header.opcode(), response.result(), server.loop().nowNanos() - startNanos);
            request.release();
            reply(new Reply(header, response, server.epoch(), last, charged));
        }
    }

    /** @param last whether the connection ends when it has been written */
    private record Reply(Header request, Response response, Epoch epoch, boolean last, long charged) {}

    ServerConnection(SheepServer server) {
        this.server = server;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        reader = new RequestReader(ctx.alloc(), server.budget(), server.limits().skipBytesMax());
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        info.remote = name(ctx.channel());
        progress();
        armStallTimer();
        ctx.fireChannelActive();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        var buffer = (ByteBuf) message;
        server.metrics().received(buffer.readableBytes());
        progress();
        received.add(buffer);
        process();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        handOver();
        ctx.fireChannelReadComplete();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        closing = true;
        release();
        server.closed(this);
        server.loop().execute(() -> {
            info.open = false;
            info.hello.ifPresent(hello -> server.peerGone(this, hello));
        });
        ctx.fireChannelInactive();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        release();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (cause instanceof IOException) {
            log.debug("connection broke remote={} cause={}", info.remote, cause.getMessage());
        } else {
            log.error("connection closed for a fault of ours remote={}", info.remote, cause);
        }
        ctx.close();
    }

    /** Replies that were handed to the socket's buffer, and those before, are written; then the connection ends. */
    void close() {
        context.channel().close();
    }

    /** Its sheep has another connection now. On the loop. */
    void replaced() {
        info.replaced = true;
        close();
    }

    private void process() {
        if (processing) { // What happens in here may end up here again.
            return;
        }
        processing = true;
        try {
            while (!received.isEmpty() && mayTake()) {
                ByteBuf buffer = received.peek();
                switch (reader.read(buffer)) {
                    case RequestReader.Progress.More _ -> received.remove().release();
                    case RequestReader.Progress.Starved _ -> waitForBudget();
                    case RequestReader.Progress.Frame frame -> taken(frame);
                    case RequestReader.Progress.Oversized oversized -> refused(oversized);
                }
            }
            // Nothing is read that could not be taken; what was read already stays in the queue.
            context.channel().config().setAutoRead(received.isEmpty() && mayTake());
        } finally {
            processing = false;
        }
        if (reader.isInside()) {
            armStallTimer();
        }
    }

    private boolean mayTake() {
        return !starved
                && !closing
                && requests < server.limits().requestsPerConnectionMax()
                && bytes < server.limits().bytesPerConnectionMax();
    }

    private void taken(RequestReader.Progress.Frame frame) {
        Header header = Header.read(frame.header());
        switch (RequestCodec.decode(frame.header(), frame.body())) {
            case Outcome.Ok<Request> ok -> {
                int room = header.isWrite() ? 0 : Math.min(header.lengthMax(), ROOM_BYTES_MAX);
                server.budget().take(room);
                add(ok.value(), Optional.empty(), false, frame.charged() + room);
                if (server.budget().isUsedUp()) {
                    waitForBudget();
                }
            }
            case Outcome.Refused<Request> refused -> {
                server.metrics().refused(Refusal.MALFORMED);
                log.debug("malformed request remote={} opcode={}", info.remote, header.opcode());
                add(new Request.Unknown(header), Optional.of(refused.code()), false, frame.charged());
            }
        }
    }

    private void refused(RequestReader.Progress.Oversized oversized) {
        server.metrics().refused(Refusal.OVERSIZED);
        Header header = oversized.header();
        log.info(
                "payload too long remote={} opcode={} bytes={}",
                info.remote,
                header.opcode(),
                Integer.toUnsignedString(header.dataLength()));
        closing = oversized.lost();
        add(new Request.Unknown(header), Optional.of(ResultCode.INVALID_PARMS), oversized.lost(), 0);
    }

    /** Which check came first shows in the result: a wrong version goes before what is wrong behind it. */
    private void add(Request request, Optional<ResultCode> refusal, boolean last, long charged) {
        heardOf = true;
        requests++;
        bytes += charged;
        var code = request.header().isVersionAccepted() ? refusal : refusal.map(_ -> ResultCode.VER_MISMATCH);
        batch.add(new Pending(request, code, last, charged));
    }

    private void handOver() {
        if (batch.isEmpty()) {
            return;
        }
        var handed = batch;
        batch = new ArrayList<>();
        server.loop().execute(() -> {
            for (Pending pending : handed) {
                var refusal = info.replaced ? Optional.of(ResultCode.NETWORK_ERROR) : pending.refusal;
                refusal.ifPresentOrElse(
                        code -> pending.accept(Response.of(code)),
                        () -> server.sink().admit(pending.request, info, pending));
            }
        });
    }

    private void waitForBudget() {
        if (!starved) {
            starved = true;
            server.budget().whenAvailable(() -> {
                try {
                    context.executor().execute(this::budgetAvailable);
                } catch (RejectedExecutionException ending) {
                    log.trace("no thread any more for {}", info.remote);
                }
            });
        }
    }

    private void budgetAvailable() {
        starved = false;
        progress();
        resume();
        server.budget().wakeNext();
    }

    private void resume() {
        if (!closing) {
            process();
            handOver();
        }
    }

    /** From the loop; the Netty thread writes all that have gathered by the time it comes to it, with one flush. */
    private void reply(Reply reply) {
        replies.add(reply);
        if (drainScheduled.compareAndSet(false, true)) {
            try {
                context.executor().execute(this::drain);
            } catch (RejectedExecutionException ending) {
                for (Reply dropped = replies.poll(); dropped != null; dropped = replies.poll()) {
                    dropped.response().release();
                }
            }
        }
    }

    private void drain() {
        drainScheduled.set(false);
        for (Reply reply = replies.poll(); reply != null; reply = replies.poll()) {
            write(reply);
        }
        context.flush();
    }

    private void write(Reply reply) {
        var encoded = ResponseCodec.encode(forVersion(reply), reply.request(), reply.epoch());
        Payload body = encoded.body();
        server.metrics().sent(Header.BYTES + body.length());
        ChannelFuture written;
        if (body.length() <= COPY_BYTES_MAX) {
            ByteBuf all = context.alloc().directBuffer(Header.BYTES + body.length());
            all.writeBytes(encoded.header());
            if (body.length() > 0) {
                all.writeBytes(body.bytes());
            }
            body.release();
            written = context.write(all);
        } else {
            ByteBuf head = context.alloc().directBuffer(Header.BYTES).writeBytes(encoded.header());
            context.write(head, context.voidPromise());
            if (body instanceof NettyPayload netty) {
                written = context.write(netty.retainedBuffer());
                body.release();
            } else {
                written = context.write(Unpooled.wrappedBuffer(body.bytes()));
                written.addListener(_ -> body.release());
            }
        }
        written.addListener(_ -> {
            requests--;
            bytes -= reply.charged();
            server.budget().giveBack(reply.charged());
            resume();
        });
        if (reply.last()) {
            written.addListener(ChannelFutureListener.CLOSE);
        }
    }

    /** Clients before version 2 do not know of zeros left out: they get every byte they asked for. */
    private static Response forVersion(Reply reply) {
        Header request = reply.request();
        if (request.version() >= Protocol.PUBLIC_VERSION
                || request.isWrite()
                || !(reply.response() instanceof Response.ObjectData read)
                || read.result() != ResultCode.SUCCESS
                || read.data().length() == request.lengthMax()) {
            return reply.response();
        }
        ByteBuffer whole = ByteBuffer.allocate(Math.min(request.lengthMax(), ROOM_BYTES_MAX));
        int from = Math.min(read.offset(), whole.limit());
        ByteBuffer data = read.data().bytes();
        whole.put(from, data, 0, Math.min(data.limit(), whole.limit() - from));
        read.release();
        return new Response.ObjectData(read.result(), read.copies(), 0, Payload.of(whole));
    }

    private void release() {
        for (ByteBuf buffer = received.poll(); buffer != null; buffer = received.poll()) {
            buffer.release();
        }
        reader.close();
        handOver();
    }

    private void progress() {
        progressNanos = server.loop().nowNanos();
    }

    /** One timer per connection at most, however many requests come in pieces. */
    private void armStallTimer() {
        if (!stallTimer && !closing) {
            stallTimer = true;
            scheduleStallCheck(server.limits().stall().toNanos());
        }
    }

    private void scheduleStallCheck(long delayNanos) {
        context.executor().schedule(this::checkStall, delayNanos, TimeUnit.NANOSECONDS);
    }

    private void checkStall() {
        stallTimer = false;
        boolean unfinished = reader.isInside() || !heardOf;
        boolean ours = starved || !context.channel().config().isAutoRead();
        if (closing || !unfinished) {
            return;
        }
        long left = progressNanos
                + server.limits().stall().toNanos()
                - server.loop().nowNanos();
        if (ours || left > 0) {
            stallTimer = true;
            scheduleStallCheck(ours ? server.limits().stall().toNanos() : left);
            return;
        }
        log.info("no progress in a request, closing remote={}", info.remote);
        server.metrics().refused(Refusal.STALLED);
        context.close();
    }

    private static String name(Channel channel) {
        return channel.remoteAddress() instanceof InetSocketAddress address
                ? address.getAddress().getHostAddress() + ":" + address.getPort()
                : "unix";
    }
}
