package sheepdog.membership.local;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import sheepdog.membership.api.ClusterTransport;
import sheepdog.membership.api.Member;
import sheepdog.membership.transport.MemberCodec;
import sheepdog.membership.transport.MemberCodec.MalformedException;

/**
 * The bytes on a local connection, which go one way only: frames, big endian, the first of which is a hello.
 *
 * <pre>
 *   | length u32, of what follows | kind u8 | ... |
 *
 *   hello    1   version u8 | member | name of the sender's socket, the rest of the frame
 *   message  2   the message
 *   ping     3
 *   leaving  4
 * </pre>
 */
final class Frames {
    static final int VERSION = 1;
    static final byte HELLO = 1;
    static final byte MESSAGE = 2;
    static final byte PING = 3;
    static final byte LEAVING = 4;

    static final int HEADER_BYTES = 5;

    /** Most that is read or written by one call. */
    static final int PIECE_BYTES = 256 << 10;

    private static final int HELLO_BYTES_MAX = 1 + 1 + MemberCodec.BYTES + SocketName.LENGTH_MAX;

    private Frames() {}

    static ByteBuffer hello(Member self, String name) {
        byte[] text = name.getBytes(StandardCharsets.US_ASCII);
        ByteBuffer out = start(HELLO, 1 + MemberCodec.BYTES + text.length);
        out.put((byte) VERSION);
        MemberCodec.encode(self, out);
        return out.put(text).flip();
    }

    static ByteBuffer message(byte[] message) {
        return start(MESSAGE, message.length).put(message).flip();
    }

    static ByteBuffer empty(byte kind) {
        return start(kind, 0).flip();
    }

    private static ByteBuffer start(byte kind, int bodyBytes) {
        return ByteBuffer.allocate(HEADER_BYTES + bodyBytes)
                .putInt(1 + bodyBytes)
                .put(kind);
    }

    /** One frame. @param body position to limit */
    record Frame(byte kind, ByteBuffer body) {}

    /** Who sent a hello, and from where. */
    record Hello(Member member, String name) {}

    /** @throws MalformedException if it is of another version or not whole */
    static Hello hello(ByteBuffer body) throws MalformedException {
        int version = body.hasRemaining() ? body.get() & 0xff : 0;
        if (version != VERSION) {
            throw new MalformedException("hello of version " + version + ", known is " + VERSION);
        }
        Member member = MemberCodec.decode(body);
        String name = StandardCharsets.US_ASCII.decode(body).toString();
        if (!SocketName.isListening(name)) {
            throw new MalformedException("hello from a socket that has no sheep's name");
        }
        return new Hello(member, name);
    }

    /** Puts together the frames of one connection. Not thread-safe. */
    static final class Reader {
        private final ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
        private ByteBuffer body;
        private boolean greeted;

        /**
         * Reads what is there.
         *
         * @return the next frame, or empty if more bytes must come first
         * @throws EOFException       when the other side closed
         * @throws MalformedException when no frame can follow; nothing was allocated for it
         */
        Optional<Frame> next(ReadableByteChannel from) throws IOException, MalformedException {
            if (body == null) {
                fill(from, header);
                if (header.hasRemaining()) {
                    return Optional.empty();
                }
                body = ByteBuffer.allocate(check(header.getInt(0), header.get(4)));
            }
            fill(from, body);
            if (body.hasRemaining()) {
                return Optional.empty();
            }
            var frame = new Frame(header.get(4), body.flip());
            header.clear();
            body = null;
            greeted = true;
            return Optional.of(frame);
        }

        private int check(int length, byte kind) throws MalformedException {
            int max = switch (kind) {
                case HELLO -> greeted ? 0 : HELLO_BYTES_MAX;
                case MESSAGE -> greeted ? 1 + ClusterTransport.MESSAGE_BYTES_MAX : 0;
                case PING, LEAVING -> greeted ? 1 : 0;
                default -> 0;
            };
            if (length < 1 || length > max) {
                throw new MalformedException("frame of kind " + kind + " with length " + (length & 0xffff_ffffL)
                        + (greeted ? "" : " before a hello"));
            }
            return length - 1;
        }

        /** In pieces, since the JDK keeps a direct buffer as large as the largest piece for each thread. */
        private static void fill(ReadableByteChannel from, ByteBuffer into) throws IOException {
            int whole = into.limit();
            while (into.position() < whole) {
                into.limit(Math.min(whole, into.position() + PIECE_BYTES));
                int read = from.read(into);
                boolean more = read > 0 && !into.hasRemaining();
                into.limit(whole);
                if (read < 0) {
                    throw new EOFException();
                }
                if (!more) {
                    return;
                }
            }
        }
    }
}
