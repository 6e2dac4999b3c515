package sheepdog.protocol.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.VdiName;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.placement.Fnv;
import sheepdog.protocol.vdi.VidProbe;

/**
 * A key and a value that belong to a VDI, or to one of its snapshots, as an attribute object holds them.
 *
 * <pre>
 *  0 name[256] | 256 tag[256] | 512 ctime u64 | 520 snap id u32 | 524 value length u32 | 528 key[256]
 *  784 value[65536]; 66,320 in all
 * </pre>
 *
 * @param name  of the VDI; empty if the attribute was deleted
 * @param ctime the VDI's create time
 * @param value at most 65,536 bytes, position to limit; not copied
 */
public record Attribute(VdiName name, VdiName tag, long ctime, int snapId, VdiName key, ByteBuffer value) {
    /** Bytes of a value at most. */
    public static final int VALUE_BYTES_MAX = 65_536;

    private static final int VALUE_OFFSET = 784;

    public Attribute {
        value = value.slice().asReadOnlyBuffer();
        Invariant.check(value.remaining() <= VALUE_BYTES_MAX, "value of %d bytes", value.remaining());
    }

    /** A view of its own, position 0. */
    @Override
    public ByteBuffer value() {
        return value.duplicate();
    }

    /** Reads an attribute object, position to limit; empty if it is not of that size, or the value's length is not. */
    public static Optional<Attribute> read(ByteBuffer from) {
        ByteBuffer in = from.slice().order(ByteOrder.LITTLE_ENDIAN);
        if (in.remaining() != ObjectId.ATTR_BYTES) {
            return Optional.empty();
        }
        int length = in.getInt(524);
        if (length < 0 || length > VALUE_BYTES_MAX) {
            return Optional.empty();
        }
        return Optional.of(new Attribute(
                VdiName.read(in, 0),
                VdiName.read(in, VdiName.BYTES),
                in.getLong(512),
                in.getInt(520),
                VdiName.read(in, 528),
                in.slice(VALUE_OFFSET, length)));
    }

    /** The whole object; needs no release. */
    public Payload encode() {
        ByteBuffer out = ByteBuffer.allocate(ObjectId.ATTR_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        name.put(out, 0);
        tag.put(out, VdiName.BYTES);
        out.putLong(512, ctime);
        out.putInt(520, snapId);
        out.putInt(524, value.remaining());
        key.put(out, 528);
        out.put(VALUE_OFFSET, value, value.position(), value.remaining());
        return Payload.of(out);
    }

    public Attribute withCtime(long time) {
        return new Attribute(name, tag, time, snapId, key, value);
    }

    /** The attributes of a name lie under the vid its hash gives, which is not that of the VDI. */
    public Vid container() {
        return new Vid(VidProbe.preferred(name));
    }

    /** The first id to try; on a collision the next one follows, past the last from 0 again. */
    public int firstId() {
        long h = addPadded(addPadded(Fnv.BASIS, name), tag);
        return (int) addPadded(Fnv.addInt(h, snapId), key);
    }

    /** Whether {@code other} is the same key of the same VDI or snapshot. */
    public boolean isSameKey(Attribute other) {
        return name.equals(other.name) && tag.equals(other.tag) && snapId == other.snapId && key.equals(other.key);
    }

    private static long addPadded(long h, VdiName field) {
        return Fnv.addZeros(Fnv.add(h, field.bytes()), VdiName.BYTES - field.length());
    }
}
