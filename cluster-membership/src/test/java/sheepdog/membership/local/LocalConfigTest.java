package sheepdog.membership.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class LocalConfigTest {
    @Test
    void emptyIsTheOriginalsPlace() {
        assertThat(LocalConfig.parse("").folder()).isEqualTo(Path.of("/tmp/sheepdog_shm"));
    }

    @Test
    void anAbsolutePathIsTheFolder() {
        assertThat(LocalConfig.parse("/run/sheep/a").folder()).isEqualTo(Path.of("/run/sheep/a"));
    }

    @Test
    void aRelativePathIsRefused() {
        assertThatThrownBy(() -> LocalConfig.parse("sheep"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("local: 'sheep' is not an absolute path");
    }

    @Test
    void aPathTooLongForASocketsNameIsRefusedWithTheLimit() {
        String longest = "/" + "x".repeat(LocalConfig.FOLDER_BYTES_MAX - 1);

        assertThat(LocalConfig.parse(longest).folder()).isEqualTo(Path.of(longest));
        assertThatThrownBy(() -> LocalConfig.parse(longest + "x"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("names of sockets allow " + LocalConfig.FOLDER_BYTES_MAX);
    }

    @Test
    void aPathThatCannotBeIsRefused() {
        assertThatThrownBy(() -> LocalConfig.parse("/a\0b"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("is not a path");
    }

    @Test
    void theLongestSocketNameFits() {
        String name = SocketName.BEFORE + SocketName.of(-1, 4_194_304_000L, -1);

        assertThat(name.length()).isLessThanOrEqualTo(SocketName.LENGTH_MAX);
        assertThat(SocketName.isUnfinished(name)).isTrue();
        assertThat(SocketName.isListening(name)).isFalse();
    }
}
