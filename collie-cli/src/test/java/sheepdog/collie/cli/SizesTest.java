package sheepdog.collie.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SizesTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0.0 MB",
        "4194304, 4.0 MB",
        "539545600, 515 MB",
        "104857600, 100 MB",
        "1048576000, 1000 MB",
        "4294967296, 4.0 GB",
        "11010048, 10 MB", // 10.5: to the even digit
        "12058624, 12 MB", // 11.5: to the even digit
        "2415919104, 2.2 GB", // 2.25
        "10443817, 10.0 MB", // 9.96: one decimal, for it was below ten before rounding
        "1073741823, 1024 MB",
        "-1, 16 EB",
    })
    void sizesArePrintedAsTheCLibraryRounds(long bytes, String text) {
        assertThat(Sizes.human(bytes)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "4096, 4096",
        "300MB, 314572800",
        "1.5G, 1610612736",
        "4MiB, 4194304",
        "1k, 1024",
        "1K, 1024",
        "4T, 4398046511104",
        "512b, 512",
        "1.0005k, 1024",
        "' 7', 7",
        "+7, 7",
        ".5k, 512",
        "1e3, 1000",
        "1e3k, 1024000",
        "16777217T, 9223372036854775807",
        "1e400, 9223372036854775807",
    })
    void sizesAreReadWithTheFirstLetterOfASuffix(String text, long bytes) {
        assertThat(Sizes.parse(text)).isEqualTo(bytes);
    }

    @Test
    void nothingIsZero() {
        assertThat(Sizes.parse("")).isZero();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"abc", "10m", "1g", "10 M", "-1", "-0.1", "M", ".", "0x10", "inf", "nan", "1..5", "1,5", " "})
    void anythingElseIsRefused(String text) {
        assertThatThrownBy(() -> Sizes.parse(text)).isInstanceOfSatisfying(CommandException.class, refused -> {
            assertThat(refused.code()).isEqualTo(ExitCode.USAGE);
            assertThat(refused.lines().getFirst()).isEqualTo("Invalid size '" + text + "'");
            assertThat(refused.lines()).hasSize(2);
        });
    }

    @Test
    void roundingUpNeverOverflows() {
        assertThat(Sizes.roundUpToSector(0)).isZero();
        assertThat(Sizes.roundUpToSector(1)).isEqualTo(512);
        assertThat(Sizes.roundUpToSector(512)).isEqualTo(512);
        assertThat(Sizes.roundUpToSector(Long.MAX_VALUE)).isPositive().matches(Sizes::isSectorAligned);
    }
}
