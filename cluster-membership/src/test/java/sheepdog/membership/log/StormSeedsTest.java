package sheepdog.membership.log;

import static org.assertj.core.api.Assertions.assertThatCode;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Storms that failed once, and what each of them found. They run in every build. */
class StormSeedsTest {
    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(
            delimiter = '|',
            value = {
                "-32109 | the storm looked while a write from before the calm was still under way on a slow disk",
            })
    void aStormThatFailedOnceEndsWell(long seed, String found) {
        assertThatCode(() -> new Storm(seed).run(Duration.ofSeconds(25)))
                .as(found)
                .doesNotThrowAnyException();
    }
}
