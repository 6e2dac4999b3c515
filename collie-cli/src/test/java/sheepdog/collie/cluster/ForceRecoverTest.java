package sheepdog.collie.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import sheepdog.collie.fake.FakeCluster;
import sheepdog.collie.fake.Run;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;

class ForceRecoverTest {
    private final FakeCluster cluster = new FakeCluster(2).formatted();
    private ResultCode result = ResultCode.SUCCESS;

    @BeforeEach
    void answer() {
        cluster.script(request ->
                request instanceof Request.ForceRecover ? Optional.of(Response.of(result)) : Optional.empty());
    }

    @AfterEach
    void end() {
        cluster.close();
    }

    @Test
    void withTheOptionItAsksNobodyAndIsSilent() {
        assertThat(Run.collie(cluster, "cluster", "recover", "force", "-f")).isEqualTo(new Run("", "", 0));

        assertThat(cluster.requests(Request.ForceRecover.class)).hasSize(1);
    }

    @Test
    void oneWordThatBeginsWithYesIsAYes() {
        assertThat(answered("\n  YESterday no").status()).isZero();
        assertThat(cluster.requests(Request.ForceRecover.class)).hasSize(1);

        assertThat(answered("y\nyes\n").status()).isZero();
        assertThat(answered("no\n").status()).isZero();
        assertThat(cluster.requests(Request.ForceRecover.class)).hasSize(1);
    }

    @Test
    void noAnswerAtAllIsAnError() {
        Run run = answered(" \n");

        assertThat(run.out()).startsWith("Caution! ").endsWith("\n\nAre you sure you want to continue? [yes/no]: ");
        assertThat(run.status()).isEqualTo(2);
        assertThat(cluster.requests(Request.ForceRecover.class)).isEmpty();
    }

    @Test
    void aClusterThatRunsIsNotForced() {
        result = ResultCode.FORCE_RECOVER;

        assertThat(Run.collie(cluster, "cluster", "recover", "force", "-f"))
                .isEqualTo(new Run(
                        "", "failed to execute request, Cluster is running/halted and cannot be force recovered\n", 1));
    }

    @Test
    void whatHasNoCopyIsSaidOnTheErrorStreamAndItIsASuccess() {
        Run.collie(cluster, "vdi", "create", "-P", "monkey", "12M");
        cluster.lose(ObjectId.ofData(cluster.vid("monkey", ""), 1));

        Run run = Run.collie(cluster, "cluster", "recover", "force", "-f");

        assertThat(run.err()).isEqualTo("""
                        monkey: of 4 objects 1 have no copy, 0 wait
                               %s has no copy
                        Objects without a copy: 1, waiting for absent nodes: 0
                        'collie cluster recover lost --list' names them all
                        """.formatted(ObjectId.ofData(cluster.vid("monkey", ""), 1)));
        assertThat(run.out()).isEmpty();
        assertThat(run.status()).isZero();
    }

    @Test
    void asJsonItSaysWhatHasNoCopy() {
        assertThat(Run.collie(cluster, "cluster", "recover", "force", "-f", "--json"))
                .isEqualTo(new Run("{\"version\": 1, \"withoutCopy\": 0, \"waiting\": 0, \"vdis\": []}\n", "", 0));
    }

    @Test
    void aSheepThatCannotTellWhatIsLostHasDoneItAllTheSame() {
        cluster.script(request -> request instanceof Request.ForceRecover
                ? Optional.of(Response.success())
                : request instanceof Request.ListVdis
                        ? Optional.of(Response.of(ResultCode.INVALID_PARMS))
                        : Optional.empty());

        Run run = Run.collie(cluster, "cluster", "recover", "force", "-f");

        assertThat(run.err()).endsWith("tells what is lost\n");
        assertThat(run.status()).isZero();
    }

    private Run answered(String stdin) {
        return Run.collie(cluster.network(), stdin.getBytes(StandardCharsets.US_ASCII), "cluster", "recover", "force");
    }
}
