package sheepdog.sheep.main;

import static org.assertj.core.api.Assertions.assertThat;
import static sheepdog.sheep.testkit.TestCluster.read;
import static sheepdog.sheep.testkit.TestCluster.write;

import org.junit.jupiter.api.Test;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.wire.Flags;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.Request;
import sheepdog.sheep.cluster.ClusterStatus;
import sheepdog.sheep.testkit.TestCluster;

/** A cluster that was formatted to halt when there are fewer zones than copies. */
class HaltStoriesTest {
    private final TestCluster cluster = TestCluster.of(4, 3);
    private final Vid vid;
    private final ObjectId data;

    HaltStoriesTest() {
        cluster.format(3, Flags.STRICT);
        vid = cluster.makeVdi(1, "monkey");
        data = ObjectId.ofData(vid, 0);
        cluster.put(1, data, (byte) 1);
    }

    private void halt() {
        cluster.host(3).crash();
        cluster.host(4).crash();
        cluster.epoch(1, 2);
        assertThat(cluster.host(1).wiring().cluster().status()).isEqualTo(ClusterStatus.HALT);
    }

    @Test
    void clientsAreRefusedAndSheepServeOneAnotherUntilThereAreZonesAgain() {
        halt();

        assertThat(cluster.code(1, read(data, 0, 1))).isEqualTo(ResultCode.HALT);
        assertThat(cluster.code(2, write(data, 0, new byte[] {2}))).isEqualTo(ResultCode.HALT);
        // What the two lack is brought while they halt, from one to the other.
        cluster.until(() -> !cluster.host(1).wiring().recovery().isRunning()
                && !cluster.host(2).wiring().recovery().isRunning());
        assertThat(cluster.host(1).store().holds(data)).isTrue();
        assertThat(cluster.host(2).store().holds(data)).isTrue();

        cluster.host(3).start();
        cluster.epoch(1, 2, 3);
        cluster.until(() -> !cluster.host(3).wiring().recovery().isRunning());
        assertThat(cluster.host(3).store().holds(data)).isTrue();
        assertThat(cluster.code(3, write(data, 0, new byte[] {2}))).isEqualTo(ResultCode.SUCCESS);
        assertThat(cluster.bytes(1, data, 0, 1)).containsExactly(2);
    }

    @Test
    void itCanBeShutDownWhileItHalts() {
        halt();

        var shutdown = new Request.Shutdown(Header.of(Opcode.SHUTDOWN, 0, Epoch.NONE, 1));

        assertThat(cluster.code(1, shutdown)).isEqualTo(ResultCode.SUCCESS);
        cluster.until(() -> !cluster.host(1).isRunning() && !cluster.host(2).isRunning());
    }

    @Test
    void whileAClusterEndsLookupsAreToldSoAndADisksClientIsLeftToTheEndOfItsConnection() {
        var shutdown = new Request.Shutdown(Header.of(Opcode.SHUTDOWN, 0, Epoch.NONE, 1));
        assertThat(cluster.code(1, shutdown)).isEqualTo(ResultCode.SUCCESS);
        cluster.until(() -> cluster.host(1).wiring().cluster().status() == ClusterStatus.SHUTDOWN);

        var ofDisk = new Header(1, Opcode.READ_OBJ.code(), 0, Epoch.NONE, 1, 0);
        assertThat(cluster.code(1, TestCluster.info("monkey", 0))).isEqualTo(ResultCode.SHUTDOWN);
        assertThat(cluster.begin(1, new Request.ReadObject(ofDisk, data, 0, 1, 0))
                        .isDone())
                .as("QEMU takes any refusal for a broken disk, and asks another sheep when the connection ends")
                .isFalse();
    }
}
