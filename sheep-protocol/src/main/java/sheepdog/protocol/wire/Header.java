package sheepdog.protocol.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import sheepdog.protocol.model.Epoch;

/**
 * What all requests and responses begin with.
 *
 * <pre>
 *  0 version u8 | 1 opcode u8 | 2 flags u16 | 4 epoch u32 | 8 id u32 | 12 data_length u32 | 16..47 by operation
 * </pre>
 *
 * @param opcode     0 to 255, known or not
 * @param flags      {@link Flags}
 * @param epoch      ignored but for operations between sheep
 * @param id         chosen by the client, unsigned; its answer carries it too
 * @param dataLength unsigned: bytes of payload if WRITE is set, otherwise the room the client has for the answer's
 */
public record Header(int version, int opcode, int flags, Epoch epoch, int id, int dataLength) {
    /** Bytes of every header, operation-specific part included. */
    public static final int BYTES = 48;

    /** A client's header: the version that belongs to the opcode, and a length that encoding fills in. */
    public static Header of(Opcode opcode, int flags, Epoch epoch, int id) {
        return new Header(Protocol.versionFor(opcode.code()), opcode.code(), flags, epoch, id, 0);
    }

    /** Reads the first 16 of at least 48 bytes from the position, which stays where it is. */
    public static Header read(ByteBuffer from) {
        ByteBuffer in = from.slice().order(ByteOrder.LITTLE_ENDIAN);
        return new Header(
                Byte.toUnsignedInt(in.get(0)),
                Byte.toUnsignedInt(in.get(1)),
                Short.toUnsignedInt(in.getShort(2)),
                new Epoch(in.getInt(4)),
                in.getInt(8),
                in.getInt(12));
    }

    /** Writes the first 16 bytes at absolute index 0. */
    void put(ByteBuffer into) {
        into.put(0, (byte) version);
        into.put(1, (byte) opcode);
        into.putShort(2, (short) flags);
        into.putInt(4, epoch.number());
        into.putInt(8, id);
        into.putInt(12, dataLength);
    }

    /** The operation, if the opcode is a known one. */
    public Optional<Opcode> operation() {
        return Opcode.of(opcode);
    }

    public boolean has(int flag) {
        return (flags & flag) != 0;
    }

    /** Whether a payload follows. */
    public boolean isWrite() {
        return has(Flags.WRITE);
    }

    /** {@link #dataLength} as the room for an answer, in bytes; rooms past 2 GiB count as that. */
    public int lengthMax() {
        return dataLength < 0 ? Integer.MAX_VALUE : dataLength;
    }

    /** Whether the operation may come with this version. */
    public boolean isVersionAccepted() {
        return Protocol.accepts(version, opcode);
    }
}
