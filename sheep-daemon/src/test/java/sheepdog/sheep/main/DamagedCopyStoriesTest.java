package sheepdog.sheep.main;

import static org.assertj.core.api.Assertions.assertThat;
import static sheepdog.sheep.testkit.TestCluster.create;
import static sheepdog.sheep.testkit.TestCluster.read;
import static sheepdog.sheep.testkit.TestCluster.write;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import sheepdog.membership.api.ClusterLog;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.sheep.testkit.TestCluster;
import sheepdog.sheep.testkit.TestCluster.Fate;

/** Copies that rot or get lost, one by one, on disks that go on. */
class DamagedCopyStoriesTest {
    private final TestCluster cluster = TestCluster.of(3, 3);
    private final Vid vid = cluster.makeVdi(1, "monkey");
    private final ObjectId data = ObjectId.ofData(vid, 0);

    private byte[] onDisk(int sheep) {
        return cluster.host(sheep).store().bytes(data, 0, 3).orElseThrow();
    }

    @Test
    void aDamagedCopyIsReplacedByAnotherReplicasAndTheWriteSucceeds() {
        cluster.ask(1, create(data, 0, new byte[] {1, 1, 1}));
        cluster.host(2).store().damage(data);

        assertThat(cluster.code(1, write(data, 1, new byte[] {2}))).isEqualTo(ResultCode.SUCCESS);

        assertThat(onDisk(2)).containsExactly(1, 2, 1);
        assertThat(cluster.bytes(2, data, 0, 3)).containsExactly(1, 2, 1);
        assertThat(cluster.host(2).isRunning()).isTrue();
    }

    @Test
    void aDamagedCopyThatAReadMeetsIsReplacedByAnotherReplicas() {
        cluster.ask(1, create(data, 0, new byte[] {1, 2, 3}));
        cluster.host(2).store().damage(data);

        assertThat(cluster.bytes(2, data, 0, 3)).containsExactly(1, 2, 3);

        cluster.until(() -> !cluster.host(2).store().isDamaged(data));
        assertThat(onDisk(2)).containsExactly(1, 2, 3);
    }

    @Test
    void aDiskThatDoesNotGiveBackWhatItTookIsLeftOutAndTheWriteSucceeds() {
        cluster.ask(1, create(data, 0, new byte[] {1, 1, 1}));
        cluster.host(2).store().damage(data);
        cluster.rule((_, to, request) -> {
            if (to == 2 && request instanceof PeerRequest.WriteReplica) {
                cluster.host(2).store().damage(data);
            }
            return Fate.DELIVER;
        });

        var write = cluster.begin(1, write(data, 1, new byte[] {2}));
        cluster.until(() -> cluster.host(2).log().status().phase() == ClusterLog.Phase.STOPPED);
        cluster.epoch(1, 3);

        assertThat(cluster.await(write).result()).isEqualTo(ResultCode.SUCCESS);
        assertThat(onDisk(1)).isEqualTo(onDisk(3)).containsExactly(1, 2, 1);
    }

    @Test
    void whatIsOnItsWayWhileACopyIsReplacedIsNotLost() {
        cluster.ask(1, create(data, 0, new byte[] {1, 1, 1}));
        cluster.rule((_, to, request) ->
                to == 3 && request instanceof PeerRequest.WriteReplica w && w.offset() == 0 ? Fate.HOLD : Fate.DELIVER);
        var early = cluster.begin(1, write(data, 0, new byte[] {2}));
        cluster.until(() -> onDisk(2)[0] == 2);
        cluster.host(2).store().damage(data);

        var late = cluster.begin(1, write(data, 2, new byte[] {3}));
        cluster.until(() -> onDisk(3)[2] == 3);
        cluster.noRules();
        cluster.deliverHeld();

        assertThat(cluster.await(early).result()).isEqualTo(ResultCode.SUCCESS);
        assertThat(cluster.await(late).result()).isEqualTo(ResultCode.SUCCESS);
        assertThat(onDisk(1)).isEqualTo(onDisk(2)).isEqualTo(onDisk(3)).containsExactly(2, 1, 3);
    }

    @Test
    void aReplacementThatDoesNotArriveIsTriedAgainForAsLongAsItTakes() {
        cluster.ask(1, create(data, 0, new byte[] {1, 1, 1}));
        cluster.host(2).store().damage(data);
        cluster.rule(
                (_, to, request) -> to == 2 && request instanceof PeerRequest.CreateReplica ? Fate.LOSE : Fate.DELIVER);
        var write = cluster.begin(1, write(data, 1, new byte[] {2}));

        cluster.loop().advance(Duration.ofSeconds(5));

        assertThat(write.isDone()).isFalse();
        cluster.noRules();
        assertThat(cluster.await(write).result()).isEqualTo(ResultCode.SUCCESS);
        assertThat(onDisk(2)).containsExactly(1, 2, 1);
    }

    @Test
    void anObjectThatIsDamagedEverywhereIsAnErrorAndOthersGoOn() {
        var other = ObjectId.ofData(vid, 1);
        cluster.ask(1, create(data, 0, new byte[] {1}));
        for (int sheep = 1; sheep <= 3; sheep++) {
            cluster.host(sheep).store().damage(data);
        }

        assertThat(cluster.code(1, write(data, 0, new byte[] {2}))).isEqualTo(ResultCode.EIO);
        assertThat(cluster.code(2, read(data, 0, 1))).isEqualTo(ResultCode.EIO);

        assertThat(cluster.code(1, create(other, 0, new byte[] {3}))).isEqualTo(ResultCode.SUCCESS);
        assertThat(cluster.host(1).isRunning()).isTrue();
    }

    @Test
    void theOnlyCopyIsAnErrorAndItsSheepStays() {
        var alone = TestCluster.of(1, 1);
        var oid = ObjectId.ofData(alone.makeVdi(1, "monkey"), 0);
        alone.ask(1, create(oid, 0, new byte[] {1}));
        alone.host(1).store().damage(oid);

        assertThat(alone.code(1, write(oid, 0, new byte[] {2}))).isEqualTo(ResultCode.EIO);

        assertThat(alone.host(1).isRunning()).isTrue();
    }

    @Test
    void aDamagedCopyDoesNotKeepItsVdiFromBeingSettled() {
        cluster.ask(3, create(data, 0, new byte[] {1, 1, 1}));
        cluster.rule((from, to, request) ->
                from == 3 && to != 1 && request instanceof PeerRequest.WriteReplica ? Fate.LOSE : Fate.DELIVER);
        cluster.begin(3, write(data, 0, new byte[] {2}));
        cluster.until(() -> onDisk(1)[0] == 2);
        cluster.host(3).crash();
        cluster.noRules();
        var first = cluster.host(1).wiring().cluster().view().orElseThrow().replicas(data, 3).stream()
                .map(node -> node.id().toString())
                .filter(id -> !id.startsWith("10.0.0.3"))
                .findFirst()
                .orElseThrow();
        int damaged = first.startsWith("10.0.0.1") ? 1 : 2;
        cluster.host(damaged).store().damage(data);
        cluster.epoch(1, 2);

        assertThat(cluster.code(1, read(data, 0, 1))).isEqualTo(ResultCode.SUCCESS);

        assertThat(onDisk(1)).isEqualTo(onDisk(2));
        assertThat(cluster.host(1).owner(vid).unsettled()).isFalse();
    }
}
