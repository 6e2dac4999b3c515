package sheepdog.protocol.vdi;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import sheepdog.protocol.model.VdiName;
import sheepdog.protocol.model.Vid;

class VidProbeTest {
    private static final VdiName TEST = VdiName.of("test");

    @Test
    void namesHashToTheVidsOfTheOriginal() {
        assertThat(VidProbe.preferred(TEST)).isEqualTo(0x7c2b25);
        assertThat(VidProbe.preferred(VdiName.of("test2"))).isEqualTo(0xfd3815);
        assertThat(VidProbe.preferred(VdiName.of("base"))).isEqualTo(0x54c278);
        assertThat(VidProbe.preferred(VdiName.of("new"))).isEqualTo(0x71b731);
        assertThat(VidProbe.preferred(VdiName.of("a"))).isEqualTo(0x1ec8c);
        assertThat(VidProbe.preferred(VdiName.of("v"))).isEqualTo(0x20609);
    }

    @Test
    void aNameThatWasNeverUsedHasAnEmptyRun() {
        VidProbe.Run run = VidProbe.run(TEST, vid -> false);

        assertThat(run.count()).isZero();
        assertThat(run.newestFirst()).isEmpty();
        assertThat(run.free()).contains(new Vid(0x7c2b25));
    }

    @Test
    void aRunEndsAtTheFirstVidThatWasNeverUsed() {
        BitSet used = new BitSet();
        used.set(0x7c2b25, 0x7c2b28);
        used.set(0x7c2b29);

        VidProbe.Run run = VidProbe.run(TEST, used::get);

        assertThat(run.newestFirst()).containsExactly(new Vid(0x7c2b27), new Vid(0x7c2b26), new Vid(0x7c2b25));
        assertThat(run.free()).contains(new Vid(0x7c2b28));
    }

    @Test
    void aRunGoesOnFromTheFirstVidBehindTheLast() {
        BitSet used = new BitSet();
        used.set(0x7c2b25, Vid.COUNT);
        used.set(1, 3);

        VidProbe.Run run = VidProbe.run(TEST, used::get);

        List<Vid> vids = run.newestFirst();
        assertThat(run.free()).contains(new Vid(3));
        assertThat(vids.subList(0, 3)).containsExactly(new Vid(2), new Vid(1), new Vid(0xffffff));
        assertThat(vids).doesNotContain(Vid.NONE).hasSize(Vid.COUNT - 0x7c2b25 + 2);
    }

    @Test
    void vid0IsNeverGiven() {
        BitSet used = new BitSet();
        used.set(0x7c2b25, Vid.COUNT);

        assertThat(VidProbe.run(TEST, used::get).free()).contains(new Vid(1));
    }

    @Test
    void whenAllVidsAreUsedThereIsNoneForANewVdi() {
        VidProbe.Run run = VidProbe.run(TEST, vid -> true);

        assertThat(run.free()).isEqualTo(Optional.empty());
        assertThat(run.newestFirst()).hasSize(Vid.COUNT - 1);
    }
}
