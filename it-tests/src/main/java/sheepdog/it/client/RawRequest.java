package sheepdog.it.client;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * A request byte by byte: a 48-byte header, little endian, and a payload that need not be what the header says.
 *
 * <pre>
 *  0 version u8 | 1 opcode u8 | 2 flags u16 | 4 epoch u32 | 8 id u32 | 12 data_length u32 | 16..47 by operation
 * </pre>
 */
public final class RawRequest {
    public static final int HEADER_BYTES = 48;

    public static final int CREATE_AND_WRITE_OBJ = 0x01;
    public static final int READ_OBJ = 0x02;
    public static final int WRITE_OBJ = 0x03;
    public static final int REMOVE_OBJ = 0x04;
    public static final int DISCARD_OBJ = 0x05;
    public static final int NEW_VDI = 0x11;
    public static final int LOCK_VDI = 0x12;
    public static final int RELEASE_VDI = 0x13;
    public static final int GET_VDI_INFO = 0x14;
    public static final int READ_VDIS = 0x15;
    public static final int FLUSH_VDI = 0x16;
    public static final int DEL_VDI = 0x17;
    public static final int GET_CLUSTER_DEFAULT = 0x18;
    public static final int GET_NODE_LIST = 0x82;
    public static final int MAKE_FS = 0x84;
    public static final int STAT_CLUSTER = 0x87;

    public static final int WRITE = 0x01;
    public static final int COW = 0x02;
    public static final int CACHE = 0x04;
    public static final int DIRECT = 0x08;
    public static final int TGT = 0x20;

    private static final int INTERNAL_VERSION = 7;
    private static final int NAME_BYTES = 256;

    private final byte[] header = new byte[HEADER_BYTES];
    private final ByteBuffer fields = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
    private byte[] payload = new byte[0];

    private RawRequest(int opcode) {
        fields.put(1, (byte) opcode);
        fields.put(0, (byte) (opcode < 0x80 ? 2 : INTERNAL_VERSION));
    }

    /** A request of nothing but an opcode, and the version that belongs to it: 2, or 7 from 0x80 on. */
    public static RawRequest of(int opcode) {
        return new RawRequest(opcode);
    }

    /** Reads {@code length} bytes of an object. */
    public static RawRequest read(long oid, long offset, int length) {
        return of(READ_OBJ).put64(16, oid).put64(40, offset).length(length);
    }

    /** Writes into an object that is there. */
    public static RawRequest write(long oid, long offset, byte[] data) {
        return of(WRITE_OBJ).put64(16, oid).put64(40, offset).payload(data);
    }

    /** Makes an object. */
    public static RawRequest create(long oid, long offset, byte[] data) {
        return of(CREATE_AND_WRITE_OBJ).put64(16, oid).put64(40, offset).payload(data);
    }

    /** Makes a VDI, or with {@code base} a clone of it. */
    public static RawRequest newVdi(String name, long bytes, int base) {
        return of(NEW_VDI).put64(16, bytes).put32(24, base).payload(name(name));
    }

    /** Asks for a VDI by its name. */
    public static RawRequest vdiInfo(String name) {
        return of(GET_VDI_INFO).payload(name(name));
    }

    /** The field that carries a name: 256 bytes, padded with zeros. */
    public static byte[] name(String text) {
        byte[] field = new byte[NAME_BYTES];
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        System.arraycopy(bytes, 0, field, 0, bytes.length);
        return field;
    }

    public RawRequest version(int version) {
        return put8(0, version);
    }

    public RawRequest flags(int flags) {
        fields.putShort(2, (short) flags);
        return this;
    }

    public RawRequest addFlags(int flags) {
        return flags(fields.getShort(2) | flags);
    }

    public RawRequest epoch(int epoch) {
        return put32(4, epoch);
    }

    public RawRequest id(int id) {
        return put32(8, id);
    }

    /** What the header says of the length, whatever the payload is. */
    public RawRequest length(int length) {
        return put32(12, length);
    }

    public RawRequest copies(int copies) {
        return put8(header[1] == NEW_VDI ? 28 : 32, copies);
    }

    public RawRequest put8(int offset, int value) {
        fields.put(offset, (byte) value);
        return this;
    }

    public RawRequest put32(int offset, int value) {
        fields.putInt(offset, value);
        return this;
    }

    public RawRequest put64(int offset, long value) {
        fields.putLong(offset, value);
        return this;
    }

    /** Sets the payload, its length in the header, and the flag that says there is one. */
    public RawRequest payload(byte[] bytes) {
        payload = bytes.clone();
        addFlags(WRITE);
        return length(bytes.length);
    }

    int id() {
        return fields.getInt(8);
    }

    /** Header and payload as they are sent. */
    public byte[] bytes() {
        byte[] all = new byte[HEADER_BYTES + payload.length];
        System.arraycopy(header, 0, all, 0, HEADER_BYTES);
        System.arraycopy(payload, 0, all, HEADER_BYTES, payload.length);
        return all;
    }
}
