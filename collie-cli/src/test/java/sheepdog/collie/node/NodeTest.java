package sheepdog.collie.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import sheepdog.collie.fake.FakeCluster;
import sheepdog.collie.fake.Run;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Request.DrainNode.How;
import sheepdog.protocol.wire.Response;

class NodeTest {
    private final FakeCluster cluster = new FakeCluster(2).formatted();

    @AfterEach
    void end() {
        cluster.close();
    }

    @Test
    void zonesAreSignedAndAGatewayHasNoVnodes() {
        NodeId id = NodeId.of("192.168.1.200", 7000);
        cluster.addNode(new Node(id, Optional.empty(), 0, id.defaultZone(), 0));

        assertThat(Run.collie(cluster, "node", "list").out())
                .endsWith("-    2   192.168.1.200:7000  \t 0 -939415360\n");
        assertThat(Run.collie(cluster, "node", "list", "-r").out()).endsWith("- 2 192.168.1.200:7000 0 -939415360\n");
    }

    @Test
    void nodesAreNumberedByTheirAddressWhateverTheOrderTheyCameIn() {
        cluster.addNode(new Node(NodeId.of("10.0.0.9", 7000), Optional.empty(), 64, 9, 0));

        assertThat(Run.collie(cluster, "node", "list", "-r").out())
                .startsWith("- 0 10.0.0.9:7000 64 9\n- 1 127.0.0.1:7000");
    }

    @Test
    void aNodeThatCannotBeAskedHasNoRowAndDoesNotCount() {
        Run.collie(cluster, "vdi", "create", "x", "8M");
        cluster.addNode(new Node(NodeId.of("127.0.0.1", 7005), Optional.empty(), 64, 5, 1L << 40));
        cluster.deafen(7005);

        Run run = Run.collie(cluster, "node", "info");

        assertThat(run.out()).isEqualTo("""
                Id\tSize\tUsed\tUse%
                 0\t224 GB\t4.0 MB\t  0%
                 1\t224 GB\t4.0 MB\t  0%
                Total\t447 GB\t8.0 MB\t  0%

                Total virtual image size\t8.0 MB
                """);
        assertThat(run.err()).contains("Failed to connect to 127.0.0.1:7005\n");
        assertThat(run.status()).isZero();
    }

    @Test
    void gatewaysAloneAreNoDivisionByZero() {
        cluster.script(request -> request instanceof Request.StatSheep
                ? Optional.of(new Response.NodeStat(ResultCode.SUCCESS, 0, 0, 0, 0, 0, Payload.EMPTY))
                : Optional.empty());

        assertThat(Run.collie(cluster, "node", "info", "-r").out()).isEqualTo("0 0 0 0%\n1 0 0 0%\nTotal 0 0 0% 0\n");
    }

    @Test
    void percentagesAreCutNotRounded() {
        cluster.script(request -> request instanceof Request.StatSheep
                ? Optional.of(new Response.NodeStat(ResultCode.SUCCESS, 0, 0, 0, 1000, 1, Payload.EMPTY))
                : Optional.empty());

        assertThat(Run.collie(cluster, "node", "info", "-r").out()).startsWith("0 1000 999 99%\n");
    }

    @Test
    void theNodeOfThatNumberIsKilled() {
        assertThat(Run.collie(cluster, "node", "kill", "1")).isEqualTo(new Run("", "", 0));

        assertThat(cluster.requests(Request.KillNode.class)).hasSize(1);
        assertThat(cluster.asked(Request.KillNode.class)).containsExactly(7001);
    }

    @Test
    void whoKillsANodeByHandIsToldWhatWillWaitForIt() {
        cluster.script(request -> switch (request) {
            case Request.GetClusterDefault _ -> Optional.of(new Response.ClusterDefault(ResultCode.SUCCESS, 1, 0, 22));
            default -> Optional.empty();
        });

        assertThat(Run.collieSeen(cluster.network(), "node", "kill", "1"))
                .isEqualTo(new Run(
                        "",
                        "objects that have their only copy on 127.0.0.1:7001 will wait until it is back;"
                                + " 'collie node drain' first keeps them available\n",
                        0));
        assertThat(Run.collie(cluster, "node", "kill", "1")).isEqualTo(new Run("", "", 0));
        cluster.waiting("drained 127.0.0.1:7001 000000000000002a\n");
        assertThat(Run.collieSeen(cluster.network(), "node", "kill", "1")).isEqualTo(new Run("", "", 0));
        assertThat(cluster.requests(Request.KillNode.class)).hasSize(3);
    }

    @Test
    void whoKillsANodeByHandIsToldThatOthersAreRecovering() {
        cluster.script(request -> switch (request) {
            case Request.StatRecovery _ -> Optional.of(Response.of(ResultCode.NODE_IN_RECOVERY));
            default -> Optional.empty();
        });

        assertThat(Run.collieSeen(cluster.network(), "node", "kill", "1").err())
                .startsWith("nodes are recovering: objects that only 127.0.0.1:7001 has so far will wait");
    }

    @Test
    void aNodeThatRefusesToBeKilledIsAnError() {
        cluster.script(request ->
                request instanceof Request.KillNode ? Optional.of(Response.of(ResultCode.KILLED)) : Optional.empty());

        assertThat(Run.collie(cluster, "node", "kill", "0"))
                .isEqualTo(new Run("", "Response's result: Invalid error code\nFailed to execute request\n", 1));
    }

    @Test
    void aDrainIsBegunAtTheNodeItselfAndWaitedFor() {
        answerDrains(
                Response.success(),
                new Response.Data(ResultCode.AGAIN, text("1 2")),
                new Response.Data(ResultCode.AGAIN, text("1 2")),
                new Response.Data(ResultCode.AGAIN, text("2 2")),
                Response.success());

        Run run = Run.collieSeen(cluster.network(), "node", "drain", "1");

        assertThat(run).isEqualTo(new Run("", """
                draining 127.0.0.1:7001: 1 of 2 nodes have all their objects, ^C ends only the waiting
                draining 127.0.0.1:7001: 2 of 2 nodes have all their objects, ^C ends only the waiting
                127.0.0.1:7001 is drained
                """, 0));
        assertThat(cluster.asked(Request.DrainNode.class)).containsOnly(7001);
        assertThat(hows()).startsWith(How.DRAIN, How.AWAIT).endsWith(How.AWAIT);
    }

    @Test
    void aDrainThatIsNotWaitedForOrNotSeenIsSilent() {
        answerDrains(Response.success());
        assertThat(Run.collieSeen(cluster.network(), "node", "drain", "-n", "1"))
                .isEqualTo(new Run("", "", 0));
        assertThat(hows()).containsExactly(How.DRAIN);

        answerDrains(Response.success(), new Response.Data(ResultCode.AGAIN, text("1 2")), Response.success());
        assertThat(Run.collie(cluster, "node", "drain", "1")).isEqualTo(new Run("", "", 0));
    }

    @Test
    void aDrainIsCancelled() {
        answerDrains(Response.success());

        assertThat(Run.collie(cluster, "node", "drain", "--cancel", "0")).isEqualTo(new Run("", "", 0));

        assertThat(hows()).containsExactly(How.CANCEL);
    }

    @Test
    void aDrainThatWouldLeaveFewerCopiesMustBeForced() {
        var refusal = new Response.Data(ResultCode.INVALID_PARMS, text("too few zones"));
        answerDrains(refusal, refusal, Response.success(), Response.success());

        assertThat(Run.collie(cluster, "node", "drain", "1"))
                .isEqualTo(new Run("", "Cannot drain 127.0.0.1:7001: too few zones\n", 1));
        assertThat(Run.collie(cluster, "node", "drain", "-f", "1"))
                .isEqualTo(new Run("", "Cannot drain 127.0.0.1:7001: too few zones; it is done all the same\n", 0));
        assertThat(hows()).containsExactly(How.DRAIN, How.DRAIN, How.DRAIN_WITH_FEWER_COPIES, How.AWAIT);
    }

    @Test
    void onlyOneNodeIsDrainedAtATimeAndWhoForcesDoesNotCancel() {
        assertThat(Run.collie(cluster, "node", "drain", "0", "1"))
                .isEqualTo(new Run("", "Unexpected argument '1'\n", 64));
        assertThat(Run.collie(cluster, "node", "drain", "-c", "-f", "1"))
                .isEqualTo(new Run("", "'--cancel' and '--force' exclude each other\n", 64));
        assertThat(hows()).isEmpty();
    }

    @Test
    void whatForceOverridesIsSaidOnlyIfItIsDone() {
        cluster.script(request -> switch (request) {
            case Request.StatSheep _ ->
                Optional.of(new Response.NodeStat(ResultCode.SUCCESS, 0, 0, 0, 1000, 100, Payload.EMPTY));
            case Request.DrainNode _ ->
                Optional.of(new Response.Data(ResultCode.INVALID_PARMS, text("no other node could hold what it has")));
            default -> Optional.empty();
        });

        assertThat(Run.collie(cluster, "node", "drain", "1", "-f"))
                .isEqualTo(new Run("", "Cannot drain 127.0.0.1:7001: no other node could hold what it has\n", 1));
    }

    @Test
    void aNodeWhoseObjectsFitNowhereIsNotDrained() {
        cluster.script(request -> request instanceof Request.StatSheep
                ? Optional.of(new Response.NodeStat(ResultCode.SUCCESS, 0, 0, 0, 1000, 100, Payload.EMPTY))
                : Optional.empty());

        assertThat(Run.collie(cluster, "node", "drain", "1"))
                .isEqualTo(new Run(
                        "",
                        "Cannot drain 127.0.0.1:7001: the other nodes have too little space; --force tries it\n",
                        1));
        assertThat(hows()).isEmpty();
    }

    @Test
    void whoDrainsByForceIsToldThatThereIsTooLittleSpace() {
        cluster.script(request -> switch (request) {
            case Request.StatSheep _ ->
                Optional.of(new Response.NodeStat(ResultCode.SUCCESS, 0, 0, 0, 1000, 100, Payload.EMPTY));
            case Request.DrainNode _ -> Optional.of(Response.success());
            default -> Optional.empty();
        });

        assertThat(Run.collie(cluster, "node", "drain", "1", "-f", "-n"))
                .isEqualTo(new Run(
                        "",
                        "Cannot drain 127.0.0.1:7001: the other nodes have too little space; it is done all the same\n",
                        0));
    }

    @Test
    void whoWaitsForADrainIsToldThatRecoveryIsDisabled() {
        answerDrains(Response.success(), new Response.Data(ResultCode.AGAIN, text("1 3 disabled")), Response.success());

        Run run = Run.collie(cluster, "node", "drain", "1");

        assertThat(run.err())
                .contains(
                        "draining 127.0.0.1:7001: 1 of 3 nodes have all their objects, ^C ends only the waiting; recovery"
                                + " is disabled, and goes on with 'collie cluster recover enable'\n");
        assertThat(run.status()).isZero();
    }

    @Test
    void aDrainThatIsCancelledMeanwhileIsAnError() {
        answerDrains(Response.success(), Response.of(ResultCode.NO_TAG));

        assertThat(Run.collie(cluster, "node", "drain", "1"))
                .isEqualTo(new Run("", "127.0.0.1:7001 is not drained: it was cancelled\n", 1));
    }

    @Test
    void aNodeThatIsNotInTheListIsNotDrained() {
        assertThat(Run.collie(cluster, "node", "drain", "2")).isEqualTo(new Run("", "Invalid node id '2'\n", 64));
    }

    private void answerDrains(Response... answers) {
        var left = new ArrayDeque<>(List.of(answers));
        cluster.script(request -> request instanceof Request.DrainNode ? Optional.of(left.remove()) : Optional.empty());
    }

    private List<How> hows() {
        return cluster.requests(Request.DrainNode.class).stream()
                .map(Request.DrainNode::how)
                .toList();
    }

    private static Payload text(String line) {
        return Payload.of(line.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void whoWaitsForAnObjectThatIsAwayIsToldSoOnce() {
        Run.collie(cluster, "vdi", "create", "x", "8M");
        Run.collie(cluster, "vdi", "create", "y", "8M");
        cluster.ignore(Request.ReadObject.class::isInstance);

        for (String[] words : new String[][] {{"node", "info"}, {"vdi", "list"}}) {
            Run run = Run.collieSeen(cluster.impatientNetwork(), words);

            assertThat(run.err().lines().filter(line -> line.startsWith("waiting for ")))
                    .singleElement()
                    .asString()
                    .matches("waiting for 127\\.0\\.0\\.1:7000 to read object 80[0-9a-f]{14}, \\^C ends");
            assertThat(run.out()).doesNotContain("waiting");
            assertThat(Run.collie(cluster.impatientNetwork(), new byte[0], words)
                            .err())
                    .as("not on a terminal")
                    .doesNotContain("waiting");
        }
    }
}
