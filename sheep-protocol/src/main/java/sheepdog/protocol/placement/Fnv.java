package sheepdog.protocol.placement;

/**
 * The 64-bit FNV-1a hash, in steps: {@code h} is what the bytes before gave, {@link #BASIS} for none. Pure; any thread.
 */
public final class Fnv {
    /** The hash of nothing. */
    public static final long BASIS = 0xcbf29ce484222325L;

    private static final long PRIME = 0x100000001b3L;

    private Fnv() {}

    /** @param b the low 8 bits are one more byte */
    public static long add(long h, int b) {
        return (h ^ (b & 0xff)) * PRIME;
    }

    public static long add(long h, byte[] bytes) {
        for (byte b : bytes) {
            h = add(h, b);
        }
        return h;
    }

    /** The 8 bytes of a number, little endian. */
    public static long addLong(long h, long value) {
        for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
            h = add(h, (int) (value >>> shift));
        }
        return h;
    }

    /** The 4 bytes of a number, little endian. */
    public static long addInt(long h, int value) {
        for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
            h = add(h, value >>> shift);
        }
        return h;
    }

    /** The 2 low bytes of a number, little endian. */
    public static long addShort(long h, int value) {
        return add(add(h, value), value >>> Byte.SIZE);
    }

    /** {@code count} zero bytes. */
    public static long addZeros(long h, int count) {
        for (int i = 0; i < count; i++) {
            h *= PRIME;
        }
        return h;
    }
}
