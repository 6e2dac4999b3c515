package sheepdog.protocol.vdi;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import sheepdog.protocol.model.ObjectId;

class SlotsProperties {
    @Property
    void slicesFollowOneAnotherAndCoverTheRange(
            @ForAll @LongRange(min = 0, max = Slots.VDI_BYTES_MAX - (64 << 20)) long offset,
            @ForAll @IntRange(min = 0, max = 64 << 20) int length) {
        List<Slots.Slice> slices = Slots.slices(offset, length);

        long at = offset;
        for (Slots.Slice slice : slices) {
            assertThat((long) slice.index() * ObjectId.DATA_BYTES + slice.offset())
                    .isEqualTo(at);
            assertThat(slice.length()).isPositive();
            assertThat(slice.offset() + slice.length()).isLessThanOrEqualTo(ObjectId.DATA_BYTES);
            at += slice.length();
        }
        assertThat(at).isEqualTo(offset + length);
        assertThat(slices.size()).isLessThanOrEqualTo(length / ObjectId.DATA_BYTES + 2);
    }

    @Property
    void touchedSlotsAreThoseWithAByteInTheRange(
            @ForAll @IntRange(min = 4600, max = 4800) int offset, @ForAll @IntRange(min = 0, max = 100) int length) {
        Optional<Slots.Range> touched = Slots.touched(offset, length);

        for (int index = 0; index < 80; index++) {
            int begin = Slots.offset(index);
            boolean isTouched = begin < offset + length && offset < begin + 4 && length > 0;
            int slot = index;
            assertThat(touched.filter(range -> range.first() <= slot && slot < range.end()))
                    .as("slot %d", index)
                    .matches(range -> range.isPresent() == isTouched);
        }
    }
}
