package sheepdog.membership.jgroups;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import sheepdog.membership.api.Member;
import sheepdog.membership.transport.MemberCodec;
import sheepdog.membership.transport.MemberCodec.MalformedException;

/**
 * What sheep say to each other through JGroups, big endian: one byte with the version (high four bits) and the kind,
 * then what the kind has. Pure; any thread.
 *
 * <pre>
 *   hello    | 0x11 | member | group, the rest                 who I am, of which cluster
 *   data     | 0x12 | stream i64 | position i64 | bytes ...    a message of the layer above
 *   taken    | 0x13 | stream i64 | position i64 |              up to where I have taken your data off my loop
 *   leaving  | 0x14 |                                          I leave on purpose, and have stopped serving
 * </pre>
 */
sealed interface Packet {
    /** Bytes in front of a message. */
    int DATA_HEADER_BYTES = 17;

    /** @param group name of the cluster, ASCII */
    record Hello(Member member, String group) implements Packet {}

    /** @param bytes position to limit is the message */
    record Data(long stream, long position, ByteBuffer bytes) implements Packet {}

    record Taken(long stream, long position) implements Packet {}

    record Leaving() implements Packet {}

    private static byte head(int kind) {
        return (byte) (1 << 4 | kind);
    }

    /** The bytes to send; the message of {@link Data} is copied. */
    default byte[] encode() {
        return switch (this) {
            case Hello(Member member, String group) -> {
                byte[] name = group.getBytes(StandardCharsets.US_ASCII);
                ByteBuffer out =
                        ByteBuffer.allocate(1 + MemberCodec.BYTES + name.length).put(head(1));
                MemberCodec.encode(member, out);
                yield out.put(name).array();
            }
            case Data(long stream, long position, ByteBuffer bytes) ->
                ByteBuffer.allocate(DATA_HEADER_BYTES + bytes.remaining())
                        .put(head(2))
                        .putLong(stream)
                        .putLong(position)
                        .put(bytes.duplicate())
                        .array();
            case Taken(long stream, long position) ->
                ByteBuffer.allocate(DATA_HEADER_BYTES)
                        .put(head(3))
                        .putLong(stream)
                        .putLong(position)
                        .array();
            case Leaving() -> new byte[] {head(4)};
        };
    }

    /** @throws MalformedException if these are not the bytes of a packet this version knows */
    static Packet decode(ByteBuffer in) throws MalformedException {
        if (!in.hasRemaining()) {
            throw new MalformedException("empty packet");
        }
        int head = in.get() & 0xff;
        if (head >> 4 != 1) {
            throw new MalformedException("packet of version " + (head >> 4) + ", known is 1");
        }
        int kind = head & 15;
        if ((kind == 2 || kind == 3) && in.remaining() < DATA_HEADER_BYTES - 1) {
            throw new MalformedException("packet of kind " + kind + " with " + in.remaining() + " bytes");
        }
        return switch (kind) {
            case 1 ->
                new Hello(
                        MemberCodec.decode(in),
                        StandardCharsets.US_ASCII.decode(in).toString());
            case 2 -> new Data(in.getLong(), in.getLong(), in);
            case 3 -> new Taken(in.getLong(), in.getLong());
            case 4 -> new Leaving();
            default -> throw new MalformedException("packet of unknown kind " + kind);
        };
    }
}
