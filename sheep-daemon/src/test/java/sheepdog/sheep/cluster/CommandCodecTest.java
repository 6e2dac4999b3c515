package sheepdog.sheep.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Vid;

class CommandCodecTest {
    private static String hex(ClusterCommand command) {
        return HexFormat.of().formatHex(CommandCodec.encode(command));
    }

    @Test
    void theBytesOfEntriesStayAsTheyAreOnDisks() {
        var vid = new Vid(0xabcdef);
        assertThat(hex(new ClusterCommand.Format(1, 3, 8, "farm")))
                .isEqualTo("0101" + "0000000000000001" + "00000003" + "00000008" + "0004" + "6661726d");
        assertThat(hex(new ClusterCommand.Shutdown())).isEqualTo("0102");
        assertThat(hex(new ClusterCommand.Barrier())).isEqualTo("0103");
        assertThat(hex(new ClusterCommand.ReserveVdi("a", vid, true, 2, 3, 4, 5)))
                .isEqualTo("0104" + "0001" + "61" + "00abcdef" + "01" + "00000002" + "0000000000000003"
                        + "0000000000000004" + "0000000000000005");
        assertThat(hex(new ClusterCommand.CommitVdi(vid, 1, 2, "t")))
                .isEqualTo("0105" + "00abcdef" + "0000000000000001" + "0000000000000002" + "0001" + "74");
        assertThat(hex(new ClusterCommand.AbortVdi(vid, 1))).isEqualTo("0106" + "00abcdef" + "0000000000000001");
        assertThat(hex(new ClusterCommand.DeleteVdi("a", "", 7)))
                .isEqualTo("0107" + "0001" + "61" + "0000" + "00000007");
        assertThat(hex(new ClusterCommand.ReclaimedVdi(vid, 9))).isEqualTo("0108" + "00abcdef" + "0000000000000009");
        assertThat(hex(new ClusterCommand.TakeOwner(vid, 1, 2, 3)))
                .isEqualTo("0109" + "00abcdef" + "0000000000000001" + "0000000000000002" + "0000000000000003");
        assertThat(hex(new ClusterCommand.ReleaseOwner(vid, 3))).isEqualTo("010a" + "00abcdef" + "0000000000000003");
        assertThat(hex(new ClusterCommand.SettledVdi(vid, 3))).isEqualTo("010b" + "00abcdef" + "0000000000000003");
        assertThat(hex(new ClusterCommand.RecoveredStore(1, new Epoch(2), 3)))
                .isEqualTo("010c" + "0000000000000001" + "00000002" + "00000003");
        assertThat(hex(new ClusterCommand.DrainStore(1, true))).isEqualTo("0115" + "0000000000000001" + "01");
        assertThat(hex(new ClusterCommand.FillStore(1))).isEqualTo("0116" + "0000000000000001");
    }

    @Test
    void anEntryOfALaterVersionIsRefusedByItsVersion() {
        assertThatThrownBy(() -> CommandCodec.decode(new byte[] {2, 3}))
                .isInstanceOf(CommandCodec.UnknownCommandException.class)
                .hasMessageContaining("version 2");
    }

    @Test
    void anEntryAboutAnIdThatCannotBeIsRefused() {
        byte[] bytes = CommandCodec.encode(new ClusterCommand.AbortVdi(new Vid(1), 1));
        bytes[2] = 1;

        assertThatThrownBy(() -> CommandCodec.decode(bytes)).isInstanceOf(CommandCodec.UnknownCommandException.class);
    }
}
