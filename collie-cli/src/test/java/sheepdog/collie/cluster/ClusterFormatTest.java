package sheepdog.collie.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import sheepdog.collie.fake.FakeCluster;
import sheepdog.collie.fake.Run;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.Flags;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;

class ClusterFormatTest {
    private final FakeCluster cluster = new FakeCluster(3);

    @AfterEach
    void end() {
        cluster.close();
    }

    @Test
    void anEmptyClusterIsFormattedWithoutAQuestion() {
        assertThat(answered("")).isEqualTo(new Run("using backend farm store\n", "", 0));

        var made = cluster.requests(Request.MakeFs.class).getLast();
        assertThat(made.copies()).isEqualTo(3);
        assertThat(made.ctime()).isEqualTo(FakeCluster.NOW << 32);
        assertThat(made.header().flags()).isEqualTo(Flags.WRITE);
        assertThat(made.header().version()).isEqualTo(7);
    }

    @ParameterizedTest
    @CsvSource({"safe, 17", "quorum, 9", "unsafe, 5"})
    void theModeTravelsInTheFlags(String mode, int flags) {
        Run.collie(cluster, "cluster", "format", "-m", mode, "-b", "plain", "-c", "2");

        var made = cluster.requests(Request.MakeFs.class).getLast();
        assertThat(made.header().flags()).isEqualTo(flags);
        assertThat(made.storeName()).isEqualTo("plain");
        assertThat(made.copies()).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({"yes, true", "Yes sir, true", "y, false", "no, false", "'', false"})
    void aClusterThatEverHadADiskIsFormattedOnlyAfterAYes(String answer, boolean formatted) {
        answered("");
        Run.collie(cluster, "vdi", "create", "x", "4M");
        Run.collie(cluster, "vdi", "delete", "x");

        Run run = answered(answer + "\n");

        String[] prompt = run.out().split("\n");
        assertThat(prompt).hasSize(5);
        assertThat(prompt[3]).endsWith("Caution! The cluster is not empty.");
        assertThat(prompt[4])
                .contains("Are you sure you want to continue? [yes/no]: ")
                .satisfies(last ->
                        assertThat(last.endsWith("using backend farm store")).isEqualTo(formatted));
        assertThat(run.status()).isZero();
        assertThat(cluster.requests(Request.MakeFs.class)).hasSize(formatted ? 2 : 1);
    }

    @Test
    void theEndOfInputIsANo() {
        answered("");
        Run.collie(cluster, "vdi", "create", "x", "4M");

        assertThat(answered("").out()).endsWith("[yes/no]: ");
    }

    @Test
    void theLineAboutTheStoreIsThereEvenIfTheSheepRefuses() {
        cluster.script(request -> request instanceof Request.MakeFs
                ? Optional.of(Response.of(ResultCode.SYSTEM_ERROR))
                : Optional.empty());

        assertThat(answered("")).isEqualTo(new Run("using backend farm store\n", "Format failed: System error\n", 2));
    }

    private Run answered(String stdin) {
        return Run.collie(cluster.network(), stdin.getBytes(StandardCharsets.US_ASCII), "cluster", "format");
    }
}
