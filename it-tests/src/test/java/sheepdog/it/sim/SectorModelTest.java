package sheepdog.it.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class SectorModelTest {
    private static final int SECTOR = SectorModel.SECTOR_BYTES;

    private final SectorModel model = new SectorModel(99);

    @Test
    void sectorNeverWrittenIsZeros() {
        model.read(5, new byte[2 * SECTOR]);

        byte[] other = new byte[SECTOR];
        other[511] = 1;
        assertThatThrownBy(() -> model.read(5, other)).isInstanceOf(AssertionError.class);
    }

    @Test
    void acknowledgedWriteMustBeRead() {
        var write = model.begin(5, 2);
        byte[] data = model.data(write);
        model.acknowledged(write);

        model.read(5, data);
        assertThatThrownBy(() -> model.read(5, new byte[SECTOR]))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("sector 5 holds write 0");
    }

    @Test
    void unacknowledgedWriteIsOldOrNewAndStaysWhatWasRead() {
        var first = model.begin(5, 1);
        byte[] old = model.data(first);
        model.acknowledged(first);
        var second = model.begin(5, 1);
        byte[] now = model.data(second);

        assertThat(old).isNotEqualTo(now);
        model.read(5, now);

        assertThatThrownBy(() -> model.read(5, old)).isInstanceOf(AssertionError.class);
        model.read(5, now);
    }

    @Test
    void mixtureWithinASectorIsNeverRight() {
        var write = model.begin(5, 1);
        byte[] data = model.data(write);
        Arrays.fill(data, 256, 512, (byte) 0);

        assertThatThrownBy(() -> model.read(5, data))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("mixture");
    }

    @Test
    void anotherSectorsDataIsFoundOut() {
        var write = model.begin(5, 2);
        byte[] data = model.data(write);
        model.acknowledged(write);

        byte[] swapped = new byte[2 * SECTOR];
        System.arraycopy(data, SECTOR, swapped, 0, SECTOR);
        System.arraycopy(data, 0, swapped, SECTOR, SECTOR);

        assertThatThrownBy(() -> model.read(5, swapped)).isInstanceOf(AssertionError.class);
    }

    @Test
    void copyGoesItsOwnWay() {
        var write = model.begin(5, 1);
        byte[] data = model.data(write);
        model.acknowledged(write);
        SectorModel snapshot = model.copy();

        model.acknowledged(model.begin(5, 1));

        snapshot.read(5, data);
        assertThatThrownBy(() -> model.read(5, data)).isInstanceOf(AssertionError.class);
    }
}
