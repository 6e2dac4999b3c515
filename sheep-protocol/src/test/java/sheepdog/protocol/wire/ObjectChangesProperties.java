package sheepdog.protocol.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import sheepdog.protocol.model.ObjectId;

class ObjectChangesProperties {
    private static final int BLOCK = 4096;

    @Property(tries = 100)
    void changesMakeTheNewContentOfTheOldOneAndAreNoMoreThanTheBlocksThatDiffer(
            @ForAll Random random, @ForAll @IntRange(min = 1, max = 20 * BLOCK) int size) {
        ByteBuffer old = content(random, size);
        ByteBuffer content = old.duplicate().rewind();
        content = ByteBuffer.allocate(size).put(content).flip();
        int last = (size - 1) / BLOCK;
        boolean[] differs = new boolean[last + 1];
        for (int change = random.nextInt(4); change > 0; change--) {
            int at = random.nextInt(size);
            content.put(at, (byte) (old.get(at) ^ 1));
            differs[at / BLOCK] = true;
        }
        int expected = (differs.length + 7) / 8;
        for (int block = 0; block <= last; block++) {
            expected += differs[block] ? Math.min(BLOCK, size - block * BLOCK) : 0;
        }

        ByteBuffer changes = ObjectChanges.of(content, ObjectChanges.digests(old));

        assertThat(changes.remaining()).isEqualTo(expected);
        assertThat(ObjectChanges.apply(changes, old)).isTrue();
        assertThat(old).isEqualTo(content);
    }

    @Property(tries = 100)
    void withoutDigestsZerosDoNotTravel(@ForAll Random random, @ForAll @IntRange(min = 1, max = 20 * BLOCK) int size) {
        ByteBuffer content = content(random, size);
        ByteBuffer zeros = ByteBuffer.allocate(size);

        ByteBuffer changes = ObjectChanges.of(content, ByteBuffer.allocate(0));

        assertThat(changes.remaining())
                .isEqualTo(
                        ObjectChanges.of(content, ObjectChanges.digests(zeros)).remaining());
        assertThat(ObjectChanges.apply(changes, zeros)).isTrue();
        assertThat(zeros).isEqualTo(content);
    }

    @Property(tries = 200)
    void whatIsMalformedIsRefusedAndChangesNothing(
            @ForAll Random random, @ForAll @IntRange(min = 1, max = 20 * BLOCK) int size) {
        ByteBuffer content = content(random, size);
        ByteBuffer before = ByteBuffer.allocate(size).put(content.duplicate()).flip();
        ByteBuffer changes = ObjectChanges.of(content, ByteBuffer.allocate(0));
        int length = random.nextInt(changes.remaining() + 20);
        var others = ByteBuffer.allocate(length == changes.remaining() ? length + 1 : length);
        others.put(0, changes, 0, Math.min(length, changes.remaining()));

        assertThat(ObjectChanges.apply(others, content)).isFalse();
        assertThat(content).isEqualTo(before);
    }

    @Property(tries = 5)
    void lengthsOfTheLargestObjectAreTheLimits(@ForAll Random random) {
        var content = ByteBuffer.allocate(ObjectId.INODE_BYTES);
        for (int at = 0; at < content.capacity(); at++) {
            content.put(at, (byte) (1 + random.nextInt(100)));
        }

        assertThat(ObjectChanges.digests(content).remaining()).isEqualTo(ObjectChanges.DIGESTS_BYTES_MAX);
        assertThat(ObjectChanges.of(content, ByteBuffer.allocate(0)).remaining())
                .isEqualTo(ObjectChanges.BYTES_MAX);
    }

    /** Some blocks are zeros. */
    private static ByteBuffer content(Random random, int size) {
        byte[] bytes = new byte[size];
        random.nextBytes(bytes);
        for (int at = 0; at < size; at += BLOCK) {
            if (random.nextInt(3) == 0) {
                Arrays.fill(bytes, at, Math.min(size, at + BLOCK), (byte) 0);
            }
        }
        return ByteBuffer.wrap(bytes);
    }
}
