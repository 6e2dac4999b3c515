package sheepdog.protocol.vdi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import sheepdog.protocol.model.ObjectId;

class SlotsTest {
    @Test
    void aRangeAcrossAnObjectsEndIsTwoSlices() {
        assertThat(Slots.slices((4 << 20) - 512, 1024))
                .containsExactly(new Slots.Slice(0, (4 << 20) - 512, 512), new Slots.Slice(1, 0, 512));
    }

    @Test
    void theLastByteOfTheLargestDiskLiesInTheLastObject() {
        assertThat(Slots.slices(Slots.VDI_BYTES_MAX - 1, 1))
                .containsExactly(new Slots.Slice(ObjectId.INDEX_LIMIT - 1, (4 << 20) - 1, 1));
    }

    @Test
    void aRangePastTheLargestDiskIsAnError() {
        assertThatThrownBy(() -> Slots.slices(Slots.VDI_BYTES_MAX, 1)).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> Slots.slices(1, Long.MAX_VALUE)).isInstanceOf(AssertionError.class);
    }

    @Test
    void partsOfAnObjectCountAsOne() {
        assertThat(Slots.count(0)).isZero();
        assertThat(Slots.count(1)).isOne();
        assertThat(Slots.count(4 << 20)).isOne();
        assertThat(Slots.count((4 << 20) + 1)).isEqualTo(2);
        assertThat(Slots.count(Slots.VDI_BYTES_MAX)).isEqualTo(1 << 20);
    }

    @Test
    void aHeaderWriteTouchesNoSlot() {
        assertThat(Slots.touched(0, 4664)).isEmpty();
        assertThat(Slots.touched(256, 256)).isEmpty();
    }

    @Test
    void aSlotWriteTouchesItsSlots() {
        assertThat(Slots.touched(4664 + 4 * 7, 12)).contains(new Slots.Range(7, 10));
    }

    @Test
    void anUnalignedWriteTouchesTheSlotsItBeginsAndEndsIn() {
        assertThat(Slots.touched(4667, 2)).contains(new Slots.Range(0, 2));
        assertThat(Slots.touched(4660, 5)).contains(new Slots.Range(0, 1));
    }

    @Test
    void aWholeInodeTouchesEverySlot() {
        assertThat(Slots.touched(0, ObjectId.INODE_BYTES)).contains(new Slots.Range(0, 1 << 20));
    }
}
