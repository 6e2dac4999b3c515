package sheepdog.protocol.wire;

import java.nio.ByteBuffer;
import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.ObjectId;

/**
 * How one content of an object becomes another, so that only what differs travels. The one who has the old content sends
 * a digest of each block of 4 KiB, the other answers with the blocks whose digests are others:
 *
 * <pre>
 *  digests: per block the first 16 bytes of its SHA-256; nothing at all stands for an object of zeros
 *  changes: a bit per block, the lowest of each byte first, 1 if it follows; then these blocks, whole, in order
 * </pre>
 *
 * The last block is as long as there are bytes for it. Pure; any thread.
 */
public final class ObjectChanges {
    private static final int BLOCK_BYTES = 4096;
    private static final int DIGEST_BYTES = 16;

    /** The digests of the largest object. */
    public static final int DIGESTS_BYTES_MAX = digestsLength(ObjectId.INODE_BYTES);

    /** The changes of the largest object, if there is nothing that it has not. */
    public static final int BYTES_MAX = bitsLength(ObjectId.INODE_BYTES) + ObjectId.INODE_BYTES;

    private static final ByteBuffer ZEROS = ByteBuffer.allocate(BLOCK_BYTES).asReadOnlyBuffer();

    private ObjectChanges() {}

    /** Bytes of the digests of an object of so many bytes. */
    public static int digestsLength(int size) {
        return blocks(size) * DIGEST_BYTES;
    }

    /**
     * @param content a whole object, position to limit, left as it was
     * @return position 0
     */
    public static ByteBuffer digests(ByteBuffer content) {
        var digests = ByteBuffer.allocate(digestsLength(content.remaining()));
        var hash = new Hash();
        for (int block = 0; block < blocks(content.remaining()); block++) {
            digests.put(hash.of(block(content, block)), 0, DIGEST_BYTES);
        }
        return digests.flip();
    }

    /**
     * What makes of the content whose {@code digests} these are the object that {@code content} is.
     *
     * @param content a whole object, position to limit, left as it was
     * @param digests of an object of the same size, or empty; left as they were
     * @return position 0
     */
    public static ByteBuffer of(ByteBuffer content, ByteBuffer digests) {
        int size = content.remaining();
        Invariant.check(
                !digests.hasRemaining() || digests.remaining() == digestsLength(size),
                "digests %d",
                digests.remaining());
        var changed = new boolean[blocks(size)];
        int bytes = bitsLength(size);
        var hash = new Hash();
        for (int number = 0; number < changed.length; number++) {
            ByteBuffer block = block(content, number);
            if (digests.hasRemaining()) {
                var old = digests.slice(digests.position() + number * DIGEST_BYTES, DIGEST_BYTES);
                changed[number] = !old.equals(ByteBuffer.wrap(hash.of(block), 0, DIGEST_BYTES));
            } else {
                changed[number] = block.mismatch(ZEROS.slice(0, block.remaining())) >= 0;
            }
            bytes += changed[number] ? block.remaining() : 0;
        }
        var changes = ByteBuffer.allocate(bytes).position(bitsLength(size));
        for (int number = 0; number < changed.length; number++) {
            if (changed[number]) {
                changes.put(number / 8, (byte) (changes.get(number / 8) | 1 << number % 8));
                changes.put(block(content, number));
            }
        }
        return changes.flip();
    }

    /**
     * @param changes position to limit, left as they were
     * @param content becomes the new one; position to limit, which stay
     * @return false, and the content is as it was, if these are no changes of an object of its size
     */
    public static boolean apply(ByteBuffer changes, ByteBuffer content) {
        int size = content.remaining();
        if (changes.remaining() != lengthSaid(changes, size)) {
            return false;
        }
        int at = changes.position() + bitsLength(size);
        for (int number = 0; number < blocks(size); number++) {
            if (isChanged(changes, number)) {
                int length = block(content, number).remaining();
                content.put(content.position() + number * BLOCK_BYTES, changes, at, length);
                at += length;
            }
        }
        return true;
    }

    /** How long the changes should be by their bits; -1 if they are even shorter than these. */
    private static int lengthSaid(ByteBuffer changes, int size) {
        if (changes.remaining() < bitsLength(size)) {
            return -1;
        }
        int length = bitsLength(size);
        for (int number = 0; number < blocks(size); number++) {
            length += isChanged(changes, number) ? Math.min(BLOCK_BYTES, size - number * BLOCK_BYTES) : 0;
        }
        return length;
    }

    private static boolean isChanged(ByteBuffer changes, int block) {
        return (changes.get(changes.position() + block / 8) >> block % 8 & 1) != 0;
    }

    private static int blocks(int size) {
        return (size + BLOCK_BYTES - 1) / BLOCK_BYTES;
    }

    private static int bitsLength(int size) {
        return (blocks(size) + 7) / 8;
    }

    private static ByteBuffer block(ByteBuffer content, int number) {
        int start = number * BLOCK_BYTES;
        return content.slice(content.position() + start, Math.min(BLOCK_BYTES, content.remaining() - start));
    }

    /** One after the other into the same bytes. */
    private static final class Hash {
        private final MessageDigest sha256;
        private final byte[] result;

        Hash() {
            try {
                sha256 = MessageDigest.getInstance("SHA-256");
            } catch (NoSuchAlgorithmException missing) {
                throw new IllegalStateException("every Java has SHA-256", missing);
            }
            result = new byte[sha256.getDigestLength()];
        }

        byte[] of(ByteBuffer block) {
            sha256.update(block.duplicate());
            try {
                sha256.digest(result, 0, result.length);
            } catch (DigestException impossible) {
                throw new IllegalStateException("the result is as long as it asked for", impossible);
            }
            return result;
        }
    }
}
