package sheepdog.collie.client;

import java.nio.ByteBuffer;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.vdi.Slots;
import sheepdog.protocol.wire.InodeHeader;

/** What an inode object says of its VDI before its index, as the commands use it. */
public record VdiInode(InodeHeader header) {
    /** Bytes before the index. */
    public static final int HEADER_BYTES = InodeHeader.BYTES;

    /** Reads the header from position 0 on. */
    public static VdiInode read(ByteBuffer bytes) {
        return new VdiInode(InodeHeader.read(bytes.duplicate().position(0)));
    }

    /** The vid that a slot names, {@link Vid#NONE} for a hole; what is beyond 24 bits is dropped. */
    public static Vid vidOf(int raw) {
        return new Vid(raw & (Vid.COUNT - 1));
    }

    /** Bytes as chars. */
    public String name() {
        return header.name().latin1();
    }

    /** Bytes as chars; empty if it has none. */
    public String tag() {
        return header.tag().latin1();
    }

    /** Seconds since 1970. */
    public long createSeconds() {
        return header.createTime() >>> 32;
    }

    /** Whether it is no longer the working VDI of its name. */
    public boolean isSnapshot() {
        return header.isSnapshot();
    }

    /** Of the disk, unsigned. */
    public long sizeBytes() {
        return header.sizeBytes();
    }

    /** Of each object. */
    public int copies() {
        return header.copies();
    }

    /** 1 for the first of its name. */
    public int snapId() {
        return header.snapId();
    }

    public Vid vid() {
        return vidOf(header.vid());
    }

    /** Whether this is a working VDI that began as a copy of a snapshot. */
    public boolean isClone() {
        return !isSnapshot() && snapId() == 1 && header.parent() != 0;
    }

    /** Data objects that a disk of this size has, at most as many as the index has slots. */
    public int objectCount() {
        long whole = Long.divideUnsigned(sizeBytes(), ObjectId.DATA_BYTES);
        long rest = Long.remainderUnsigned(sizeBytes(), ObjectId.DATA_BYTES);
        return (int) Math.min(whole + (rest == 0 ? 0 : 1), ObjectId.INDEX_LIMIT);
    }

    /** Bytes of the slots of those objects. */
    public int indexBytes() {
        return objectCount() * Slots.SLOT_BYTES;
    }
}
