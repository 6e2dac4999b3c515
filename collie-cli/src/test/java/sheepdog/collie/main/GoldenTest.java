package sheepdog.collie.main;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import sheepdog.collie.fake.FakeCluster;
import sheepdog.collie.fake.Golden;
import sheepdog.collie.fake.Run;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.EpochLogEntry;

/** What was recorded from the original comes out again: text, stream and exit status. */
class GoldenTest {
    private static final int MIB = 1 << 20;

    @Test
    void withoutADaemonEveryCommandSaysSo() {
        try (var nobody = new FakeCluster(0)) {
            assertThat(Golden.replay("no_sheep.txt", nobody)).isEqualTo(8);
        }
    }

    @Test
    void beforeFormatCommandsAreRefusedByTheirOwnMessages() {
        try (var cluster = new FakeCluster(3)) {
            assertThat(Golden.replay("not_formatted.txt", cluster)).isEqualTo(10);
        }
    }

    @Test
    void formatChecksItsOptionsAndMakesTheFirstEpoch() {
        try (var cluster = new FakeCluster(3)) {
            assertThat(Golden.replay("cluster_format.txt", cluster)).isEqualTo(12);
        }
    }

    @Test
    void nodesAreListedMeasuredAndChosenByNumber() {
        try (var cluster = new FakeCluster(3).formatted()) {
            assertThat(Golden.replay("node.txt", cluster)).isEqualTo(7);
        }
    }

    @Test
    void disksAreMadeListedAndRefused() {
        try (var cluster = new FakeCluster(3).formatted()) {
            assertThat(Golden.replay("vdi_create.txt", cluster)).isGreaterThan(30);
        }
    }

    @Test
    void writesFillWholeChunksAndCheckTheirRange() {
        try (var cluster = new FakeCluster(3).formatted()) {
            Run.collie(cluster, "vdi", "create", "test", "16M");

            assertThat(Golden.replay("vdi_write.txt", cluster)).isGreaterThan(20);
        }
    }

    @Test
    void snapshotsClonesAndDeletionsFollowOneAnother() {
        try (var cluster = new FakeCluster(3).formatted()) {
            Run.collie(cluster, "vdi", "create", "odd", "1000");
            written(cluster, "test", "32M", 16 * MIB);

            assertThat(Golden.replay("vdi_snapshot.txt", cluster)).isEqualTo(14);
            assertThat(Golden.replay("vdi_clone.txt", cluster)).isEqualTo(9);
            assertThat(Golden.replay("vdi_delete.txt", cluster)).isEqualTo(9);
        }
    }

    @Test
    void objectsAreLookedForOnEveryNode() {
        try (var cluster = new FakeCluster(3).formatted()) {
            Run.collie(cluster, "vdi", "create", "k", "1k");
            written(cluster, "test", "16M", 16 * MIB);

            assertThat(Golden.replay("vdi_object.txt", cluster)).isEqualTo(11);
        }
    }

    @Test
    void aHaltedClusterSaysSoInEveryCommand() {
        try (var cluster = new FakeCluster(3).formatted()) {
            cluster.kill(7002);
            cluster.status(ResultCode.HALT);

            assertThat(Golden.replay("halted.txt", cluster)).isEqualTo(5);
        }
    }

    @Test
    void theFirstWalkthroughComesOutByteForByte() {
        try (var cluster = new FakeCluster(3)) {
            Run format = Run.collie(cluster, "cluster", "format", "--copies=3");
            cluster.epochs(List.of(epochOfTheWalkthrough()));
            Run info = Run.collie(cluster, "cluster", "info");

            assertThat(format).isEqualTo(new Run("using backend farm store\n", "", 0));
            assertThat(info).isEqualTo(new Run("""
                            Cluster status: running

                            Cluster created at Tue May 21 14:12:00 2013

                            Epoch Time           Version
                            2013-05-21 14:12:01      1 [172.16.3.147:7000, 172.16.3.148:7000, 172.16.3.149:7000]
                            """, "", 0));
        }
    }

    private static EpochLogEntry epochOfTheWalkthrough() {
        long formatted = LocalDateTime.of(2013, 5, 21, 14, 12, 0).toEpochSecond(ZoneOffset.UTC);
        var nodes = List.of("172.16.3.147", "172.16.3.148", "172.16.3.149").stream()
                .map(host -> new Node(NodeId.of(host, 7000), Optional.empty(), 64, 0, 0))
                .toList();
        return new EpochLogEntry(formatted << 32, formatted + 1, Epoch.FIRST, 3, nodes);
    }

    private static void written(FakeCluster cluster, String name, String size, int bytes) {
        byte[] data = new byte[bytes];
        new Random(2).nextBytes(data);
        Run.collie(cluster, "vdi", "create", name, size);
        assertThat(Run.collie(cluster.network(), data, "vdi", "write", name)).isEqualTo(new Run("", "", 0));
    }
}
