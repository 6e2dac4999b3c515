package sheepdog.protocol.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class ZeroTrimProperties {
    @Property
    void whatWasTrimmedIsRestored(
            @ForAll @IntRange(min = 0, max = 5000) int length,
            @ForAll @IntRange(min = 0, max = 3) int marks,
            @ForAll long seed) {
        byte[] range = new byte[length];
        var random = new SplittableRandom(seed);
        for (int i = 0; i < marks && length > 0; i++) {
            range[random.nextInt(length)] = 1;
        }
        ByteBuffer buffer = ByteBuffer.wrap(range);

        ZeroTrim.Part part = ZeroTrim.trim(buffer);

        byte[] restored = new byte[length];
        Arrays.fill(restored, (byte) 0x55);
        assertThat(ZeroTrim.restore(
                        part.offset(), buffer.slice(part.offset(), part.length()), ByteBuffer.wrap(restored)))
                .isTrue();
        assertThat(restored).isEqualTo(range);
        assertThat(buffer.position()).isZero();
        assertThat(buffer.remaining()).isEqualTo(length);
    }

    @Property
    void noSectorOfZerosIsLeftAtEitherEnd(
            @ForAll @IntRange(min = 512, max = 5000) int length, @ForAll @IntRange(min = 0, max = 4999) int mark) {
        byte[] range = new byte[length];
        range[mark % length] = 1;

        ZeroTrim.Part part = ZeroTrim.trim(ByteBuffer.wrap(range));

        int at = mark % length;
        assertThat(at).isBetween(part.offset(), part.offset() + part.length() - 1);
        assertThat(at - part.offset()).isLessThan(ZeroTrim.SECTOR_BYTES);
        assertThat(part.offset() + part.length() - 1 - at).isLessThan(ZeroTrim.SECTOR_BYTES);
    }

    @Property
    void aPartThatIsNotInsideTouchesNothing(
            @ForAll int offset,
            @ForAll @IntRange(min = 0, max = 2000) int length,
            @ForAll @IntRange(min = 0, max = 1000) int room) {
        byte[] into = new byte[room];
        Arrays.fill(into, (byte) 0x55);
        byte[] before = into.clone();

        boolean isRestored = ZeroTrim.restore(offset, ByteBuffer.allocate(length), ByteBuffer.wrap(into));

        assertThat(isRestored).isEqualTo(offset >= 0 && (long) offset + length <= room);
        if (!isRestored) {
            assertThat(into).isEqualTo(before);
        }
    }
}
