package sheepdog.store.plain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;
import sheepdog.store.api.Stamp;
import sheepdog.store.disk.DiskException;

/** A file system that other programs fill, while the store does what needs no space of its own. */
@Timeout(60)
class FullDiskTest {
    private static final ObjectId OID = ObjectId.ofData(new Vid(7), 0);
    private static final ObjectId OTHER = ObjectId.ofData(new Vid(7), 1);
    private static final int BLOCK = 4096;
    private static final int RESERVED = 1 << 20;
    private static final PlainStoreConfig CONFIG = new PlainStoreConfig(256 << 10, 32 << 10, 4, 3, RESERVED, true);
    private static final Path BALLAST = Path.of("/sheep/meta/ballast");

    private final SimMachine machine = new SimMachine();
    private long sequence;

    private Stamp stamp() {
        return new Stamp(Epoch.FIRST, 1, ++sequence);
    }

    private static ByteBuffer bytes(int length, long seed) {
        var bytes = new byte[length];
        new SplittableRandom(seed).nextBytes(bytes);
        return ByteBuffer.wrap(bytes);
    }

    private static byte[] read(PlainStore store, ObjectId oid, int length) {
        var into = ByteBuffer.allocate(length);
        assertThat(store.read(oid, 0, into)).isEqualTo(Outcome.done());
        return into.array();
    }

    /** Enough for each of the journal's files to be full twice. */
    private void overwrite(PlainStore store, ResultCode expected) {
        for (int count = 0; count < 200; count++) {
            assertThat(store.write(OID, 0, bytes(BLOCK, count), stamp()).code()).isEqualTo(expected);
        }
    }

    private PlainStore filledStore() throws IOException {
        PlainStore store = machine.open(CONFIG);
        store.create(OID, 0, bytes(BLOCK, 1), stamp());
        store.create(OTHER, 0, bytes(BLOCK, 2), stamp());
        machine.fillUp();
        return store;
    }

    @Test
    void checkpointsAndRemovalsGoOnWithTheSpaceOfTheBallast() throws IOException {
        PlainStore store = filledStore();

        overwrite(store, ResultCode.SUCCESS);

        assertThat(machine.disk.exists(BALLAST)).isFalse();
        assertThat(store.create(ObjectId.ofData(new Vid(7), 2), 0, bytes(BLOCK, 3), stamp())
                        .code())
                .as("growth")
                .isEqualTo(ResultCode.NO_SPACE);
        assertThat(store.discard(OID, 0, BLOCK, stamp())).isEqualTo(Outcome.done());
        assertThat(store.remove(OTHER, stamp())).isEqualTo(Outcome.done());
        machine.restartProgram();
        assertThat(machine.open(CONFIG).list(Optional.empty(), 9))
                .singleElement()
                .extracting(info -> info.oid())
                .isEqualTo(OID);
    }

    @Test
    void ballastIsTakenAgainWhenThereIsRoomForItAndAsMuchAgain() throws IOException {
        PlainStore store = filledStore();
        overwrite(store, ResultCode.SUCCESS);

        machine.disk.capacity(machine.disk.usedBytes() + 2 * RESERVED - 1);
        assertThat(store.create(ObjectId.ofData(new Vid(7), 2), 0, bytes(BLOCK, 3), stamp())
                        .code())
                .isEqualTo(ResultCode.NO_SPACE);
        assertThat(machine.disk.exists(BALLAST)).isFalse();
        machine.disk.capacity(machine.disk.usedBytes() + 2 * RESERVED + 10 * BLOCK);
        assertThat(store.create(ObjectId.ofData(new Vid(7), 2), 0, bytes(BLOCK, 3), stamp())
                        .code())
                .isEqualTo(ResultCode.SUCCESS);

        assertThat(machine.disk.exists(BALLAST)).isTrue();
    }

    @Test
    void diskThatIsFullToTheLastRefusesUntilThereIsSpaceAndLosesNothing() throws IOException {
        PlainStore store = filledStore();
        machine.disk.hook((call, path) -> {
            if (call.equals("delete") && path.equals(BALLAST)) {
                machine.disk.capacity(machine.disk.usedBytes() - RESERVED); // Others are faster.
            }
        });

        int acknowledged = 0;
        ResultCode last = ResultCode.SUCCESS;
        while (last == ResultCode.SUCCESS) {
            last = store.write(OID, 0, bytes(BLOCK, ++acknowledged), stamp()).code();
        }

        assertThat(last).isEqualTo(ResultCode.NO_SPACE);
        assertThat(acknowledged).as("the journal took some first").isGreaterThan(10);
        assertThat(store.remove(OTHER, stamp()).code()).isEqualTo(ResultCode.NO_SPACE);
        assertThat(read(store, OID, BLOCK))
                .isEqualTo(bytes(BLOCK, acknowledged - 1).array());
        machine.disk.capacity(Long.MAX_VALUE);
        overwrite(store, ResultCode.SUCCESS);
        assertThat(store.remove(OTHER, stamp())).isEqualTo(Outcome.done());
        assertThat(machine.disk.exists(BALLAST)).isTrue();
    }

    @Test
    void lastHalfOfTheBallastIsForRemovalsOnly() throws IOException {
        PlainStore store = filledStore();
        overwrite(store, ResultCode.SUCCESS);

        machine.disk.capacity(machine.disk.usedBytes() + RESERVED / 2 - BLOCK);

        overwrite(store, ResultCode.NO_SPACE);
        assertThat(store.remove(OTHER, stamp())).isEqualTo(Outcome.done());
    }

    @Test
    void recoverysWordThatThereIsNoObjectIsTakenWithTheLastSpaceToo() throws IOException {
        PlainStore store = filledStore();
        overwrite(store, ResultCode.SUCCESS);
        machine.disk.capacity(machine.disk.usedBytes() + RESERVED / 2 - BLOCK);

        assertThat(store.recovered(OTHER, Optional.empty(), Epoch.FIRST, stamp(), false))
                .isEqualTo(Outcome.done());
        assertThat(store.recovered(OID, Optional.of(bytes(OID.size(), 1)), Epoch.FIRST, stamp(), false)
                        .code())
                .isEqualTo(ResultCode.NO_SPACE);
        store.completed(OID.vid(), 1, sequence);
        assertThat(store.drop(OID, Epoch.FIRST.next())).isEqualTo(Outcome.done());

        machine.restartProgram();
        PlainStore again = machine.open(CONFIG);
        assertThat(again.list(Optional.empty(), 9)).isEmpty();
        assertThat(again.removedIn(OTHER)).contains(Epoch.FIRST);
    }

    @Test
    void ballastIsGivenUpForTheStartOnAFullDisk() throws IOException {
        machine.disk.makeDirectory(Path.of("/sheep"));
        StoreDirectory.open(machine.disk, Path.of("/sheep"), () -> 1).close();
        filledStore().close();
        machine.restartProgram();

        StoreDirectory.open(machine.disk, Path.of("/sheep"), () -> 1).close();

        assertThat(machine.disk.exists(BALLAST)).isFalse();
        assertThat(machine.open(CONFIG).remove(OTHER, stamp())).isEqualTo(Outcome.done());
    }

    @Test
    void ballastThatWasNotFinishedIsMadeAnew() throws IOException {
        PlainStore store = machine.open(CONFIG);
        store.close();
        machine.restartProgram();
        try (var file = machine.disk.open(BALLAST)) {
            file.resize(RESERVED - 1);
        }
        machine.disk.capacity(machine.disk.usedBytes() + 2 * RESERVED);

        machine.open(CONFIG);

        try (var file = machine.disk.open(BALLAST)) {
            assertThat(file.length()).isEqualTo(RESERVED);
        }
    }

    @Test
    void failedSyncWhileTheJournalIsReplayedIsAFailureToOpen() throws IOException {
        PlainStore store = machine.open(CONFIG);
        store.create(OID, 0, bytes(BLOCK, 1), stamp());
        machine.restartProgram();
        machine.disk.hook((call, path) -> {
            if (call.equals("sync") && path.endsWith(OID.toString())) {
                throw new DiskException(DiskException.Kind.IO, call, path, "Input/output error");
            }
        });

        assertThatThrownBy(() -> machine.open(CONFIG)).isInstanceOf(DiskException.class);
    }
}
