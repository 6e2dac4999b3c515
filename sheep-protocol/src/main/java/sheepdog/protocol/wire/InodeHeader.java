package sheepdog.protocol.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.VdiName;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.vdi.Slots;

/**
 * What an inode says before its index of data objects.
 *
 * <pre>
 *    0 name[256] | 256 tag[256] | 512 create time u64 | 520 snap ctime u64 | 528 vm clock u64 | 536 vdi size u64
 *  544 vm state size u64 | 552 copy policy u8 | 553 store policy u8 | 554 copies u8 | 555 block size shift u8
 *  556 snap id u32 | 560 vid u32 | 564 parent vid u32 | 568 child vid[1024] u32 | 4664 index
 * </pre>
 *
 * @param name       empty if the VDI was deleted
 * @param tag        empty but for snapshots that were given one
 * @param createTime seconds in the high half, nanoseconds in the low; so is {@code snapCtime}
 * @param snapCtime  when it became a snapshot, 0 for a working VDI
 * @param sizeBytes  of the disk, unsigned, as it came
 * @param vid        raw, as is {@code parent}: clients write these fields
 * @param children   raw vids that are not 0, in their order; at most 1024
 */
public record InodeHeader(
        VdiName name,
        VdiName tag,
        long createTime,
        long snapCtime,
        long vmClockNanos,
        long sizeBytes,
        long vmStateBytes,
        int copyPolicy,
        int storePolicy,
        int copies,
        int blockSizeShift,
        int snapId,
        int vid,
        int parent,
        List<Integer> children) {
    /** Bytes of an inode before its index. */
    public static final int BYTES = Slots.INDEX_OFFSET;

    /** Children that an inode can name. */
    public static final int CHILDREN_MAX = 1024;

    /** Data objects of 4 MiB, the only size there is here. */
    public static final int BLOCK_SIZE_SHIFT = 22;

    /** Offsets of the fields that clients write one by one, or that the cluster's own knowledge overlays. */
    public static final int NAME_OFFSET = 0;

    public static final int TAG_OFFSET = 256;
    public static final int SNAP_CTIME_OFFSET = 520;
    public static final int SIZE_OFFSET = 536;
    public static final int VID_OFFSET = 560;
    public static final int PARENT_OFFSET = 564;
    public static final int CHILDREN_OFFSET = 568;

    public InodeHeader {
        children = List.copyOf(children);
        Invariant.check(children.size() <= CHILDREN_MAX, "%d children", children.size());
    }

    /** A working VDI without parent, children and tag. */
    public static InodeHeader of(VdiName name, Vid vid, long createTime, long sizeBytes, int copies, int snapId) {
        return new InodeHeader(
                name,
                VdiName.EMPTY,
                createTime,
                0,
                0,
                sizeBytes,
                0,
                0,
                0,
                copies,
                BLOCK_SIZE_SHIFT,
                snapId,
                vid.value(),
                0,
                List.of());
    }

    public boolean isDeleted() {
        return name.isEmpty();
    }

    public boolean isSnapshot() {
        return snapCtime != 0;
    }

    /** Reads {@link #BYTES} bytes from the position, which stays where it is; any bytes are a header. */
    public static InodeHeader read(ByteBuffer from) {
        ByteBuffer in = from.slice(from.position(), BYTES).order(ByteOrder.LITTLE_ENDIAN);
        List<Integer> children = new ArrayList<>();
        for (int i = 0; i < CHILDREN_MAX; i++) {
            int child = in.getInt(CHILDREN_OFFSET + 4 * i);
            if (child != 0) {
                children.add(child);
            }
        }
        return new InodeHeader(
                VdiName.read(in, NAME_OFFSET),
                VdiName.read(in, TAG_OFFSET),
                in.getLong(512),
                in.getLong(SNAP_CTIME_OFFSET),
                in.getLong(528),
                in.getLong(SIZE_OFFSET),
                in.getLong(544),
                Byte.toUnsignedInt(in.get(552)),
                Byte.toUnsignedInt(in.get(553)),
                Byte.toUnsignedInt(in.get(554)),
                Byte.toUnsignedInt(in.get(555)),
                in.getInt(556),
                in.getInt(VID_OFFSET),
                in.getInt(PARENT_OFFSET),
                children);
    }

    /** Writes {@link #BYTES} bytes from the position, which stays where it is. */
    public void put(ByteBuffer into) {
        ByteBuffer out = into.slice(into.position(), BYTES).order(ByteOrder.LITTLE_ENDIAN);
        name.put(out, NAME_OFFSET);
        tag.put(out, TAG_OFFSET);
        out.putLong(512, createTime);
        out.putLong(SNAP_CTIME_OFFSET, snapCtime);
        out.putLong(528, vmClockNanos);
        out.putLong(SIZE_OFFSET, sizeBytes);
        out.putLong(544, vmStateBytes);
        out.put(552, (byte) copyPolicy);
        out.put(553, (byte) storePolicy);
        out.put(554, (byte) copies);
        out.put(555, (byte) blockSizeShift);
        out.putInt(556, snapId);
        out.putInt(VID_OFFSET, vid);
        out.putInt(PARENT_OFFSET, parent);
        for (int i = 0; i < CHILDREN_MAX; i++) {
            out.putInt(CHILDREN_OFFSET + 4 * i, i < children.size() ? children.get(i) : 0);
        }
    }

    /** The bytes, in a buffer of their own with position 0. */
    public ByteBuffer encode() {
        ByteBuffer out = ByteBuffer.allocate(BYTES);
        put(out);
        return out;
    }
}
