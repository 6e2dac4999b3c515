package sheepdog.it.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import sheepdog.it.process.Tools;

/** One story of chaos, drawn anew each time; {@code it-tests/chaos/run} tells more of them. */
class ChaosIT {
    private static final Duration FAULTS = Duration.ofSeconds(40);

    @TempDir(cleanup = CleanupMode.ALWAYS)
    Path folder;

    @Test
    void nothingIsLostAndNobodySeesAnErrorWhateverHappens() throws IOException, InterruptedException {
        List<String> missing = Chaos.missing();
        assumeTrue(missing.isEmpty(), () -> "not there: " + missing + "; run it-tests/clients/ensure as root");
        long seed = Long.getLong("chaos.seed", new SecureRandom().nextInt(1_000_000_000));
        Path keep = Tools.repository().resolve("it-tests/target/chaos/" + seed);
        var kinds = new ArrayList<>(Fault.takingOut());
        kinds.removeAll(Fault.known());

        var report = Chaos.run(new Chaos.Options(seed, FAULTS, kinds, 1), folder, keep, System.out);

        System.out.println(report.summary());
        assertThat(report.failures())
                .as("it-tests/chaos/run 0 %d tells this story again; its logs are in %s", seed, keep)
                .isEmpty();
    }
}
