package sheepdog.it.client;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A reply as it came.
 *
 * @param header  48 bytes
 * @param payload as many bytes as the header announced
 */
public record RawReply(byte[] header, byte[] payload) {
    public static final int SUCCESS = 0x00;
    public static final int NO_OBJ = 0x02;
    public static final int VDI_EXIST = 0x04;
    public static final int INVALID_PARMS = 0x05;
    public static final int NO_VDI = 0x08;
    public static final int VER_MISMATCH = 0x14;
    public static final int NO_SPACE = 0x15;
    public static final int WAIT_FOR_FORMAT = 0x16;
    public static final int READONLY = 0x1a;

    public int opcode() {
        return u8(1);
    }

    public int epoch() {
        return u32(4);
    }

    public int id() {
        return u32(8);
    }

    public int length() {
        return u32(12);
    }

    public int result() {
        return u32(16);
    }

    /** Of an answer to a question for a VDI. */
    public int vid() {
        return u32(24);
    }

    /** Of an answer to a question for nodes. */
    public int nodeCount() {
        return u32(20);
    }

    /** Bytes of zeros left out before the payload. */
    public long offset() {
        return fields().getLong(24);
    }

    public int u8(int offset) {
        return Byte.toUnsignedInt(header[offset]);
    }

    public int u32(int offset) {
        return fields().getInt(offset);
    }

    /** The payload with the zeros that were left out, {@code length} bytes. */
    public byte[] whole(int length) {
        byte[] all = new byte[length];
        System.arraycopy(payload, 0, all, Math.toIntExact(offset()), payload.length);
        return all;
    }

    private ByteBuffer fields() {
        return ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public String toString() {
        return "reply op=%02x id=%x epoch=%d result=%02x length=%d"
                .formatted(opcode(), id(), epoch(), result(), length());
    }
}
