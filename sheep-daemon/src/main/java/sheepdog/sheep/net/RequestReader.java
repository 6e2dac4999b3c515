package sheepdog.sheep.net;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import java.util.Optional;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.RequestCodec;

/**
 * Cuts the bytes of a connection into requests: 48 bytes, then a payload if the WRITE flag is set. Memory for a payload
 * grows with what has arrived, so that announcing bytes costs this sheep nothing.
 *
 * <pre>
 *   HEADER --48 bytes--> BODY --all of it--> (frame) HEADER
 *      |                   too long, but within reason
 *      +--------------------> SKIP --all of it--> HEADER
 *      +--------------------> LOST: the rest of the connection cannot be read
 * </pre>
 *
 * <p>On one thread at a time.
 */
final class RequestReader {
    /** First piece of memory for a payload; the second is {@link #BODY_BYTES_SECOND}, the third all of it. */
    static final int BODY_BYTES_FIRST = 64 << 10;

    static final int BODY_BYTES_SECOND = 1 << 20;

    private final ByteBufAllocator allocator;
    private final ByteBudget budget;
    private final long skipBytesMax;

    private ByteBuffer header = ByteBuffer.allocate(Header.BYTES);
    private ByteBuf body;
    private int bodyLength;
    private int charged;
    private long skip;
    private boolean lost;

    /** What a call came to. */
    sealed interface Progress {
        /** The bytes given are used up. */
        record More() implements Progress {}

        /** There is no memory for what comes next; to be called again later with the same bytes. */
        record Starved() implements Progress {}

        /**
         * A whole request.
         *
         * @param header  48 bytes
         * @param body    as long as the header says
         * @param charged bytes taken from the budget, the receiver's to give back
         */
        record Frame(ByteBuffer header, Payload body, int charged) implements Progress {}

        /**
         * A payload too long for its operation.
         *
         * @param lost whether the connection is of no use any more
         */
        record Oversized(Header header, boolean lost) implements Progress {}
    }

    private static final Progress MORE = new Progress.More();
    private static final Progress STARVED = new Progress.Starved();

    RequestReader(ByteBufAllocator allocator, ByteBudget budget, long skipBytesMax) {
        this.allocator = allocator;
        this.budget = budget;
        this.skipBytesMax = skipBytesMax;
    }

    /** Whether part of a request has come, and the rest has not. */
    boolean isInside() {
        return header.position() > 0 || skip > 0;
    }

    /** Takes bytes from {@code in} until it is used up or there is something to tell. */
    Progress read(ByteBuf in) {
        while (in.isReadable() || isBodyComplete()) {
            if (lost) {
                in.skipBytes(in.readableBytes());
            } else if (skip > 0) {
                int skipped = (int) Math.min(skip, in.readableBytes());
                in.skipBytes(skipped);
                skip -= skipped;
            } else if (header.hasRemaining()) {
                var oversized = readHeader(in);
                if (oversized.isPresent()) {
                    return oversized.get();
                }
            } else if (isBodyComplete()) {
                return frame();
            } else if (!readBody(in)) {
                return STARVED;
            }
        }
        return MORE;
    }

    /** Releases what has come of an unfinished request. */
    void close() {
        lost = true;
        skip = 0;
        header.clear();
        if (body != null) {
            body.release();
            body = null;
        }
        budget.giveBack(charged);
        charged = 0;
        bodyLength = 0;
    }

    private boolean isBodyComplete() {
        return !lost && !header.hasRemaining() && (bodyLength == 0 || body != null && body.writerIndex() == bodyLength);
    }

    private Optional<Progress> readHeader(ByteBuf in) {
        int count = Math.min(in.readableBytes(), header.remaining());
        header.limit(header.position() + count);
        in.readBytes(header);
        header.limit(Header.BYTES);
        if (header.hasRemaining()) {
            return Optional.empty();
        }
        Header read = Header.read(header.duplicate().flip());
        long length = RequestCodec.bodyLength(read);
        if (length > RequestCodec.bodyLimit(read.opcode())) {
            header.clear();
            lost = length > skipBytesMax;
            skip = lost ? 0 : length;
            return Optional.of(new Progress.Oversized(read, lost));
        }
        bodyLength = (int) length;
        return Optional.empty();
    }

    /** @return false if there is no memory to put the next byte */
    private boolean readBody(ByteBuf in) {
        if (body == null || !body.isWritable()) {
            if (budget.isUsedUp()) {
                return false;
            }
            int have = body == null ? 0 : body.capacity();
            int next = Math.min(
                    bodyLength,
                    have < BODY_BYTES_FIRST
                            ? BODY_BYTES_FIRST
                            : have < BODY_BYTES_SECOND ? BODY_BYTES_SECOND : bodyLength);
            budget.take(next - have);
            charged = next;
            if (body == null) {
                body = allocator.directBuffer(next, bodyLength);
            } else {
                body.capacity(next);
            }
        }
        in.readBytes(body, Math.min(in.readableBytes(), body.writableBytes()));
        return true;
    }

    private Progress frame() {
        Payload payload = body == null ? Payload.EMPTY : new NettyPayload(body);
        var frame = new Progress.Frame(header.flip(), payload, charged);
        header = ByteBuffer.allocate(Header.BYTES);
        body = null;
        bodyLength = 0;
        charged = 0;
        return frame;
    }
}
