package sheepdog.protocol.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.Payload;

/**
 * One snapshot of the whole cluster, as GET_SNAP_FILE lists them.
 *
 * <pre>
 *  0 number u32 | 4 zeros[4] | 8 time u64 | 16 sha1[20] | 36 zeros[4]
 * </pre>
 *
 * @param number      of the snapshot, unsigned
 * @param timeSeconds seconds since 1970
 * @param sha1        of the snapshot, 40 lower-case hex digits
 */
public record SnapLogEntry(int number, long timeSeconds, String sha1) {
    public static final int BYTES = 40;

    private static final int SHA1_BYTES = 20;

    public SnapLogEntry {
        Invariant.check(sha1.length() == 2 * SHA1_BYTES, "sha1 %s", sha1);
    }

    /** All entries from position to limit; a rest shorter than an entry is ignored. The buffer is left as it was. */
    public static List<SnapLogEntry> readAll(ByteBuffer from) {
        ByteBuffer in = from.slice().order(ByteOrder.LITTLE_ENDIAN);
        List<SnapLogEntry> entries = new ArrayList<>(in.remaining() / BYTES);
        for (int at = 0; in.limit() - at >= BYTES; at += BYTES) {
            byte[] sha1 = new byte[SHA1_BYTES];
            in.get(at + 16, sha1);
            entries.add(new SnapLogEntry(
                    in.getInt(at), in.getLong(at + 8), HexFormat.of().formatHex(sha1)));
        }
        return entries;
    }

    /** The entries one after the other; needs no release. */
    public static Payload encode(List<SnapLogEntry> entries) {
        ByteBuffer out = ByteBuffer.allocate(entries.size() * BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < entries.size(); i++) {
            SnapLogEntry entry = entries.get(i);
            out.putInt(i * BYTES, entry.number);
            out.putLong(i * BYTES + 8, entry.timeSeconds);
            out.put(i * BYTES + 16, HexFormat.of().parseHex(entry.sha1));
        }
        return Payload.of(out);
    }
}
