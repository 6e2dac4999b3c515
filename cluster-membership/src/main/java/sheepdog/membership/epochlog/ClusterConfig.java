package sheepdog.membership.epochlog;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * The file {@code config}, 40 bytes, little endian.
 *
 * <pre>
 *  0 ctime u64 | 8 flags u16 | 10 copies u8 | 11 store name[16] | 27 zeros[3] | 30 version u16 | 32 space u64
 * </pre>
 *
 * @param ctime      of the cluster, 0 before a format
 * @param flags      of the format
 * @param copies     default number of copies, 0 before a format
 * @param store      name of the backend, one char per byte, at most 15
 * @param spaceBytes announced by this node at its first start, and ever since
 */
public record ClusterConfig(long ctime, int flags, int copies, String store, long spaceBytes) {
    static final int BYTES = 40;
    /** Of the original at the revision whose layout this is. */
    public static final int VERSION = 1;

    private static final int NAME_OFFSET = 11;
    private static final int NAME_BYTES = 16;
    private static final int VERSION_OFFSET = 30;
    private static final int SPACE_OFFSET = 32;

    byte[] encode() {
        ByteBuffer out = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        byte[] name = store.getBytes(StandardCharsets.ISO_8859_1);
        out.putLong(0, ctime)
                .putShort(8, (short) flags)
                .put(10, (byte) copies)
                .put(NAME_OFFSET, name, 0, Math.min(name.length, NAME_BYTES - 1))
                .putShort(VERSION_OFFSET, (short) VERSION)
                .putLong(SPACE_OFFSET, spaceBytes);
        return out.array();
    }

    static int version(byte[] bytes) {
        return Short.toUnsignedInt(
                ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getShort(VERSION_OFFSET));
    }

    /** @param bytes 40 of them, of version 1 */
    static ClusterConfig decode(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int end = 0;
        while (end < NAME_BYTES && bytes[NAME_OFFSET + end] != 0) {
            end++;
        }
        return new ClusterConfig(
                in.getLong(0),
                Short.toUnsignedInt(in.getShort(8)),
                Byte.toUnsignedInt(in.get(10)),
                new String(bytes, NAME_OFFSET, end, StandardCharsets.ISO_8859_1),
                in.getLong(SPACE_OFFSET));
    }
}
