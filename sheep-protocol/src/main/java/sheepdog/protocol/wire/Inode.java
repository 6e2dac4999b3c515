package sheepdog.protocol.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.vdi.Slots;

/**
 * A part of an inode's image, which is 4 MiB and mostly zeros: a view over bytes that are somewhere else, never a copy.
 * What is written through it is written there.
 *
 * <p>Confined to its user, like the buffer under it.
 */
public final class Inode {
    private final ByteBuffer bytes;
    private final int offset;

    private Inode(ByteBuffer bytes, int offset) {
        this.bytes = bytes;
        this.offset = offset;
    }

    /** A view over an image from its first byte on; position to limit, as much of it as there is. */
    public static Inode of(ByteBuffer image) {
        return of(image, 0);
    }

    /** A view over a part of an image, position to limit, that begins at byte {@code offset} of it. */
    public static Inode of(ByteBuffer part, int offset) {
        return new Inode(part.slice().order(ByteOrder.LITTLE_ENDIAN), offset);
    }

    /** What is before the index; the view must hold all of it. */
    public InodeHeader header() {
        return InodeHeader.read(bytes.slice(-offset, InodeHeader.BYTES));
    }

    /** Whether the view holds a slot whole. */
    public boolean hasSlot(int index) {
        int at = Slots.offset(index) - offset;
        return 0 <= at && at <= bytes.limit() - Slots.SLOT_BYTES;
    }

    /** The raw vid that data object {@code index} is stored under; 0 for a hole. The view must hold the slot. */
    public int slot(int index) {
        return bytes.getInt(place(index));
    }

    /** Changes a slot; the view must hold it, and its buffer must be writable. */
    public void setSlot(int index, Vid vid) {
        bytes.putInt(place(index), vid.value());
    }

    /**
     * Lays a field over this view: those of its bytes that lie in the view are replaced.
     *
     * @param fieldOffset where the field begins in the inode
     * @param field       position to limit; left as they were
     */
    public void overlay(int fieldOffset, ByteBuffer field) {
        int from = Math.max(fieldOffset, offset);
        int to = (int) Math.min((long) fieldOffset + field.remaining(), (long) offset + bytes.limit());
        if (from < to) {
            bytes.put(from - offset, field, field.position() + (from - fieldOffset), to - from);
        }
    }

    private int place(int index) {
        Invariant.check(hasSlot(index), "slot %d is not in the view", index);
        return Slots.offset(index) - offset;
    }
}
