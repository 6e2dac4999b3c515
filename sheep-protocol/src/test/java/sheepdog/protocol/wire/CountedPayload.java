package sheepdog.protocol.wire;

import java.nio.ByteBuffer;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.Payload;

/** A payload that knows how often it is held, and fails when it is used after its last release. */
final class CountedPayload implements Payload {
    private final ByteBuffer bytes;
    private int count = 1;

    CountedPayload(byte[] bytes) {
        this.bytes = ByteBuffer.wrap(bytes).asReadOnlyBuffer();
    }

    int count() {
        return count;
    }

    @Override
    public int length() {
        checkHeld();
        return bytes.remaining();
    }

    @Override
    public ByteBuffer bytes() {
        checkHeld();
        return bytes.duplicate();
    }

    @Override
    public Payload retain() {
        checkHeld();
        count++;
        return this;
    }

    @Override
    public void release() {
        checkHeld();
        count--;
    }

    private void checkHeld() {
        Invariant.check(count > 0, "payload used after its release");
    }
}
