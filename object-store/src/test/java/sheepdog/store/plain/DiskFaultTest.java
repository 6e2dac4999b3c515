package sheepdog.store.plain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;
import sheepdog.store.api.ObjectInfo;
import sheepdog.store.api.Stamp;
import sheepdog.store.disk.DiskException;
import sheepdog.store.disk.DiskFile;
import sheepdog.store.disk.PowerCut;
import sheepdog.store.meta.MetaBatch;

/** Disks that fail, fill up and rot. */
@Timeout(60)
class DiskFaultTest {
    private static final ObjectId OID = ObjectId.ofData(new Vid(7), 0);
    private static final ObjectId OTHER = ObjectId.ofData(new Vid(7), 1);
    private static final int BLOCK = 4096;

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

    private static Optional<ByteBuffer> whole(long seed) {
        return Optional.of(bytes(OID.size(), seed));
    }

    private static byte[] read(PlainStore store, ObjectId oid, int offset, int length) {
        var into = ByteBuffer.allocate(length);
        assertThat(store.read(oid, offset, into)).isEqualTo(Outcome.done());
        return into.array();
    }

    private void fail(String operation, String part) {
        machine.disk.hook((call, path) -> {
            if (call.equals(operation) && path.toString().contains(part)) {
                throw new DiskException(DiskException.Kind.IO, call, path, "Input/output error");
            }
        });
    }

    private void heal() {
        machine.disk.hook((_, _) -> {});
    }

    @Test
    void rottenBlockIsNeverReturnedAndTheRestIs() throws IOException {
        PlainStore store = machine.open();
        store.create(OID, 0, bytes(4 * BLOCK, 1), stamp());
        machine.disk.rot(SimMachine.objectPath(OID), BLOCK + 17);

        var into = ByteBuffer.allocate(4 * BLOCK);
        assertThat(store.read(OID, 0, into).code()).isEqualTo(ResultCode.EIO);
        assertThat(into.position()).as("as it was").isZero();
        assertThat(store.read(OID, BLOCK + 100, ByteBuffer.allocate(1)).code()).isEqualTo(ResultCode.EIO);
        assertThat(read(store, OID, 0, BLOCK)).isEqualTo(bytes(BLOCK, 1).array());
    }

    @Test
    void partOfARottenBlockCannotBeWrittenButTheWholeCan() throws IOException {
        PlainStore store = machine.open();
        store.create(OID, 0, bytes(2 * BLOCK, 1), stamp());
        machine.disk.rot(SimMachine.objectPath(OID), 17);

        assertThat(store.write(OID, 100, bytes(10, 2), stamp()).code()).isEqualTo(ResultCode.EIO);
        assertThat(store.write(OID, 0, bytes(BLOCK, 3), stamp()).code()).isEqualTo(ResultCode.SUCCESS);

        assertThat(read(store, OID, 0, BLOCK)).isEqualTo(bytes(BLOCK, 3).array());
    }

    @Test
    void failedReadIsEioAndTheStoreGoesOn() throws IOException {
        PlainStore store = machine.open();
        store.create(OID, 0, bytes(BLOCK, 1), stamp());

        fail("read", OID.toString());
        assertThat(store.read(OID, 0, ByteBuffer.allocate(BLOCK)).code()).isEqualTo(ResultCode.EIO);
        heal();

        assertThat(read(store, OID, 0, BLOCK)).isEqualTo(bytes(BLOCK, 1).array());
        assertThat(store.write(OID, 0, bytes(BLOCK, 2), stamp()).code()).isEqualTo(ResultCode.SUCCESS);
    }

    @Test
    void failedSyncOfTheJournalEndsAllMutationsAlsoIfTheDiskRecovers() throws IOException {
        PlainStore store = machine.open();
        store.create(OID, 0, bytes(BLOCK, 1), stamp());

        fail("sync", "journal");
        assertThat(store.write(OID, 0, bytes(BLOCK, 2), stamp()).code()).isEqualTo(ResultCode.EIO);
        heal();

        assertThat(store.write(OID, 0, bytes(BLOCK, 3), stamp()).code()).isEqualTo(ResultCode.EIO);
        assertThat(store.create(OTHER, 0, bytes(BLOCK, 3), stamp()).code()).isEqualTo(ResultCode.EIO);
        assertThat(store.remove(OID, stamp()).code()).isEqualTo(ResultCode.EIO);
        assertThat(read(store, OID, 0, BLOCK)).isEqualTo(bytes(BLOCK, 1).array());
        store.close();
        machine.restart(new SplittableRandom(1));
        PlainStore again = machine.open();
        assertThat(read(again, OID, 0, BLOCK))
                .isIn(bytes(BLOCK, 1).array(), bytes(BLOCK, 2).array());
        assertThat(again.write(OID, 0, bytes(BLOCK, 3), stamp()).code()).isEqualTo(ResultCode.SUCCESS);
    }

    @Test
    void failedSyncAtACheckpointLosesNothingThatWasAcknowledged() throws IOException {
        for (int seed = 0; seed < 20; seed++) {
            var fresh = new SimMachine();
            PlainStore store = fresh.open();
            store.create(OID, 0, bytes(BLOCK, 0), stamp());
            fresh.disk.hook((call, path) -> {
                if (call.equals("sync") && path.endsWith(OID.toString())) {
                    throw new DiskException(DiskException.Kind.IO, call, path, "Input/output error");
                }
            });
            int acknowledged = 0;
            while (store.write(OID, (acknowledged + 1) % 64 * BLOCK, bytes(BLOCK, acknowledged + 1), stamp())
                    .isOk()) {
                acknowledged++;
            }
            fresh.disk.hook((_, _) -> {});
            store.close();
            fresh.restart(new SplittableRandom(seed));

            PlainStore again = fresh.open();

            assertThat(acknowledged).as("the journal took some first").isGreaterThan(10);
            for (int write = Math.max(0, acknowledged - 60); write <= acknowledged; write++) {
                assertThat(read(again, OID, write % 64 * BLOCK, BLOCK))
                        .isEqualTo(bytes(BLOCK, write).array());
            }
        }
    }

    @Test
    void failedWriteInPlaceIsEioAndReadableAfterReopening() throws IOException {
        PlainStore store = machine.open();
        store.create(OID, 0, bytes(OID.size(), 1), stamp());

        fail("write", OID.toString());
        assertThat(store.write(OID, 0, bytes(200_000, 2), stamp()).code()).isEqualTo(ResultCode.EIO);
        heal();
        store.close();
        machine.restart(new SplittableRandom(5));

        assertThat(read(machine.open(), OID, 200_000, 1000)).hasSize(1000);
        PlainStore again = machine.open();
        assertThat(read(again, OID, 0, OID.size())).hasSize(OID.size());
        assertThat(again.inFlight(OID.vid())).contains(OID);
    }

    @Test
    void failedWriteOfANewObjectLeavesNothingOfIt() throws IOException {
        PlainStore store = machine.open();

        fail("write", OID.toString());
        assertThat(store.create(OID, 0, bytes(OID.size(), 1), stamp()).code()).isEqualTo(ResultCode.EIO);
        assertThat(store.recovered(OID, whole(1), Epoch.FIRST, stamp(), false).code())
                .isEqualTo(ResultCode.EIO);
        fail("sync", OID.toString());
        assertThat(store.create(OID, 0, bytes(OID.size(), 1), stamp()).code()).isEqualTo(ResultCode.EIO);
        heal();

        assertThat(store.find(OID)).isEmpty();
        assertThat(store.create(OID, 0, bytes(BLOCK, 1), stamp()).code())
                .as("nothing was recorded, so the store goes on")
                .isEqualTo(ResultCode.SUCCESS);
    }

    @Test
    void failedUnlinkAndRenameEndAllMutations() throws IOException {
        for (String operation : new String[] {"delete", "rename"}) {
            var fresh = new SimMachine();
            PlainStore store = fresh.open();
            store.create(OID, 0, bytes(BLOCK, 1), stamp());
            fresh.disk.hook((call, path) -> {
                if (call.equals(operation)) {
                    throw new DiskException(DiskException.Kind.IO, call, path, "Input/output error");
                }
            });

            Outcome<Void> outcome = operation.equals("delete")
                    ? store.remove(OID, stamp())
                    : store.create(OTHER, 0, bytes(BLOCK, 1), stamp());
            fresh.disk.hook((_, _) -> {});

            assertThat(outcome.code()).isEqualTo(ResultCode.EIO);
            assertThat(store.write(OID, 0, bytes(BLOCK, 2), stamp()).code()).isEqualTo(ResultCode.EIO);
            store.close();
            assertThat(fresh.open().list(Optional.empty(), 9))
                    .as("the record was there, so replay finishes it")
                    .extracting(ObjectInfo::oid)
                    .isEqualTo(operation.equals("delete") ? List.of() : List.of(OID, OTHER));
        }
    }

    @Test
    void fullDiskRefusesWhatGrowsAndAllowsTheRest() throws IOException {
        PlainStore store = machine.open();
        store.create(OID, 0, bytes(8 * BLOCK, 1), stamp());
        machine.disk.capacity(machine.disk.usedBytes() + 2 * BLOCK);

        assertThat(store.create(OTHER, 0, bytes(OID.size(), 2), stamp()).code()).isEqualTo(ResultCode.NO_SPACE);
        assertThat(store.recovered(OTHER, whole(2), Epoch.FIRST, stamp(), false).code())
                .isEqualTo(ResultCode.NO_SPACE);
        assertThat(store.recovered(OID, whole(2), Epoch.FIRST, stamp(), false).code())
                .isEqualTo(ResultCode.NO_SPACE);
        assertThat(read(store, OID, 0, 8 * BLOCK)).isEqualTo(bytes(8 * BLOCK, 1).array());
        assertThat(store.write(OID, 8 * BLOCK, bytes(20 * BLOCK, 3), stamp()).code())
                .isEqualTo(ResultCode.NO_SPACE);
        assertThat(store.find(OTHER)).isEmpty();
        assertThat(read(store, OID, 8 * BLOCK, 20 * BLOCK)).as("a hole still").containsOnly(0);
        assertThat(store.write(OID, 0, bytes(8 * BLOCK, 4), stamp()).code())
                .as("written before")
                .isEqualTo(ResultCode.SUCCESS);
        assertThat(store.discard(OID, 0, 4 * BLOCK, stamp()).code()).isEqualTo(ResultCode.SUCCESS);
        assertThat(store.write(OID, 9 * BLOCK, bytes(BLOCK, 5), stamp()).code())
                .as("in what the discard gave back")
                .isEqualTo(ResultCode.SUCCESS);
        assertThat(store.remove(OID, stamp()).code()).isEqualTo(ResultCode.SUCCESS);
        store.close();
        assertThat(machine.open().list(Optional.empty(), 9)).isEmpty();
    }

    @Test
    void objectsLeaveTheReservedSpaceAlone() throws IOException {
        PlainStore store = machine.open(new PlainStoreConfig(256 << 10, 32 << 10, 4, 3, 1 << 20, true));
        machine.disk.capacity(machine.disk.usedBytes() + (1 << 20) + 20 * BLOCK);

        assertThat(store.create(OID, 0, bytes(8 * BLOCK, 1), stamp()).code()).isEqualTo(ResultCode.SUCCESS);
        assertThat(store.create(OTHER, 0, bytes(100 * BLOCK, 1), stamp()).code())
                .isEqualTo(ResultCode.NO_SPACE);
    }

    @Test
    void emptyStoreTakesNoSpaceForObjects() throws IOException {
        PlainStore store = machine.open();
        long before = machine.disk.usedBytes();

        store.create(OID, 0, bytes(OID.size(), 1), stamp());
        store.create(OTHER, 0, bytes(BLOCK, 1), stamp());
        assertThat(machine.disk.usedBytes()).isEqualTo(before + OID.size() + BLOCK);
        store.discard(OID, 0, OID.size(), stamp());
        store.remove(OTHER, stamp());

        assertThat(machine.disk.usedBytes()).isEqualTo(before);
    }

    @Test
    void fullDiskAtTheFirstStartSaysSoAndLeavesNoHalfJournal() {
        machine.disk.capacity(100 << 10);

        assertThatThrownBy(machine::open).isInstanceOf(DiskException.class).hasMessageContaining("no space");
        assertThat(machine.disk.usedBytes()).isZero();
    }

    @Test
    void journalDamagedInTheMiddleIsRefused() throws IOException {
        PlainStore store = machine.open();
        for (int count = 0; count < 5; count++) {
            store.create(ObjectId.ofData(new Vid(7), count), 0, bytes(BLOCK, count), stamp());
        }
        machine.restartProgram();

        machine.disk.rot(Path.of("/sheep/meta/journal0"), 2 * 8192 + 100);
        assertThatThrownBy(machine::open).isInstanceOf(IOException.class).hasMessageContaining("damaged");
        machine.disk.rot(Path.of("/sheep/meta/journal0"), 2 * 8192 + 100);
        machine.disk.rot(Path.of("/sheep/meta/journal0"), 20);
        assertThatThrownBy(machine::open).isInstanceOf(IOException.class).hasMessageContaining("beginning");
        machine.disk.rot(Path.of("/sheep/meta/journal0"), 20);
        assertThat(machine.open().list(Optional.empty(), 9)).hasSize(5);
    }

    @Test
    void objectWhoseRecordIsLostIsNotServed() throws IOException {
        PlainStore store = machine.open();
        for (int count = 0; count < 3; count++) {
            store.create(ObjectId.ofData(new Vid(7), count), 0, bytes(BLOCK, count), stamp());
        }
        machine.restartProgram();

        machine.disk.rot(Path.of("/sheep/meta/journal0"), 2 * 8192 + 100);

        PlainStore again = machine.open();
        for (int count = 0; count < 3; count++) {
            Outcome<Void> outcome = again.read(ObjectId.ofData(new Vid(7), count), 0, ByteBuffer.allocate(BLOCK));
            assertThat(outcome.code()).isEqualTo(count < 2 ? ResultCode.SUCCESS : ResultCode.EIO);
        }
        var last = ObjectId.ofData(new Vid(7), 2);
        assertThat(again.write(last, 0, bytes(BLOCK, 1), stamp()).code()).isEqualTo(ResultCode.EIO);
        assertThat(again.discard(last, 0, BLOCK, stamp()).code()).isEqualTo(ResultCode.EIO);
        assertThat(again.remove(last, stamp()).code()).isEqualTo(ResultCode.SUCCESS);
    }

    @Test
    void filesThatAreNoObjectsAreLeftAlone() throws IOException {
        PlainStore store = machine.open();
        store.create(OID, 0, bytes(BLOCK, 1), stamp());
        for (String name : new String[] {"readme", ".farm", "00000000000000zz", "0007c2b250000000.tmp"}) {
            try (DiskFile file = machine.disk.create(Path.of("/sheep/obj").resolve(name))) {
                file.write(bytes(10, 1), 0);
            }
        }
        try (DiskFile file = machine.disk.create(Path.of("/sheep/obj/.tmp").resolve(OTHER.toString()))) {
            file.write(bytes(10, 1), 0);
        }
        store.close();

        PlainStore again = machine.open();

        assertThat(again.list(Optional.empty(), 9)).extracting(ObjectInfo::oid).containsExactly(OID);
        assertThat(machine.disk.list(Path.of("/sheep/obj/.tmp")))
                .as("left over")
                .isEmpty();
        again.format(Epoch.FIRST);
        assertThat(machine.disk.list(Path.of("/sheep/obj")))
                .containsExactly(".farm", ".tmp", "00000000000000zz", "0007c2b250000000.tmp", "readme");
    }

    @Test
    void oldCopiesOfTheOriginalAreLeftAloneUntilAFormat() throws IOException {
        var stale = Path.of("/sheep/obj/.stale");
        machine.disk.makeDirectory(Path.of("/sheep"));
        machine.disk.makeDirectory(Path.of("/sheep/obj"));
        machine.disk.makeDirectory(stale);
        machine.disk.create(stale.resolve(OID + ".12")).close();
        machine.disk.create(stale.resolve("mine")).close();
        PlainStore store = machine.open();
        assertThat(machine.disk.list(stale)).containsExactly(OID + ".12", "mine");

        store.format(Epoch.FIRST);

        assertThat(machine.disk.list(stale)).containsExactly("mine");
    }

    @Test
    void lostFileOfAnObjectIsAnErrorAndNotAnAbsence() throws IOException {
        PlainStore store = machine.open();
        store.create(OID, 0, bytes(BLOCK, 1), stamp());
        store.close();
        machine.disk.delete(SimMachine.objectPath(OID));

        assertThat(machine.open().read(OID, 0, ByteBuffer.allocate(BLOCK)).code())
                .isEqualTo(ResultCode.EIO);
    }

    @Test
    void lostFileOfOneObjectHarmsNoOther() throws IOException {
        for (String mutation : new String[] {"write", "discard", "large write", "drop", "recovered"}) {
            var fresh = new SimMachine();
            PlainStore store = fresh.open();
            store.create(OID, 0, bytes(BLOCK, 1), stamp());
            store.create(OTHER, 0, bytes(BLOCK, 1), stamp());
            store.close();
            fresh.disk.delete(SimMachine.objectPath(OID));
            fresh.restartProgram();
            PlainStore again = fresh.open();

            Outcome<Void> outcome = switch (mutation) {
                case "write" -> again.write(OID, 0, bytes(BLOCK, 2), stamp());
                case "large write" -> again.write(OID, 0, bytes(100 * BLOCK, 2), stamp());
                case "discard" -> again.discard(OID, 0, BLOCK, stamp());
                case "drop" -> drop(again, OID);
                default -> again.recovered(OID, Optional.empty(), Epoch.FIRST, stamp(), false);
            };

            boolean gone = mutation.equals("drop") || mutation.equals("recovered");
            assertThat(outcome.code()).as(mutation).isEqualTo(gone ? ResultCode.SUCCESS : ResultCode.EIO);
            assertThat(again.write(OTHER, 0, bytes(BLOCK, 3), stamp()).code())
                    .as("another object after a %s", mutation)
                    .isEqualTo(ResultCode.SUCCESS);
            assertThat(again.find(OID).isEmpty()).isEqualTo(gone);
            assertThat(again.remove(OID, stamp()).code()).isEqualTo(gone ? ResultCode.NO_OBJ : ResultCode.SUCCESS);
            fresh.restartProgram();
            assertThat(read(fresh.open(), OTHER, 0, BLOCK))
                    .isEqualTo(bytes(BLOCK, 3).array());
        }
    }

    @Test
    void objectWhoseChecksumsAreLostIsReplacedByRecovery() throws IOException {
        PlainStore store = machine.open();
        store.create(OID, 0, bytes(BLOCK, 1), stamp());
        store.close();
        machine.restartProgram();
        machine.meta.apply(new MetaBatch().delete(MetaKeys.sums(OID)));
        PlainStore again = machine.open();
        assertThat(again.read(OID, 0, ByteBuffer.allocate(BLOCK)).code()).isEqualTo(ResultCode.EIO);

        assertThat(again.recovered(OID, whole(2), Epoch.FIRST, stamp(), false)).isEqualTo(Outcome.done());

        assertThat(read(again, OID, 0, BLOCK)).isEqualTo(bytes(BLOCK, 2).array());
    }

    @Test
    void wholeObjectReplacesOneWhoseFileOrChecksumsAreLostOrHaveRotted() throws IOException {
        for (String damage : List.of("file", "checksums", "block", "length")) {
            var fresh = new SimMachine();
            PlainStore store = fresh.open();
            store.create(OID, 0, bytes(2 * BLOCK, 1), stamp());
            store.close();
            fresh.restartProgram();
            switch (damage) {
                case "file" -> fresh.disk.delete(SimMachine.objectPath(OID));
                case "checksums" -> fresh.meta.apply(new MetaBatch().delete(MetaKeys.sums(OID)));
                case "block" -> fresh.disk.rot(SimMachine.objectPath(OID), 17);
                default -> {
                    try (DiskFile file = fresh.disk.open(SimMachine.objectPath(OID))) {
                        file.resize(BLOCK);
                    }
                }
            }
            PlainStore again = fresh.open();
            assertThat(again.write(OID, 10, bytes(10, 2), stamp()).code())
                    .as(damage)
                    .isIn(damage.equals("length") ? ResultCode.SUCCESS : ResultCode.EIO);
            assertThat(again.isFailed()).as(damage).isFalse();

            assertThat(again.create(OID, 0, bytes(OID.size(), 3), stamp()))
                    .as(damage)
                    .isEqualTo(Outcome.done());

            assertThat(again.stats().objects()).isEqualTo(1);
            fresh.power.cut();
            fresh.restart(new SplittableRandom(1));
            PlainStore last = fresh.open();
            assertThat(read(last, OID, 0, OID.size()))
                    .isEqualTo(bytes(OID.size(), 3).array());
            assertThat(last.stats().objects()).isEqualTo(1);
        }
    }

    @Test
    void largeCreateOfWhichABlockHasRottedIsAnErrorAfterACrashAndNotAnAbsence() throws IOException {
        for (String where : List.of("in its place", "beside it")) {
            var fresh = new SimMachine();
            PlainStore store = fresh.open();
            if (where.equals("beside it")) {
                fresh.disk.hook((call, path) -> {
                    if (call.equals("rename")) {
                        throw new DiskException(DiskException.Kind.IO, call, path, "Input/output error");
                    }
                });
            }
            store.create(OID, 0, bytes(OID.size(), 1), stamp());
            fresh.disk.hook((_, _) -> {});
            fresh.restartProgram(); // The record that the create is done waited for company.
            Path file = where.equals("beside it")
                    ? Path.of("/sheep/obj/.tmp").resolve(OID.toString())
                    : SimMachine.objectPath(OID);
            fresh.disk.rot(file, 3 * BLOCK + 5);

            PlainStore again = fresh.open();

            assertThat(again.find(OID)).as(where).isPresent();
            assertThat(again.read(OID, 3 * BLOCK, ByteBuffer.allocate(BLOCK)).code())
                    .as(where)
                    .isEqualTo(ResultCode.EIO);
            assertThat(read(again, OID, 0, 3 * BLOCK))
                    .as(where)
                    .isEqualTo(Arrays.copyOf(bytes(OID.size(), 1).array(), 3 * BLOCK));
            assertThat(again.create(OID, 0, bytes(OID.size(), 2), stamp())).isEqualTo(Outcome.done());
            assertThat(read(again, OID, 0, OID.size()))
                    .isEqualTo(bytes(OID.size(), 2).array());
        }
    }

    @Test
    void storeThatFailedSaysSo() throws IOException {
        PlainStore store = machine.open();
        assertThat(store.isFailed()).isFalse();

        fail("sync", "journal");
        store.create(OID, 0, bytes(BLOCK, 1), stamp());
        heal();

        assertThat(store.isFailed()).isTrue();
    }

    @Test
    void readAfterAFailedCheckpointReturnsWhatWasAcknowledged() throws IOException {
        PlainStore store = machine.open();
        store.create(OID, 0, bytes(BLOCK, 0), stamp());
        for (int index = 1; index < 20; index++) {
            store.create(ObjectId.ofData(new Vid(7), index), 0, bytes(BLOCK, index), stamp());
        }
        store.close();
        machine.restartProgram();
        PlainStore again = machine.open();
        assertThat(again.write(OID, 5 * BLOCK, bytes(BLOCK, 77), stamp()).isOk())
                .as("into what the metadata know as a hole")
                .isTrue();
        fail("sync", OID.toString());
        while (again.write(OTHER, 0, bytes(BLOCK, 1), stamp()).isOk()) {
            assertThat(sequence).as("a checkpoint came").isLessThan(1000);
        }
        heal();

        for (int index = 1; index < 20; index++) {
            read(again, ObjectId.ofData(new Vid(7), index), 0, BLOCK);
        }

        assertThat(read(again, OID, 5 * BLOCK, BLOCK))
                .isEqualTo(bytes(BLOCK, 77).array());
    }

    @Test
    void fenceOfAnOwnerIsDurableThoughARefusedMutationOfItCameFirst() throws IOException {
        PlainStore store = machine.open();
        store.create(OID, 0, bytes(BLOCK, 1), stamp());
        assertThat(store.write(OTHER, 0, bytes(BLOCK, 2), new Stamp(Epoch.FIRST, 2, 1))
                        .code())
                .isEqualTo(ResultCode.NO_OBJ);

        store.fenceOwner(OID.vid(), 2);
        machine.power.cut();
        machine.restart(new SplittableRandom(1));

        assertThat(machine.open().write(OID, 0, bytes(BLOCK, 3), stamp()).code())
                .as("the first owner's straggler")
                .isEqualTo(ResultCode.AGAIN);
    }

    @Test
    void journalThatIsGoneIsRefusedSinceItMayHaveHeldAcknowledgedWrites() throws IOException {
        for (int index = 0; index < 2; index++) {
            var fresh = new SimMachine();
            PlainStore store = fresh.open();
            store.create(OID, 0, bytes(BLOCK, 1), stamp());
            fresh.restartProgram();
            fresh.disk.delete(Path.of("/sheep/meta/journal" + index));

            assertThatThrownBy(fresh::open)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("journal" + index)
                    .hasMessageContaining("missing");
        }
    }

    @Test
    void metadataThatAreGoneAreRefused() throws IOException {
        PlainStore store = machine.open();
        for (int count = 0; count < 100; count++) {
            store.create(OID, 0, bytes(BLOCK, count), stamp());
        }
        store.close();
        machine.restartProgram();
        machine.meta.apply(new MetaBatch().deleteRange(new byte[] {0}, new byte[] {(byte) 0xff}));

        assertThatThrownBy(machine::open).isInstanceOf(IOException.class).hasMessageContaining("journal");
    }

    @Test
    void foldersAmongTheFilesAreLeftAlone() throws IOException {
        PlainStore store = machine.open();
        store.create(OID, 0, bytes(BLOCK, 1), stamp());
        machine.disk.makeDirectory(Path.of("/sheep/obj/.stale"));
        var folders = List.of("obj/.tmp/mine", "obj/.stale/mine", "obj/" + OTHER, "obj/.stale/" + OTHER + ".1");
        for (String name : folders) {
            machine.disk.makeDirectory(Path.of("/sheep").resolve(name));
        }
        machine.disk.hook((call, path) -> {
            if (call.equals("delete") && machine.disk.isDirectory(path)) {
                throw new DiskException(DiskException.Kind.IO, call, path, "Is a directory");
            }
        });

        assertThat(store.format(Epoch.FIRST)).isEqualTo(Outcome.done());
        store.close();
        machine.restartProgram();

        assertThat(machine.open().list(Optional.empty(), 9)).isEmpty();
        for (String name : folders) {
            assertThat(machine.disk.isDirectory(Path.of("/sheep").resolve(name)))
                    .isTrue();
        }
    }

    private Outcome<Void> drop(PlainStore store, ObjectId oid) {
        store.completed(oid.vid(), 1, sequence);
        return store.drop(oid, Epoch.FIRST.next());
    }

    /** One block of the first content changed. */
    private static ByteBuffer almost(int seed) {
        ByteBuffer bytes = bytes(OID.size(), 1);
        bytes(BLOCK, seed).get(bytes.array(), seed * BLOCK, BLOCK);
        return bytes;
    }

    @Test
    void crashAnywhereInAReplacementLeavesTheOldCopyOrTheNew() throws IOException {
        ByteBuffer small = ByteBuffer.allocate(OID.size()).put(7 * BLOCK, (byte) 1);
        for (ByteBuffer replacement : List.of(small, almost(3), bytes(OID.size(), 9))) {
            int old = 0;
            int replaced = 0;
            for (int cut = 1; cut < 30; cut++) {
                for (int seed = 0; seed < 4; seed++) {
                    var fresh = new SimMachine();
                    PlainStore store = fresh.open();
                    store.create(OID, 0, bytes(OID.size(), 1), stamp());
                    store.recovered(OID, Optional.of(almost(2)), Epoch.FIRST, stamp(), false);
                    fresh.power.cutAt(fresh.power.changes() + cut);
                    boolean acknowledged = false;
                    try {
                        acknowledged = store.recovered(OID, Optional.of(replacement), Epoch.FIRST, stamp(), true)
                                .isOk();
                        fresh.power.cut();
                    } catch (PowerCut _) {
                        assertThat(fresh.power.isOff()).isTrue();
                    }
                    fresh.restart(new SplittableRandom(seed));

                    byte[] there = read(fresh.open(), OID, 0, OID.size());

                    if (Arrays.equals(there, replacement.array())) {
                        replaced++;
                    } else {
                        assertThat(acknowledged).isFalse();
                        assertThat(there).isEqualTo(almost(2).array());
                        old++;
                    }
                }
            }
            assertThat(old).isPositive();
            assertThat(replaced).isPositive();
        }
    }

    @Test
    void contentOfAReplacementThatNeverCameIsNotTakenForTheCopyItResembles() throws IOException {
        PlainStore store = machine.open();
        store.recovered(OID, Optional.of(almost(2)), Epoch.FIRST, stamp(), false);
        fail("write", "journal");
        assertThat(store.recovered(OID, Optional.of(almost(3)), Epoch.FIRST, stamp(), false)
                        .code())
                .isEqualTo(ResultCode.EIO);
        heal();
        machine.restartProgram();
        assertThat(machine.disk.exists(Path.of("/sheep/obj/.tmp").resolve(OID.toString())))
                .as("beside the copy whose record is the last one")
                .isTrue();

        assertThat(read(machine.open(), OID, 0, OID.size())).isEqualTo(almost(2).array());
    }

    @Test
    void removalsAreRememberedThroughCheckpointsAndPowerCuts() throws IOException {
        for (int seed = 0; seed < 10; seed++) {
            var fresh = new SimMachine();
            PlainStore store = fresh.open();
            store.create(OID, 0, bytes(BLOCK, 1), stamp());
            store.create(OTHER, 0, bytes(BLOCK, 1), stamp());
            store.remove(OID, stamp());
            for (int count = 0; count < 200; count++) {
                store.write(OTHER, 0, bytes(BLOCK, count), stamp());
            }
            store.remove(OTHER, stamp());
            fresh.power.cut();
            fresh.restart(new SplittableRandom(seed));

            PlainStore again = fresh.open();

            assertThat(again.removedIn(OID)).contains(Epoch.FIRST);
            assertThat(again.removedIn(OTHER)).contains(Epoch.FIRST);
        }
    }

    @Test
    void allRemovalsOfManyAreForgottenAndTakeNoSpace() throws IOException {
        PlainStore store = machine.open();
        for (int index = 0; index < 2500; index++) {
            var oid = ObjectId.ofAttr(new Vid(7), index);
            store.recovered(oid, Optional.empty(), Epoch.FIRST, new Stamp(new Epoch(1 + index % 2), 1, 1), false);
        }

        store.forgetRemovals(Epoch.FIRST);

        var left = new ArrayList<ObjectId>();
        machine.meta.scan(MetaKeys.from('x'), MetaKeys.to('x'), (key, _) -> left.add(MetaKeys.oidOf(key)));
        assertThat(left).hasSize(1250);
        assertThat(left).allMatch(oid -> oid.bits() % 2 == 1);
    }
}
