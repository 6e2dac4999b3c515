package sheepdog.protocol.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Zeros need not travel: an answer to a read of version 2 may leave out whole sectors of zeros at both ends. Pure; any
 * thread.
 */
public final class ZeroTrim {
    /** Only whole sectors are left out. */
    public static final int SECTOR_BYTES = 512;

    private ZeroTrim() {}

    /** What is left: {@code length} bytes from {@code offset}, counted from the start of the range that was read. */
    public record Part(int offset, int length) {}

    /**
     * Finds what must travel of a range: without the zero sectors at its start, counted from there, and then without
     * those at its end, counted from the end. A rest shorter than a sector stays.
     *
     * @param range position to limit; left as it was
     */
    public static Part trim(ByteBuffer range) {
        ByteBuffer in = range.slice().order(ByteOrder.nativeOrder());
        int offset = 0;
        int length = in.remaining();
        while (length >= SECTOR_BYTES && isZero(in, offset)) {
            offset += SECTOR_BYTES;
            length -= SECTOR_BYTES;
        }
        while (length >= SECTOR_BYTES && isZero(in, offset + length - SECTOR_BYTES)) {
            length -= SECTOR_BYTES;
        }
        return new Part(offset, length);
    }

    /**
     * Puts a trimmed part back: {@code into} (position to limit, left as they were) becomes zeros around {@code data}.
     *
     * @param data position to limit; left as it was
     * @return false, and {@code into} is not touched, if the part does not lie inside of it
     */
    public static boolean restore(int offset, ByteBuffer data, ByteBuffer into) {
        int room = into.remaining();
        int length = data.remaining();
        if (offset < 0 || length > room || offset > room - length) {
            return false;
        }
        ByteBuffer out = into.slice();
        zero(out, 0, offset);
        out.put(offset, data, data.position(), length);
        zero(out, offset + length, room);
        return true;
    }

    private static boolean isZero(ByteBuffer in, int at) {
        for (int i = 0; i < SECTOR_BYTES; i += Long.BYTES) {
            if (in.getLong(at + i) != 0) {
                return false;
            }
        }
        return true;
    }

    private static void zero(ByteBuffer out, int from, int to) {
        byte[] zeros = new byte[Math.min(to - from, 8192)];
        for (int at = from; at < to; at += zeros.length) {
            out.put(at, zeros, 0, Math.min(zeros.length, to - at));
        }
    }
}
