package sheepdog.protocol.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.Payload;

/**
 * One epoch as STAT_CLUSTER answers it, newest first.
 *
 * <pre>
 *  0 cluster ctime u64 | 8 time i64 | 16 epoch u32 | 20 nodes u32 | 24 copies u32 | 28 zeros[4] | 32 node[1024]
 * </pre>
 *
 * @param ctime       when the cluster was formatted: seconds in the high half, nanoseconds in the low
 * @param timeSeconds when the epoch began, seconds since 1970
 * @param copies      the cluster's default
 * @param nodes       at most 1024
 */
public record EpochLogEntry(long ctime, long timeSeconds, Epoch epoch, int copies, List<Node> nodes) {
    public static final int BYTES = 32 + Protocol.NODES_MAX * NodeCodec.BYTES;

    public EpochLogEntry {
        nodes = List.copyOf(nodes);
        Invariant.check(nodes.size() <= Protocol.NODES_MAX, "epoch of %d nodes", nodes.size());
    }

    /** Reads {@link #BYTES} bytes at an absolute offset; empty if it claims more nodes than there is room for. */
    public static Optional<EpochLogEntry> read(ByteBuffer from, int offset) {
        ByteBuffer in = from.slice(offset, BYTES).order(ByteOrder.LITTLE_ENDIAN);
        int count = in.getInt(20);
        if (count < 0 || count > Protocol.NODES_MAX) {
            return Optional.empty();
        }
        return Optional.of(new EpochLogEntry(
                in.getLong(0),
                in.getLong(8),
                new Epoch(in.getInt(16)),
                in.getInt(24),
                NodeCodec.readAll(in.slice(32, count * NodeCodec.BYTES))));
    }

    /** All entries from position to limit; ends before the first that is malformed or cut off. */
    public static List<EpochLogEntry> readAll(ByteBuffer from) {
        List<EpochLogEntry> entries = new ArrayList<>();
        for (int at = from.position(); from.limit() - at >= BYTES; at += BYTES) {
            Optional<EpochLogEntry> entry = read(from, at);
            if (entry.isEmpty()) {
                break;
            }
            entries.add(entry.get());
        }
        return entries;
    }

    /** The entries one after the other; needs no release. 57,376 bytes each: the caller has an eye on the room. */
    public static Payload encode(List<EpochLogEntry> entries) {
        ByteBuffer out = ByteBuffer.allocate(entries.size() * BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < entries.size(); i++) {
            entries.get(i).put(out, i * BYTES);
        }
        return Payload.of(out);
    }

    private void put(ByteBuffer out, int at) {
        out.putLong(at, ctime);
        out.putLong(at + 8, timeSeconds);
        out.putInt(at + 16, epoch.number());
        out.putInt(at + 20, nodes.size());
        out.putInt(at + 24, copies);
        for (int i = 0; i < nodes.size(); i++) {
            NodeCodec.put(nodes.get(i), out, at + 32 + i * NodeCodec.BYTES);
        }
    }
}
