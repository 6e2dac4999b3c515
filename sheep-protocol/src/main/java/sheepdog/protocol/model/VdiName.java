package sheepdog.protocol.model;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * A VDI's name, or a snapshot's tag: up to 256 bytes of any value but 0, kept as they came, for the protocol does not
 * say which encoding they have. On the wire they fill a field of 256 bytes, padded with zeros.
 *
 * @param latin1 one char (1 to 255) per byte; two names are equal if all their bytes are
 */
public record VdiName(String latin1) {
    /** Bytes of the field on the wire and in inodes. */
    public static final int BYTES = 256;

    public static final VdiName EMPTY = new VdiName("");

    public VdiName {
        Invariant.check(latin1.length() <= BYTES, "name of %d bytes", latin1.length());
        for (int i = 0; i < latin1.length(); i++) {
            char c = latin1.charAt(i);
            Invariant.check(c != 0 && c < 256, "char %d in a name", (int) c);
        }
    }

    /**
     * The name that a user typed, in UTF-8.
     *
     * @param text without NUL, at most 256 bytes in UTF-8; {@link #fits} tells
     */
    public static VdiName of(String text) {
        return new VdiName(new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1));
    }

    /** Whether {@link #of} takes {@code text} and the result leaves room for the terminating zero. */
    public static boolean fits(String text) {
        return text.indexOf('\0') < 0 && text.getBytes(StandardCharsets.UTF_8).length < BYTES;
    }

    /** Reads a field: 256 bytes from {@code offset}, up to the first zero. Leaves position and limit alone. */
    public static VdiName read(ByteBuffer from, int offset) {
        return read(from, offset, BYTES);
    }

    /** Likewise, of a field of {@code length} bytes, 0 to 256. */
    public static VdiName read(ByteBuffer from, int offset, int length) {
        byte[] field = new byte[length];
        from.get(offset, field);
        int end = 0;
        while (end < length && field[end] != 0) {
            end++;
        }
        return new VdiName(new String(field, 0, end, StandardCharsets.ISO_8859_1));
    }

    /** Fills a field of 256 bytes at {@code offset}, zeros included. Leaves position and limit alone. */
    public void put(ByteBuffer into, int offset) {
        byte[] field = new byte[BYTES];
        byte[] bytes = bytes();
        System.arraycopy(bytes, 0, field, 0, bytes.length);
        into.put(offset, field);
    }

    /** The bytes, without padding. */
    public byte[] bytes() {
        return latin1.getBytes(StandardCharsets.ISO_8859_1);
    }

    public int length() {
        return latin1.length();
    }

    public boolean isEmpty() {
        return latin1.isEmpty();
    }

    /** The original's names end with a zero inside the field, so 256 bytes are one too many for a VDI's name. */
    public boolean isTerminated() {
        return latin1.length() < BYTES;
    }

    /** As UTF-8, with replacement characters for what is not; for people, never to look something up. */
    @Override
    public String toString() {
        return new String(bytes(), StandardCharsets.UTF_8);
    }
}
