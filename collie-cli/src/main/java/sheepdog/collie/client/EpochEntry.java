package sheepdog.collie.client;

import java.nio.ByteBuffer;
import java.util.List;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.wire.Protocol;

/**
 * An epoch as STAT_CLUSTER tells it.
 *
 * @param ctime   of the cluster: seconds in the high half
 * @param seconds when the epoch began, since 1970
 */
public record EpochEntry(long ctime, long seconds, Epoch epoch, List<Node> nodes) {
    /** Bytes of a record: 32, and room for all nodes there can be. */
    public static final int BYTES = 32 + Protocol.NODES_MAX * NodeRecords.BYTES;

    public EpochEntry {
        nodes = List.copyOf(nodes);
    }

    /** Reads one record from absolute index 0. Little endian. */
    public static EpochEntry read(ByteBuffer in) {
        int count = Math.clamp(in.getInt(20), 0, Protocol.NODES_MAX);
        return new EpochEntry(in.getLong(0), in.getLong(8), new Epoch(in.getInt(16)), NodeRecords.read(in, 32, count));
    }
}
