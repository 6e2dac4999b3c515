package sheepdog.store.plain;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import sheepdog.protocol.model.ObjectId;

/**
 * The new content of a run of whole checksum blocks: up to one block before and one after the caller's own bytes, which
 * are not copied. Confined to one thread, and valid until that thread makes another.
 */
final class Blocks {
    /** Bytes under one checksum; the last block of an object may be shorter. */
    static final int BYTES = 4096;

    /** What stands for the checksum of a block that was never written, or was discarded: it reads as zeros. */
    static final int HOLE = 0;

    private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(BYTES).asReadOnlyBuffer();
    private static final ThreadLocal<CRC32C> CRC = ThreadLocal.withInitial(CRC32C::new);
    private static final ThreadLocal<ByteBuffer> EDGES =
            ThreadLocal.withInitial(() -> ByteBuffer.allocateDirect(2 * BYTES));

    private final ObjectId oid;
    private final int first;
    private final int end;
    private final ByteBuffer head;
    private final ByteBuffer body;
    private final ByteBuffer tail;

    private Blocks(ObjectId oid, int first, int end, ByteBuffer head, ByteBuffer body, ByteBuffer tail) {
        this.oid = oid;
        this.first = first;
        this.end = end;
        this.head = head;
        this.body = body;
        this.tail = tail;
    }

    /** Reads one whole block that is there already. */
    interface Source {
        /** Fills {@code into}, which has the block's length. */
        void read(int block, ByteBuffer into) throws IOException;
    }

    /**
     * @param data   not empty, within the object
     * @param before where the rest of a block comes from that {@code data} covers in part
     */
    static Blocks of(ObjectId oid, int offset, ByteBuffer data, Source before) throws IOException {
        int until = offset + data.remaining();
        int first = offset / BYTES;
        int last = (until - 1) / BYTES;
        boolean headPartly = offset % BYTES != 0 || first == last && until != offsetOf(first) + length(oid, first);
        boolean tailPartly = last != first && until != offsetOf(last) + length(oid, last);
        ByteBuffer edges = EDGES.get();
        int taken = 0;
        ByteBuffer head = null;
        if (headPartly) {
            head = edges.clear().slice(0, length(oid, first));
            before.read(first, head.duplicate());
            int at = offset % BYTES;
            taken = Math.min(data.remaining(), head.capacity() - at);
            head.put(at, data, data.position(), taken);
        }
        ByteBuffer tail = null;
        int tailBytes = 0;
        if (tailPartly) {
            tail = edges.clear().slice(BYTES, length(oid, last));
            before.read(last, tail.duplicate());
            tailBytes = until % BYTES;
            tail.put(0, data, data.position() + data.remaining() - tailBytes, tailBytes);
        }
        var body = data.slice(data.position() + taken, data.remaining() - taken - tailBytes);
        return new Blocks(oid, first, last + 1, head, body, tail);
    }

    static int count(ObjectId oid) {
        return (oid.size() + BYTES - 1) / BYTES;
    }

    static int length(ObjectId oid, int block) {
        return Math.min(BYTES, oid.size() - offsetOf(block));
    }

    static int offsetOf(int block) {
        return block * BYTES;
    }

    /** Bytes of {@code count} blocks from {@code first} on. */
    static int length(ObjectId oid, int first, int count) {
        return Math.min(oid.size(), offsetOf(first + count)) - offsetOf(first);
    }

    /** @param block position to limit; left as it was */
    static int sum(ByteBuffer block) {
        CRC32C crc = CRC.get();
        crc.reset();
        int position = block.position();
        crc.update(block);
        block.position(position);
        int sum = (int) crc.getValue();
        return sum == HOLE ? 1 : sum; // So that a hole is told from content by certain knowledge.
    }

    static boolean isZero(ByteBuffer block) {
        return ZEROS.slice(0, block.remaining()).mismatch(block) < 0;
    }

    int first() {
        return first;
    }

    /** The block after the last one. */
    int end() {
        return end;
    }

    int count() {
        return end - first;
    }

    int length() {
        return length(oid, first, end - first);
    }

    /** Checksums of all blocks, in order. */
    int[] sums() {
        var sums = new int[end - first];
        for (int block = first; block < end; block++) {
            sums[block - first] = sum(block(block));
        }
        return sums;
    }

    ByteBuffer block(int block) {
        if (block == first && head != null) {
            return head.duplicate();
        }
        if (block == end - 1 && tail != null) {
            return tail.duplicate();
        }
        return body.slice(offsetOf(block - first - (head == null ? 0 : 1)), length(oid, block));
    }

    /** The bytes of {@code count} blocks from {@code from} on, in one to three pieces. */
    List<ByteBuffer> pieces(int from, int count) {
        var pieces = new ArrayList<ByteBuffer>(3);
        int until = from + count;
        int bodyFrom = from;
        int bodyUntil = until;
        if (from == first && head != null) {
            pieces.add(head.duplicate());
            bodyFrom++;
        }
        boolean endsInTail = until == end && tail != null;
        if (endsInTail) {
            bodyUntil--;
        }
        if (bodyFrom < bodyUntil) {
            pieces.add(body.slice(
                    offsetOf(bodyFrom - first - (head == null ? 0 : 1)), length(oid, bodyFrom, bodyUntil - bodyFrom)));
        }
        if (endsInTail) {
            pieces.add(tail.duplicate());
        }
        return pieces;
    }
}
