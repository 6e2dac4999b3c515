package sheepdog.store.plain;

import java.nio.ByteBuffer;

/** Memory that reads reuse. */
final class Scratch {
    static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(64 << 10).asReadOnlyBuffer();

    private static final ThreadLocal<ByteBuffer> BLOCK =
            ThreadLocal.withInitial(() -> ByteBuffer.allocateDirect(Blocks.BYTES));

    private Scratch() {}

    /** A block of this thread, until it asks for the next one. */
    static ByteBuffer block(int length) {
        return BLOCK.get().clear().limit(length);
    }
}
