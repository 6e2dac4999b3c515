package sheepdog.protocol.model;

/**
 * A 64-bit object id: bits 60-63 the object's type, bits 32-55 its vdi, bits 0-31 its index (data objects use 0-19).
 * Ordered as an unsigned number.
 */
public record ObjectId(long bits) implements Comparable<ObjectId> {
    /** Data objects of a VDI, at most. */
    public static final int INDEX_LIMIT = 1 << 20;

    private static final long INODE_BIT = 1L << 63;
    private static final long VMSTATE_BIT = 1L << 62;
    private static final long ATTR_BIT = 1L << 61;
    private static final long TYPE_MASK = 0xf800_0000_0000_0000L;

    /** Bytes of a data or vmstate object. */
    public static final int DATA_BYTES = 4 << 20;
    /** Bytes of an inode object. */
    public static final int INODE_BYTES = 4_198_968;
    /** Bytes of an attribute object. */
    public static final int ATTR_BYTES = 66_320;

    public static ObjectId ofInode(Vid vid) {
        return new ObjectId(INODE_BIT | (long) vid.value() << 32);
    }

    public static ObjectId ofData(Vid vid, int index) {
        Invariant.check(0 <= index && index < INDEX_LIMIT, "index %d", index);
        return new ObjectId((long) vid.value() << 32 | index);
    }

    public static ObjectId ofVmState(Vid vid, int index) {
        return new ObjectId(VMSTATE_BIT | (long) vid.value() << 32 | (index & 0xffff_ffffL));
    }

    public static ObjectId ofAttr(Vid vid, int attrId) {
        return new ObjectId(ATTR_BIT | (long) vid.value() << 32 | (attrId & 0xffff_ffffL));
    }

    public boolean isInode() {
        return (bits & INODE_BIT) != 0;
    }

    public boolean isVmState() {
        return !isInode() && (bits & VMSTATE_BIT) != 0;
    }

    public boolean isAttr() {
        return !isInode() && !isVmState() && (bits & ATTR_BIT) != 0;
    }

    /** None of the type bits is set. */
    public boolean isData() {
        return (bits & TYPE_MASK) == 0;
    }

    /**
     * Whether this id can name an object at all: exactly one known type, reserved bits clear, and for data objects an
     * index below {@link #INDEX_LIMIT}.
     */
    public boolean isValid() {
        if ((bits & 0x1f00_0000_0000_0000L) != 0 || Long.bitCount(bits & TYPE_MASK) > 1) {
            return false;
        }
        return isData() ? index() >= 0 && index() < INDEX_LIMIT : !isInode() || index() == 0;
    }

    public Vid vid() {
        return new Vid((int) (bits >>> 32) & 0xff_ffff);
    }

    /** The low 32 bits: data index, vmstate index or attribute id. */
    public int index() {
        return (int) bits;
    }

    /** Bytes of this object; every replica of it has exactly this size. */
    public int size() {
        if (isInode()) {
            return INODE_BYTES;
        }
        return isAttr() ? ATTR_BYTES : DATA_BYTES;
    }

    @Override
    public int compareTo(ObjectId other) {
        return Long.compareUnsigned(bits, other.bits);
    }

    /** 16 hex digits, as in file names and logs. */
    @Override
    public String toString() {
        String hex = Long.toHexString(bits);
        return "0".repeat(16 - hex.length()) + hex;
    }
}
