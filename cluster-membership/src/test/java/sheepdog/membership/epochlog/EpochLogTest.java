package sheepdog.membership.epochlog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;

class EpochLogTest {
    /** A config file that the original wrote. */
    private static final String ORIGINAL_CONFIG =
            "30251d2e86fa026b0100036661726d00" + "00000000000000000000000000000100" + "00102aea36000000";

    private static final Node NODE = new Node(NodeId.of("127.0.0.1", 7000), Optional.empty(), 64, 0, 0x36ea2a1000L);

    @TempDir
    Path base;

    @Test
    void configIsTheOriginals() throws IOException {
        var log = EpochLog.open(base);

        log.record(new ClusterConfig(0x6b02fa862e1d2530L, 1, 3, "farm", 0x36ea2a1000L));

        assertThat(Files.readAllBytes(base.resolve("config")))
                .isEqualTo(HexFormat.of().parseHex(ORIGINAL_CONFIG));
        assertThat(EpochLog.open(base).config()).isEqualTo(log.config());
    }

    @Test
    void epochsComeBackInOrder() throws IOException {
        var log = EpochLog.open(base);

        log.record(new Epoch(2), 1_366_912_931L, List.of(NODE));
        log.record(new Epoch(1), 1_366_911_027L, List.of(NODE, NODE));

        assertThat(base.resolve("epoch/00000001")).hasSize(2 * 56 + 8);
        assertThat(EpochLog.open(base).all())
                .containsExactly(
                        new EpochLog.Recorded(new Epoch(1), 1_366_911_027L, List.of(NODE, NODE)),
                        new EpochLog.Recorded(new Epoch(2), 1_366_912_931L, List.of(NODE)));
    }

    @Test
    void formatForgetsEpochsAndIsRememberedByItsIndex() throws IOException {
        var log = EpochLog.open(base);
        log.record(new Epoch(7), 1, List.of(NODE));

        log.formatted(new ClusterConfig(5, 1, 2, "plain", 9), 41);

        var again = EpochLog.open(base);
        assertThat(again.all()).isEmpty();
        assertThat(again.formattedAt()).isEqualTo(41);
        assertThat(again.config()).contains(new ClusterConfig(5, 1, 2, "plain", 9));
    }

    @Test
    void tornAndForeignFilesArePassedOverAndKept() throws IOException {
        var log = EpochLog.open(base);
        log.record(new Epoch(1), 1, List.of(NODE));
        Files.write(base.resolve("epoch/00000002"), new byte[70]);
        Files.write(base.resolve("epoch/notes"), new byte[64]);

        assertThat(EpochLog.open(base).all()).hasSize(1);
        assertThat(base.resolve("epoch/00000002")).exists();
        assertThat(base.resolve("epoch/notes")).exists();
    }

    @Test
    void configOfAnotherVersionIsRefusedByName() throws IOException {
        byte[] later = HexFormat.of().parseHex(ORIGINAL_CONFIG);
        later[30] = 6;
        Files.write(base.resolve("config"), later);

        assertThatThrownBy(() -> EpochLog.open(base))
                .isInstanceOf(EpochLog.VersionException.class)
                .hasMessageContaining("existing data layout, 6");
        assertThatThrownBy(() -> EpochLog.check(base)).isInstanceOf(EpochLog.VersionException.class);
    }
}
