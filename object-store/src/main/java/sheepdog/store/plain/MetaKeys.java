package sheepdog.store.plain;

import java.nio.ByteBuffer;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Vid;
import sheepdog.store.api.ObjectInfo;

/**
 * Keys and values of the metadata; integers are big endian, so that keys sort as unsigned numbers do.
 *
 * <pre>
 *   o oid u64            version u8 = 1, epoch u32, mutated u32                       an object that is here
 *   s oid u64            version u8 = 1, then nothing or a checksum u32 per block     its checksums; nothing: all holes
 *   x oid u64            version u8 = 1, epoch u32                                    an object that was removed then
 *   m vid u32 oid u64    version u8 = 1, generation u64, sequence u64, inherited u8   an object in flight
 *   v vid u32            version u8 = 1, fenced u64, generation u64, completed u64    a VDI's owner
 *   f                    version u8 = 1, epoch u32                                    the fenced epoch
 *   g                    version u8 = 1, epoch u32                                    removals up to that epoch are forgotten
 *   c                    version u8 = 1, serial u64                                   newest segment not to be replayed
 *   j                    version u8 = 1, secret u64                                   what each batch of the journal bears
 * </pre>
 */
final class MetaKeys {
    static final byte[] FENCE = {'f'};
    static final byte[] FORGOTTEN = {'g'};
    static final byte[] CHECKPOINT = {'c'};
    static final byte[] JOURNAL = {'j'};

    private static final byte VERSION = 1;

    private MetaKeys() {}

    static byte[] object(ObjectId oid) {
        return ByteBuffer.allocate(9).put((byte) 'o').putLong(oid.bits()).array();
    }

    static byte[] sums(ObjectId oid) {
        return ByteBuffer.allocate(9).put((byte) 's').putLong(oid.bits()).array();
    }

    static byte[] removal(ObjectId oid) {
        return ByteBuffer.allocate(9).put((byte) 'x').putLong(oid.bits()).array();
    }

    static byte[] mark(ObjectId oid) {
        return ByteBuffer.allocate(13)
                .put((byte) 'm')
                .putInt(oid.vid().value())
                .putLong(oid.bits())
                .array();
    }

    static byte[] owner(Vid vid) {
        return ByteBuffer.allocate(5).put((byte) 'v').putInt(vid.value()).array();
    }

    /** First key of a kind. */
    static byte[] from(char kind) {
        return new byte[] {(byte) kind};
    }

    /** The key after the last one of a kind. */
    static byte[] to(char kind) {
        return new byte[] {(byte) (kind + 1)};
    }

    /** The smallest key after {@code key}. */
    static byte[] after(byte[] key) {
        return ByteBuffer.allocate(key.length + 1).put(key).array();
    }

    static ObjectId oidOf(byte[] objectKey) {
        return new ObjectId(ByteBuffer.wrap(objectKey).getLong(1));
    }

    static ObjectId oidOfMark(byte[] markKey) {
        return new ObjectId(ByteBuffer.wrap(markKey).getLong(5));
    }

    static Vid vidOf(byte[] ownerKey) {
        return new Vid(ByteBuffer.wrap(ownerKey).getInt(1));
    }

    static byte[] epochValue(Epoch epoch) {
        return ByteBuffer.allocate(5).put(VERSION).putInt(epoch.number()).array();
    }

    static Epoch epochOf(byte[] value) throws UnknownVersionException {
        return new Epoch(checked(value, 5).getInt());
    }

    static byte[] objectValue(Epoch epoch, Epoch mutated) {
        return ByteBuffer.allocate(9)
                .put(VERSION)
                .putInt(epoch.number())
                .putInt(mutated.number())
                .array();
    }

    static ObjectInfo info(byte[] objectKey, byte[] value) throws UnknownVersionException {
        ByteBuffer fields = checked(value, 9);
        return new ObjectInfo(oidOf(objectKey), new Epoch(fields.getInt()), new Epoch(fields.getInt()));
    }

    static byte[] serialValue(long serial) {
        return ByteBuffer.allocate(9).put(VERSION).putLong(serial).array();
    }

    static long serialOf(byte[] value) throws UnknownVersionException {
        return checked(value, 9).getLong();
    }

    static byte[] secretValue(long secret) {
        return serialValue(secret);
    }

    static long secretOf(byte[] value) throws UnknownVersionException {
        return serialOf(value);
    }

    static byte[] sumsValue(int[] sums) {
        boolean holes = true;
        for (int sum : sums) {
            holes &= sum == Blocks.HOLE;
        }
        if (holes) {
            return new byte[] {VERSION};
        }
        var value = ByteBuffer.allocate(1 + 4 * sums.length).put(VERSION);
        value.asIntBuffer().put(sums);
        return value.array();
    }

    static int[] sumsOf(ObjectId oid, byte[] value) throws UnknownVersionException {
        var sums = new int[Blocks.count(oid)];
        ByteBuffer rest = checked(value, value.length == 1 ? 1 : 1 + 4 * sums.length);
        if (rest.hasRemaining()) {
            rest.asIntBuffer().get(sums);
        }
        return sums;
    }

    static ByteBuffer value(int bytes) {
        return ByteBuffer.allocate(1 + bytes).put(VERSION);
    }

    /** @return the value behind its version */
    static ByteBuffer checked(byte[] value, int length) throws UnknownVersionException {
        if (value.length != length || value[0] != VERSION) {
            throw new UnknownVersionException(value.length == 0 ? -1 : value[0], value.length);
        }
        return ByteBuffer.wrap(value, 1, length - 1).slice();
    }

    /** A record of a later program, or a damaged one. */
    static final class UnknownVersionException extends java.io.IOException {
        private static final long serialVersionUID = 1L;

        UnknownVersionException(int version, int length) {
            super("a metadata record of version " + version + " and " + length + " bytes is not known here");
        }
    }
}
