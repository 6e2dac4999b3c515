package sheepdog.protocol.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.model.Payload;

/**
 * Nodes as node lists and epoch files carry them. Pure; any thread.
 *
 * <pre>
 *  0 address[16] | 16 port u16 | 18 io address[16] | 34 io port u16, 0 for none | 36 zeros[4]
 *  40 vnodes u16 | 42 zeros[2] | 44 zone u32 | 48 space u64
 * </pre>
 */
public final class NodeCodec {
    /** Bytes of a node. */
    public static final int BYTES = 56;

    /** Bytes of its first part, the node's addresses. */
    public static final int ID_BYTES = 40;

    private NodeCodec() {}

    /** Reads 56 bytes at an absolute offset; any bytes are a node. */
    public static Node read(ByteBuffer from, int offset) {
        ByteBuffer in = from.slice(offset, BYTES).order(ByteOrder.LITTLE_ENDIAN);
        NodeId id = endpoint(in, 0);
        NodeId io = endpoint(in, 18);
        return new Node(
                id,
                io.port() == 0 ? Optional.empty() : Optional.of(io),
                Short.toUnsignedInt(in.getShort(40)),
                in.getInt(44),
                in.getLong(48));
    }

    /** Writes 56 bytes at an absolute offset. */
    public static void put(Node node, ByteBuffer into, int offset) {
        Invariant.check(0 <= node.vnodes() && node.vnodes() <= 0xffff, "%d vnodes", node.vnodes());
        ByteBuffer out = into.slice(offset, BYTES).order(ByteOrder.LITTLE_ENDIAN);
        out.put(0, new byte[BYTES]);
        putEndpoint(node.id(), out, 0);
        node.io().ifPresent(io -> putEndpoint(io, out, 18));
        out.putShort(40, (short) node.vnodes());
        out.putInt(44, node.zone());
        out.putLong(48, node.space());
    }

    /** All nodes from position to limit; a rest shorter than a node is ignored. The buffer is left as it was. */
    public static List<Node> readAll(ByteBuffer from) {
        List<Node> nodes = new ArrayList<>(from.remaining() / BYTES);
        for (int at = from.position(); from.limit() - at >= BYTES; at += BYTES) {
            nodes.add(read(from, at));
        }
        return nodes;
    }

    /** The nodes one after the other; needs no release. */
    public static Payload encode(List<Node> nodes) {
        ByteBuffer out = ByteBuffer.allocate(nodes.size() * BYTES);
        for (int i = 0; i < nodes.size(); i++) {
            put(nodes.get(i), out, i * BYTES);
        }
        return Payload.of(out);
    }

    private static NodeId endpoint(ByteBuffer in, int at) {
        byte[] address = new byte[16];
        in.get(at, address);
        return new NodeId(address, Short.toUnsignedInt(in.getShort(at + 16)));
    }

    private static void putEndpoint(NodeId id, ByteBuffer out, int at) {
        out.put(at, id.address());
        out.putShort(at + 16, (short) id.port());
    }
}
