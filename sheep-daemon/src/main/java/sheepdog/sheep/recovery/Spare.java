package sheepdog.sheep.recovery;

import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.function.Function;
import sheepdog.protocol.model.ObjectId;

/** Memory for whole objects, used again: to get that much anew takes longer than to fill it. Any thread. */
final class Spare {
    private final BlockingQueue<ByteBuffer> kept = new ArrayBlockingQueue<>(Turns.BRINGS_MAX);

    /**
     * @param use gets as many bytes as {@code oid} has, whatever they are, and keeps none of them
     * @return what {@code use} returns
     */
    <T> T with(ObjectId oid, Function<ByteBuffer, T> use) {
        ByteBuffer memory = kept.poll();
        if (memory == null || memory.capacity() < oid.size()) {
            memory = ByteBuffer.allocateDirect(Math.max(oid.size(), ObjectId.DATA_BYTES));
        }
        try {
            return use.apply(memory.slice(0, oid.size()));
        } finally {
            kept.offer(memory);
        }
    }
}
