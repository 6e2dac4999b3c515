package sheepdog.sheep.net;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import sheepdog.protocol.model.Payload;

/** A payload in Netty's memory: its count is the buffer's. */
final class NettyPayload implements Payload {
    private final ByteBuf bytes;

    /** @param bytes what is readable of it, in one piece; taken over */
    NettyPayload(ByteBuf bytes) {
        this.bytes = bytes;
    }

    @Override
    public int length() {
        return bytes.readableBytes();
    }

    @Override
    public ByteBuffer bytes() {
        return bytes.nioBuffer().asReadOnlyBuffer();
    }

    @Override
    public Payload retain() {
        bytes.retain();
        return this;
    }

    @Override
    public void release() {
        bytes.release();
    }

    /** The buffer, with positions of its own and one more count. */
    ByteBuf retainedBuffer() {
        return bytes.retainedDuplicate();
    }
}
