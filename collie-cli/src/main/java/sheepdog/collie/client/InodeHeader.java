package sheepdog.collie.client;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.VdiName;
import sheepdog.protocol.model.Vid;

/**
 * What an inode object says of its VDI before its index begins.
 *
 * @param name       empty if the VDI is deleted
 * @param tag        of a snapshot, may be empty
 * @param createTime seconds since 1970
 * @param isSnapshot whether it is no longer the working VDI
 * @param sizeBytes  of the disk, unsigned
 * @param copies     of each of its objects
 * @param snapId     1 for the first of its name
 * @param parent     {@link Vid#NONE} if it descends from nothing
 */
public record InodeHeader(
        VdiName name,
        VdiName tag,
        long createTime,
        boolean isSnapshot,
        long sizeBytes,
        int copies,
        int snapId,
        Vid vid,
        Vid parent) {
    /** Bytes before the index. */
    public static final int BYTES = 4664;
    /** Where the tag is. */
    public static final int TAG_OFFSET = 256;
    /** Bytes of a slot of the index. */
    public static final int SLOT_BYTES = 4;

    private static final int VID_MASK = Vid.COUNT - 1;

    /** Reads it from the start of {@code bytes}, whose position is ignored. */
    public static InodeHeader read(ByteBuffer bytes) {
        ByteBuffer in = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        return new InodeHeader(
                VdiName.read(in, 0),
                VdiName.read(in, TAG_OFFSET),
                in.getLong(512) >>> 32,
                in.getLong(520) != 0,
                in.getLong(536),
                in.get(554) & 0xff,
                in.getInt(556),
                new Vid(in.getInt(560) & VID_MASK),
                new Vid(in.getInt(564) & VID_MASK));
    }

    /** Where the slot of a data object is. */
    public static int slotOffset(int index) {
        return BYTES + SLOT_BYTES * index;
    }

    /** Data objects that a disk of this size has, at most as many as the index has slots. */
    public int objectCount() {
        long count = Long.divideUnsigned(sizeBytes, ObjectId.DATA_BYTES)
                + (Long.remainderUnsigned(sizeBytes, ObjectId.DATA_BYTES) == 0 ? 0 : 1);
        return (int) Math.min(count, ObjectId.INDEX_LIMIT);
    }

    /** Whether this is a working VDI that began as a copy of a snapshot. */
    public boolean isClone() {
        return !isSnapshot && snapId == 1 && !parent.equals(Vid.NONE);
    }
}
