package sheepdog.sheep.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import sheepdog.membership.api.ClusterLog.Position;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.api.Member;
import sheepdog.protocol.model.Epoch;
import sheepdog.sheep.testkit.MemoryArchive;
import sheepdog.sheep.testkit.MemoryStore;
import sheepdog.sheep.testkit.SharedLog;
import sheepdog.sheep.testkit.Sheep;
import sheepdog.sheep.testkit.StepLoop;

/** What a process publishes while it is told what the log has, on a directory that earlier ones had. */
class ClusterTest {
    private static final Member SELF = Sheep.member(1);

    private final StepLoop loop = new StepLoop();
    private final MemoryArchive archive = new MemoryArchive();
    private final MemoryStore store = new MemoryStore();

    private Cluster process() {
        return new Cluster(loop, new SharedLog(loop).join(SELF), store, archive, SELF);
    }

    private void format(Cluster cluster, long index) {
        cluster.apply(
                new Position(index, 1), CommandCodec.encode(new ClusterCommand.Format(index << 32, 1, 0, "plain")));
        epoch(cluster, index, 1);
    }

    private void epoch(Cluster cluster, long index, int number) {
        cluster.epoch(
                new Position(index, 1),
                new EpochRecord(new Epoch(number), 1000 + number, List.of(SELF), List.of(SELF.storeId())));
        loop.settle();
    }

    @Test
    void anEpochBeforeTheNewestThatTheDirectoryHasIsNotPublished() {
        Cluster first = process();
        format(first, 1);
        epoch(first, 2, 2);
        epoch(first, 3, 3);
        assertThat(first.epoch()).isEqualTo(new Epoch(3));

        Cluster second = process();
        format(second, 1);
        epoch(second, 2, 2);
        assertThat(second.view()).isEmpty();

        epoch(second, 3, 3);
        assertThat(second.epoch()).isEqualTo(new Epoch(3));
        epoch(second, 4, 4);
        assertThat(second.epoch()).isEqualTo(new Epoch(4));
    }

    @Test
    void whatWasBeforeTheLastFormatOfTheDirectoryIsNotPublished() {
        Cluster first = process();
        format(first, 1);
        epoch(first, 2, 2);
        format(first, 10);
        assertThat(first.epoch()).isEqualTo(Epoch.FIRST);

        Cluster second = process();
        format(second, 1);
        epoch(second, 2, 2);
        assertThat(second.view()).isEmpty();

        format(second, 10);
        assertThat(second.view().orElseThrow().format().index()).isEqualTo(10);
    }
}
