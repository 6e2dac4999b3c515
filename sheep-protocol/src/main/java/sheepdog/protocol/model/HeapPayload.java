package sheepdog.protocol.model;

import java.nio.ByteBuffer;

/** Memory that the garbage collector owns; there is nothing to count. */
final class HeapPayload implements Payload {
    private final ByteBuffer bytes;

    HeapPayload(ByteBuffer bytes) {
        this.bytes = bytes.asReadOnlyBuffer();
    }

    @Override
    public int length() {
        return bytes.remaining();
    }

    @Override
    public ByteBuffer bytes() {
        return bytes.duplicate();
    }

    @Override
    public Payload retain() {
        return this;
    }

    @Override
    public void release() {}
}
