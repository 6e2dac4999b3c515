package sheepdog.it.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Two sheep with data and a witness: each of the three may be lost, also the one that would have broken the tie. */
class WitnessIT {
    private static final Duration COMES_BACK = Duration.ofSeconds(30);

    @TempDir
    Path folder;

    private ProcessCluster cluster;

    @RegisterExtension
    final FailureLogs logs = new FailureLogs(() -> cluster.logs());

    @BeforeEach
    void startAndFormat() {
        cluster = ProcessCluster.jgroups(folder, 2).plus("--witness").startAll().format(2);
    }

    @AfterEach
    void end() {
        cluster.close();
    }

    @Test
    void whicheverOfTheThreeIsKilledTheOthersGoOn() throws IOException {
        for (int lost = 0; lost < 3; lost++) {
            int stays = lost == 0 ? 1 : 0;
            try (var load = Load.on(cluster.sheep(stays), "disk" + lost)) {
                load.awaitWrites(50);

                cluster.sheep(lost).kill();
                load.awaitWrites(100);
                cluster.sheep(stays).awaitServing(2, COMES_BACK);
                cluster.start(lost);
                cluster.awaitServing();

                load.awaitWrites(50);
                load.stop();
                load.verify(cluster.sheep(stays));
            }
            Waiting.until(
                    "both stores to hold the same objects",
                    COMES_BACK,
                    () -> Stores.objects(cluster.store(0)).equals(Stores.objects(cluster.store(1))));
        }
        assertThat(Stores.objects(cluster.store(2))).isEmpty();
    }
}
