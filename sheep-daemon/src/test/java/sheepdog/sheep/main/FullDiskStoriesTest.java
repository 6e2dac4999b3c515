package sheepdog.sheep.main;

import static org.assertj.core.api.Assertions.assertThat;
import static sheepdog.sheep.testkit.TestCluster.create;
import static sheepdog.sheep.testkit.TestCluster.deleteVdi;
import static sheepdog.sheep.testkit.TestCluster.write;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import sheepdog.membership.api.EpochRecord;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;
import sheepdog.sheep.testkit.TestCluster;

/** Sheep whose file systems others have filled to the last byte that was kept for epochs. */
class FullDiskStoriesTest {
    private final TestCluster cluster = TestCluster.of(3, 3);

    private void full(boolean now) {
        for (int sheep = 1; sheep <= 3; sheep++) {
            cluster.host(sheep).archive().full(now);
        }
    }

    private List<Epoch> writtenDown(int sheep) {
        return cluster.host(sheep).archive().epochs().stream()
                .map(EpochRecord::epoch)
                .toList();
    }

    @Test
    void epochsAreServedThatFindNoSpaceAndAreWrittenDownInOrderWhenThereIsSome() {
        Vid vid = cluster.makeVdi(1, "monkey");
        ObjectId oid = ObjectId.ofData(vid, 0);
        cluster.put(1, oid, new byte[512]);
        full(true);

        cluster.epoch(1, 2);
        cluster.epoch(1, 2, 3);
        cluster.loop().advance(Duration.ofSeconds(30));
        byte[] written = new byte[512];
        written[7] = 1;
        assertThat(cluster.code(2, write(oid, 0, written))).isEqualTo(ResultCode.SUCCESS);

        assertThat(cluster.bytes(3, oid, 0, 512)).isEqualTo(written);
        assertThat(writtenDown(1)).containsExactly(new Epoch(1));
        full(false);
        cluster.loop().advance(Duration.ofSeconds(2));
        assertThat(writtenDown(1)).containsExactly(new Epoch(1), new Epoch(2), new Epoch(3));
        assertThat(writtenDown(2)).containsExactly(new Epoch(1), new Epoch(2), new Epoch(3));
    }

    @Test
    void whereNobodyHasSpaceAWriteIsRefusedAndADeletionHelps() {
        Vid vid = cluster.makeVdi(1, "monkey");
        cluster.put(1, ObjectId.ofData(vid, 0), (byte) 1);
        for (int sheep = 1; sheep <= 3; sheep++) {
            cluster.host(sheep).store().fail(ObjectId.ofData(vid, 1), ResultCode.NO_SPACE);
            cluster.host(sheep).store().fail(ObjectId.ofData(vid, 2), ResultCode.NO_SPACE);
        }

        assertThat(cluster.code(1, create(ObjectId.ofData(vid, 1), 0, new byte[] {1})))
                .isEqualTo(ResultCode.NO_SPACE);
        assertThat(cluster.code(2, create(ObjectId.ofData(vid, 2), 0, new byte[] {1})))
                .isEqualTo(ResultCode.NO_SPACE);
        assertThat(cluster.code(2, deleteVdi("monkey", 0))).isEqualTo(ResultCode.SUCCESS);
        for (int sheep = 1; sheep <= 3; sheep++) {
            assertThat(cluster.host(sheep).store().oids()).isEmpty();
        }
    }

    @Test
    void aFormatThatFindsNoSpaceWaitsAndServesNothingOfTheOldOne() {
        cluster.makeVdi(1, "monkey");
        cluster.host(2).archive().full(true);

        cluster.format(2);
        cluster.loop().advance(Duration.ofSeconds(30));
        assertThat(cluster.host(1).wiring().cluster().view()).isPresent();
        assertThat(cluster.host(2).wiring().cluster().view()).isEmpty();
        assertThat(cluster.host(2).isRunning()).isTrue();
        cluster.host(2).archive().full(false);
        cluster.loop().advance(Duration.ofSeconds(2));

        assertThat(cluster.host(2).wiring().cluster().epoch()).isEqualTo(Epoch.FIRST);
        assertThat(writtenDown(2)).containsExactly(new Epoch(1));
        cluster.makeVdi(2, "donkey");
    }
}
