package sheepdog.collie.node;

import static org.assertj.core.api.Assertions.assertThat;

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
    void aNodeThatRefusesToBeKilledIsAnError() {
        cluster.script(request ->
                request instanceof Request.KillNode ? Optional.of(Response.of(ResultCode.KILLED)) : Optional.empty());

        assertThat(Run.collie(cluster, "node", "kill", "0"))
                .isEqualTo(new Run("", "Response's result: Invalid error code\nFailed to execute request\n", 1));
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
