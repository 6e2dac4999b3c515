package sheepdog.sheep.testkit;

import java.nio.ByteBuffer;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.Payload;

/** A payload that knows how often it is held, and fails when used after its end. */
public final class CountedPayload implements Payload {
    private final byte[] bytes;
    private int count = 1;

    public CountedPayload(byte[] bytes) {
        this.bytes = bytes.clone();
    }

    /** Holders. */
    public int count() {
        return count;
    }

    @Override
    public int length() {
        return bytes.length;
    }

    @Override
    public ByteBuffer bytes() {
        Invariant.check(count > 0, "bytes of a released payload");
        return ByteBuffer.wrap(bytes).asReadOnlyBuffer();
    }

    @Override
    public Payload retain() {
        Invariant.check(count > 0, "a released payload is retained");
        count++;
        return this;
    }

    @Override
    public void release() {
        Invariant.check(count > 0, "a payload is released too often");
        count--;
    }
}
