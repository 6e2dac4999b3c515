package sheepdog.protocol.vdi;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.ObjectId;

/**
 * Where the bytes of a disk lie: data object {@code i} holds those from {@code i} times 4 MiB, and slot {@code i} of
 * the inode's index, 4 bytes each, says which vid the object is stored under. Pure; any thread.
 */
public final class Slots {
    /** Bytes of an inode before its index. */
    public static final int INDEX_OFFSET = 4664;

    /** Bytes of a slot. */
    public static final int SLOT_BYTES = 4;

    /** Bytes of the largest disk. */
    public static final long VDI_BYTES_MAX = (long) ObjectId.INDEX_LIMIT * ObjectId.DATA_BYTES;

    private Slots() {}

    /**
     * A part of one data object.
     *
     * @param index  of the object
     * @param offset in the object
     */
    public record Slice(int index, int offset, int length) {
        /** Whether it is the whole object. */
        public boolean isWhole() {
            return length == ObjectId.DATA_BYTES;
        }
    }

    /** Slots {@code first} (inclusive) to {@code end} (exclusive). */
    public record Range(int first, int end) {
        public int count() {
            return end - first;
        }
    }

    /**
     * The parts of objects that a range of a disk consists of, in order.
     *
     * @param offset and length lie within {@link #VDI_BYTES_MAX}
     */
    public static List<Slice> slices(long offset, long length) {
        Invariant.check(
                0 <= offset && 0 <= length && offset <= VDI_BYTES_MAX - length, "range %d + %d", offset, length);
        List<Slice> slices = new ArrayList<>();
        for (long at = offset, end = offset + length; at < end; ) {
            int inObject = (int) (at % ObjectId.DATA_BYTES);
            int part = (int) Math.min(ObjectId.DATA_BYTES - inObject, end - at);
            slices.add(new Slice((int) (at / ObjectId.DATA_BYTES), inObject, part));
            at += part;
        }
        return slices;
    }

    /** Data objects that a disk of {@code sizeBytes} has room for. */
    public static int count(long sizeBytes) {
        Invariant.check(0 <= sizeBytes && sizeBytes <= VDI_BYTES_MAX, "disk of %d bytes", sizeBytes);
        return (int) ((sizeBytes + ObjectId.DATA_BYTES - 1) / ObjectId.DATA_BYTES);
    }

    /** Where slot {@code index} begins in the inode. */
    public static int offset(int index) {
        Invariant.check(0 <= index && index < ObjectId.INDEX_LIMIT, "slot %d", index);
        return INDEX_OFFSET + index * SLOT_BYTES;
    }

    /**
     * The slots of which a write to an inode changes any byte; the outer ones perhaps not all of them.
     *
     * @param offset and length lie inside of the inode
     * @return empty if only the header is touched, or nothing
     */
    public static Optional<Range> touched(int offset, int length) {
        Invariant.check(
                0 <= offset && 0 <= length && offset <= ObjectId.INODE_BYTES - length,
                "inode range %d + %d",
                offset,
                length);
        int end = offset + length;
        if (length == 0 || end <= INDEX_OFFSET) {
            return Optional.empty();
        }
        int first = Math.max(offset - INDEX_OFFSET, 0) / SLOT_BYTES;
        return Optional.of(new Range(first, (end - INDEX_OFFSET + SLOT_BYTES - 1) / SLOT_BYTES));
    }
}
