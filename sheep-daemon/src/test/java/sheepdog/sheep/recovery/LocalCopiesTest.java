package sheepdog.sheep.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.wire.ObjectChanges;
import sheepdog.protocol.wire.Response;
import sheepdog.sheep.cluster.Cluster;
import sheepdog.sheep.testkit.MemoryArchive;
import sheepdog.sheep.testkit.MemoryStore;
import sheepdog.sheep.testkit.SharedLog;
import sheepdog.sheep.testkit.Sheep;
import sheepdog.sheep.testkit.StepLoop;
import sheepdog.store.api.Stamp;

class LocalCopiesTest {
    private static final ObjectId OID = ObjectId.ofData(new Vid(5), 0);
    private static final Stamp STAMP = new Stamp(new Epoch(2), 1, 1);

    private final StepLoop loop = new StepLoop();
    private final MemoryStore store = new MemoryStore();
    private final SharedLog.Node log = new SharedLog(loop).join(Sheep.member(1));
    private final Cluster cluster = new Cluster(loop, log, store, new MemoryArchive(), Sheep.member(1));
    private final LocalCopies local = new LocalCopies(cluster, store);

    private Response.ObjectCopy fetched() {
        var answer = local.fetch(OID, Payload.EMPTY).toCompletableFuture();
        loop.settle();
        assertThat(answer).isDone();
        return (Response.ObjectCopy) answer.join();
    }

    private static byte first(Response.ObjectCopy copy) {
        var content = ByteBuffer.allocate(OID.size());
        assertThat(ObjectChanges.apply(copy.data().bytes(), content)).isTrue();
        return content.get(0);
    }

    @Test
    void copyThatNobodyChangesComesWithoutAMark() {
        store.plant(OID, Epoch.FIRST, new byte[] {1});

        assertThat(fetched().marked()).isFalse();
        assertThat(fetched().mutated()).isEqualTo(Epoch.FIRST);
    }

    @Test
    void whatIsWrittenWhileTheCopyIsReadComesWithItsMarkAndItsEpoch() {
        store.plant(OID, Epoch.FIRST, new byte[] {1});
        store.beforeRead(() -> store.write(OID, 0, ByteBuffer.wrap(new byte[] {2}), STAMP));

        var copy = fetched();

        assertThat(first(copy)).isEqualTo((byte) 2);
        assertThat(copy.marked()).isTrue();
        assertThat(copy.mutated()).isEqualTo(new Epoch(2));
    }

    @Test
    void markThatGoesWhileTheCopyIsReadStillComesWithIt() {
        store.plant(OID, Epoch.FIRST, new byte[] {1});
        store.write(OID, 0, ByteBuffer.wrap(new byte[] {2}), STAMP);
        store.beforeRead(() -> store.completed(OID.vid(), STAMP.generation(), STAMP.sequence()));

        assertThat(fetched().marked()).isTrue();
    }

    @Test
    void whatIsNotHereIsRefused() {
        var answer = local.fetch(OID, Payload.EMPTY).toCompletableFuture();
        loop.settle();

        assertThat(answer.join().result()).isEqualTo(ResultCode.NO_OBJ);
    }
}
