package sheepdog.protocol.model;

import java.nio.ByteBuffer;

/**
 * Bytes that travel with a message, counted: whoever keeps them beyond the call that gave them retains them and says
 * where it releases them. At a count of zero the memory may be reused, and every method fails.
 *
 * <p>Any thread.
 */
public interface Payload {
    Payload EMPTY = new HeapPayload(ByteBuffer.allocate(0));

    /** Bytes in all. */
    int length();

    /** A read-only view, position 0, limit {@link #length}; valid until the last release. */
    ByteBuffer bytes();

    /** @return this */
    Payload retain();

    void release();

    /** A payload over heap memory, which the garbage collector frees; the buffer is not copied. */
    static Payload of(ByteBuffer bytes) {
        return new HeapPayload(bytes.slice());
    }

    static Payload of(byte[] bytes) {
        return new HeapPayload(ByteBuffer.wrap(bytes));
    }
}
