package sheepdog.collie.client;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;

/** Nodes as replies carry them: address[16], port u16, second address[16] and port, vnodes u16@40, zone u32@44, space. */
final class NodeRecords {
    static final int BYTES = 56;

    private static final int ADDRESS_BYTES = 16;

    private NodeRecords() {}

    /** The first {@code count} records from absolute {@code offset}, fewer if there are not so many. Little endian. */
    static List<Node> read(ByteBuffer in, int offset, int count) {
        var nodes = new ArrayList<Node>();
        for (int i = 0, at = offset; i < count && at + BYTES <= in.limit(); i++, at += BYTES) {
            NodeId id = id(in, at);
            NodeId io = id(in, at + 18);
            nodes.add(new Node(
                    id,
                    io.port() == 0 ? Optional.empty() : Optional.of(io),
                    in.getShort(at + 40) & 0xffff,
                    in.getInt(at + 44),
                    in.getLong(at + 48)));
        }
        return nodes;
    }

    private static NodeId id(ByteBuffer in, int at) {
        byte[] address = new byte[ADDRESS_BYTES];
        in.get(at, address);
        return new NodeId(address, in.getShort(at + ADDRESS_BYTES) & 0xffff);
    }
}
