package sheepdog.collie.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import sheepdog.collie.fake.FakeCluster;
import sheepdog.collie.fake.Run;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.EpochLogEntry;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;

class ClusterInfoTest {
    private final FakeCluster cluster = new FakeCluster(2).formatted();

    @AfterEach
    void end() {
        cluster.close();
    }

    @Test
    void epochsAreListedNewestFirstAndAsManyAsThereAre() {
        cluster.kill(7001);
        cluster.time(FakeCluster.NOW + 61);
        cluster.kill(7009);

        assertThat(Run.collie(cluster, "cluster", "info").out()).isEqualTo("""
                Cluster status: running

                Cluster created at Sun Nov 22 14:09:25 2026

                Epoch Time           Version
                2026-11-22 14:10:26      3 [127.0.0.1:7000]
                2026-11-22 14:09:25      2 [127.0.0.1:7000]
                2026-11-22 14:09:25      1 [127.0.0.1:7000, 127.0.0.1:7001]
                """);
        assertThat(cluster.requests(Request.StatCluster.class).getLast().lengthMax())
                .isEqualTo(3 * 57_376);
    }

    @Test
    void epochsBeforeThoseOfOneAnswerAreListedToo() {
        cluster.kill(7001);
        cluster.kill(7009);
        String whole = Run.collie(cluster, "cluster", "info").out();
        cluster.epochsAtOnce(1);

        assertThat(Run.collie(cluster, "cluster", "info").out()).isEqualTo(whole);
        assertThat(cluster.requests(Request.GetEpoch.class)).hasSize(2);
    }

    @Test
    void aStatusOtherThanRunningIsItsResultText() {
        cluster.status(ResultCode.WAIT_FOR_JOIN);

        Run run = Run.collie(cluster, "cluster", "info", "-r");

        assertThat(run.out()).startsWith("Waiting for other nodes to join cluster\n1795356565 1 [");
        assertThat(run.status()).isZero();
    }

    @Test
    void whoIsMissingIsNamedIfAskedFor() {
        cluster.status(ResultCode.WAIT_FOR_JOIN);
        cluster.waiting("""
                epoch 7 3
                reason waits for a majority; missing [10.0.0.2:7000, 10.0.0.3:7000]
                missing 10.0.0.2:7000 000000000000002a 12
                missing 10.0.0.3:7000 000000000000002b -
                """);

        assertThat(Run.collie(cluster, "cluster", "info", "-v").out()).startsWith("""
                Cluster status: Waiting for other nodes to join cluster
                This node waits for a majority; missing [10.0.0.2:7000, 10.0.0.3:7000]
                Missing of the 3 nodes of epoch 7: 10.0.0.2:7000 (store 000000000000002a), last seen 12 s ago
                Missing of the 3 nodes of epoch 7: 10.0.0.3:7000 (store 000000000000002b), not seen since this node was started

                Cluster created at""");
        assertThat(Run.collie(cluster, "cluster", "info", "-rv").out())
                .contains("\nmissing 10.0.0.3:7000 000000000000002b -\n");
        assertThat(Run.collie(cluster, "cluster", "info").out()).doesNotContain("issing");
    }

    @Test
    void whoDoesNotReachWhomIsNamedIfAskedFor() {
        cluster.waiting("""
                epoch 7 2
                unlinked 10.0.0.1:7000 10.0.0.4:7000
                out 10.0.0.2:7000 000000000000002a 10.0.0.1:7000 10.0.0.3:7000
                out 10.0.0.5:7000 000000000000002b
                """);

        assertThat(Run.collie(cluster, "cluster", "info", "-v").out()).startsWith("""
                Cluster status: running
                10.0.0.1:7000 and 10.0.0.4:7000 do not reach each other
                Kept out: 10.0.0.2:7000 (store 000000000000002a), it and 10.0.0.1:7000, 10.0.0.3:7000 do not reach each other
                Kept out: 10.0.0.5:7000 (store 000000000000002b), all nodes reach it again

                Cluster created at""");
    }

    @Test
    void anEpochThatNobodyKnowsHasNoNodes() {
        cluster.epochs(List.of(new EpochLogEntry(1, 2, Epoch.FIRST, 3, List.of())));

        assertThat(Run.collie(cluster, "cluster", "info").out()).endsWith("1 []\n");
    }

    @Test
    void addressesOfBothFamiliesAreWrittenWithoutBrackets() {
        var six = new Node(NodeId.of("2001:db8::1", 7000), Optional.empty(), 64, 0, 0);
        cluster.epochs(List.of(new EpochLogEntry(1, 2, Epoch.FIRST, 3, List.of(six))));

        assertThat(Run.collie(cluster, "cluster", "info", "-r").out()).endsWith("[2001:db8::1:7000]\n");
    }

    @Test
    void aSheepThatShutsDownFailsAtTheNodeList() {
        cluster.script(request -> Optional.of(Response.of(ResultCode.SHUTDOWN)));

        assertThat(Run.collie(cluster, "cluster", "info"))
                .isEqualTo(new Run(
                        "", "Failed to update node list: System is shutting down\nFailed to get node list\n", 2));
    }

    @Test
    void aShutdownIsSilentOrSaysWhatTheSheepSaid() {
        assertThat(Run.collie(cluster, "cluster", "shutdown")).isEqualTo(new Run("", "", 0));
        cluster.status(ResultCode.WAIT_FOR_FORMAT);
        assertThat(Run.collie(cluster, "cluster", "shutdown"))
                .isEqualTo(new Run(
                        "", "Response's result: Waiting for cluster to be formatted\nfailed to execute request\n", 1));
    }
}
