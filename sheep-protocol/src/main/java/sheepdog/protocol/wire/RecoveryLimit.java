package sheepdog.protocol.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * How much a node recovers at once of what no client waits for. On the wire, 24 bytes as later versions have them:
 *
 * <pre>
 *  0 max u32 | 8 interval u64 | 16 whether it is set u8
 * </pre>
 *
 * @param max            objects at once, unsigned; 0 lets the node decide
 * @param intervalMillis how long the place of an object that is done stays empty, unsigned
 */
public record RecoveryLimit(int max, long intervalMillis) {
    /** The node decides, by what its clients do. */
    public static final RecoveryLimit NONE = new RecoveryLimit(0, 0);

    /** On the wire. */
    public static final int BYTES = 24;

    /** Position 0, limit {@link #BYTES}. */
    public ByteBuffer encode() {
        var bytes = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(0, max).putLong(8, intervalMillis).put(16, (byte) (max == 0 ? 0 : 1));
        return bytes;
    }

    /** @param bytes {@link #BYTES} from its position; left as it was */
    public static RecoveryLimit read(ByteBuffer bytes) {
        ByteBuffer in = bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
        return new RecoveryLimit(in.getInt(0), in.getLong(8));
    }
}
