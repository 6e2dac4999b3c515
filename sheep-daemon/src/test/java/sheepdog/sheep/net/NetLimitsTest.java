package sheepdog.sheep.net;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NetLimitsTest {
    @ParameterizedTest
    @CsvSource({"1024, 512", "4096, 2096", "10000, 8000", "1048576, 16384", "9000000000000, 16384"})
    void connectionsLeaveTheStoreItsFilesButAtMostHalfOfAll(long files, int connections) {
        var usual = NetLimits.of(64 << 20);

        var limits = usual.within(files);

        assertThat(limits.connectionsMax()).isEqualTo(connections);
        assertThat(limits.within(1L << 40)).isEqualTo(limits);
        assertThat(limits.bytesMax()).isEqualTo(usual.bytesMax());
    }
}
