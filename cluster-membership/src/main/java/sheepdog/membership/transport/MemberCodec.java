package sheepdog.membership.transport;

import java.nio.ByteBuffer;
import java.util.Optional;
import sheepdog.membership.api.Member;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;

/**
 * A {@link Member} as the transports announce it, big endian.
 *
 * <pre>
 *   0        1         9             17          33     35   36         52       54      56    60     68
 *   | version | store id | incarnation | address   | port | flags | io address | io port | vnodes | zone | space |
 * </pre>
 *
 * <p>Flags: 1 there is an io address, 2 it is a witness.
 *
 * <p>Pure; any thread.
 */
public final class MemberCodec {
    /** The layout above; another one gets another number. */
    public static final int VERSION = 1;

    /** Bytes of one member. */
    public static final int BYTES = 68;

    private static final int ADDRESS_BYTES = 16;
    private static final int IO = 1;
    private static final int WITNESS = 2;
    private static final NodeId NONE = new NodeId(new byte[ADDRESS_BYTES], 0);

    private MemberCodec() {}

    /** Puts {@link #BYTES} bytes at {@code into}'s position, whose byte order must be big endian. */
    public static void encode(Member member, ByteBuffer into) {
        Node node = member.node();
        into.put((byte) VERSION).putLong(member.storeId()).putLong(member.incarnation());
        put(node.id(), into);
        into.put((byte) ((node.io().isPresent() ? IO : 0) | (member.witness() ? WITNESS : 0)));
        put(node.io().orElse(NONE), into);
        into.putShort((short) node.vnodes()).putInt(node.zone()).putLong(node.space());
    }

    /**
     * Reads one member and moves {@code from}'s position behind it.
     *
     * @throws MalformedException if bytes are missing, the version is unknown, or a value cannot be
     */
    public static Member decode(ByteBuffer from) throws MalformedException {
        if (from.remaining() < 1) {
            throw new MalformedException("no bytes of a member");
        }
        int version = from.get() & 0xff;
        if (version != VERSION) {
            throw new MalformedException("member record of version " + version + ", known is " + VERSION);
        }
        if (from.remaining() < BYTES - 1) {
            throw new MalformedException(from.remaining() + " bytes of a member, needed are " + (BYTES - 1));
        }
        long storeId = from.getLong();
        long incarnation = from.getLong();
        NodeId id = nodeId(from);
        int flags = from.get();
        NodeId io = nodeId(from);
        int vnodes = from.getShort() & 0xffff;
        int zone = from.getInt();
        long space = from.getLong();
        if (storeId == 0 || (flags & ~(IO | WITNESS)) != 0) {
            throw new MalformedException("member with store id " + storeId + " and flags " + flags);
        }
        return new Member(
                new Node(id, (flags & IO) != 0 ? Optional.of(io) : Optional.empty(), vnodes, zone, space),
                storeId,
                incarnation,
                (flags & WITNESS) != 0);
    }

    private static void put(NodeId id, ByteBuffer into) {
        into.put(id.address()).putShort((short) id.port());
    }

    private static NodeId nodeId(ByteBuffer from) {
        byte[] address = new byte[ADDRESS_BYTES];
        from.get(address);
        return new NodeId(address, from.getShort() & 0xffff);
    }

    /** Bytes that are no member, with what is wrong about them. */
    public static final class MalformedException extends Exception {
        private static final long serialVersionUID = 1L;

        /** @param message what is wrong */
        public MalformedException(String message) {
            super(message);
        }
    }
}
