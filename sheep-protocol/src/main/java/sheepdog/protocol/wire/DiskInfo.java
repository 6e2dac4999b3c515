package sheepdog.protocol.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.Payload;

/**
 * One disk of a node, as MD_INFO lists up to 64.
 *
 * <pre>
 *  0 index i32 | 4 zeros[4] | 8 free u64 | 16 used u64 | 24 path[4096]; 64 of them, then 263680 count i32 | zeros[4]
 * </pre>
 *
 * @param path at most 4095 bytes in UTF-8
 */
public record DiskInfo(int index, long freeBytes, long usedBytes, String path) {
    /** Disks of a node at most. */
    public static final int COUNT_MAX = 64;

    /** Bytes of the whole list, whatever the number of disks. */
    public static final int LIST_BYTES = 263_688;

    private static final int BYTES = 4120;
    private static final int PATH_BYTES = 4096;

    /** Reads a whole list; empty if it has another length, or an impossible count. The buffer is left as it was. */
    public static Optional<List<DiskInfo>> readAll(ByteBuffer from) {
        ByteBuffer in = from.slice().order(ByteOrder.LITTLE_ENDIAN);
        if (in.remaining() != LIST_BYTES) {
            return Optional.empty();
        }
        int count = in.getInt(COUNT_MAX * BYTES);
        if (count < 0 || count > COUNT_MAX) {
            return Optional.empty();
        }
        List<DiskInfo> disks = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            int at = i * BYTES;
            disks.add(new DiskInfo(in.getInt(at), in.getLong(at + 8), in.getLong(at + 16), path(in, at + 24)));
        }
        return Optional.of(disks);
    }

    /** A whole list; needs no release. */
    public static Payload encode(List<DiskInfo> disks) {
        Invariant.check(disks.size() <= COUNT_MAX, "%d disks", disks.size());
        ByteBuffer out = ByteBuffer.allocate(LIST_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < disks.size(); i++) {
            DiskInfo disk = disks.get(i);
            byte[] path = disk.path.getBytes(StandardCharsets.UTF_8);
            Invariant.check(path.length < PATH_BYTES, "path of %d bytes", path.length);
            out.putInt(i * BYTES, disk.index);
            out.putLong(i * BYTES + 8, disk.freeBytes);
            out.putLong(i * BYTES + 16, disk.usedBytes);
            out.put(i * BYTES + 24, path);
        }
        out.putInt(COUNT_MAX * BYTES, disks.size());
        return Payload.of(out);
    }

    private static String path(ByteBuffer in, int at) {
        byte[] field = new byte[PATH_BYTES];
        in.get(at, field);
        int end = 0;
        while (end < PATH_BYTES && field[end] != 0) {
            end++;
        }
        return new String(field, 0, end, StandardCharsets.UTF_8);
    }
}
