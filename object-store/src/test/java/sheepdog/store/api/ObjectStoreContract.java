package sheepdog.store.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;

/** What every {@link ObjectStore} does; each implementation's test extends it. */
public abstract class ObjectStoreContract {
    protected static final Vid VID = new Vid(0x7c2b25);
    protected static final ObjectId OID = ObjectId.ofData(VID, 3);
    protected static final Epoch EPOCH = new Epoch(5);

    private static final int BLOCK = 4096;

    protected ObjectStore store;
    private long sequence;

    /** Opens a store: an empty one, or the one that was closed last. */
    protected abstract ObjectStore open() throws Exception;

    @BeforeEach
    void openFirst() throws Exception {
        store = open();
    }

    @AfterEach
    void closeLast() {
        store.close();
    }

    private void reopen() throws Exception {
        store.close();
        store = open();
    }

    protected Stamp stamp() {
        return new Stamp(EPOCH, 1, ++sequence);
    }

    protected static ByteBuffer bytes(int length, long seed) {
        var bytes = new byte[length];
        new SplittableRandom(seed).nextBytes(bytes);
        return ByteBuffer.wrap(bytes);
    }

    protected byte[] read(ObjectId oid, int offset, int length) {
        var into = ByteBuffer.allocate(length);
        assertThat(store.read(oid, offset, into).code()).isEqualTo(ResultCode.SUCCESS);
        assertThat(into.hasRemaining()).isFalse();
        return into.array();
    }

    @Test
    void createdObjectHoldsItsDataAndZerosElsewhere() {
        ByteBuffer data = bytes(5000, 1);

        Outcome<Void> made = store.create(OID, 10_000, data, stamp());

        assertThat(made.code()).isEqualTo(ResultCode.SUCCESS);
        assertThat(data.remaining()).as("the buffer is left as it was").isEqualTo(5000);
        assertThat(read(OID, 10_000, 5000)).isEqualTo(data.array());
        assertThat(read(OID, 0, 10_000)).containsOnly(0);
        assertThat(read(OID, 15_000, OID.size() - 15_000)).containsOnly(0);
    }

    @Test
    void objectsOfEveryTypeAndFullSizeSurviveReopening() throws Exception {
        var oids = List.of(OID, ObjectId.ofAttr(VID, 77), ObjectId.ofVmState(VID, 1), ObjectId.ofInode(VID));
        for (ObjectId oid : oids) {
            assertThat(store.create(oid, 0, bytes(oid.size(), oid.bits()), stamp())
                            .code())
                    .isEqualTo(ResultCode.SUCCESS);
        }

        reopen();

        for (ObjectId oid : oids) {
            assertThat(read(oid, 0, oid.size()))
                    .isEqualTo(bytes(oid.size(), oid.bits()).array());
        }
        assertThat(store.list(Optional.empty(), 10)).extracting(ObjectInfo::oid).containsExactlyElementsOf(oids);
    }

    @Test
    void emptyCreateMakesAnObjectOfZeros() {
        store.create(OID, 0, ByteBuffer.allocate(0), stamp());

        assertThat(read(OID, 0, OID.size())).containsOnly(0);
        assertThat(store.find(OID)).contains(new ObjectInfo(OID, EPOCH, EPOCH));
    }

    @Test
    void createOfAnObjectThatExistsChangesItsRangeOnly() {
        store.create(OID, 0, bytes(BLOCK * 3, 1), stamp());

        assertThat(store.create(OID, 100, bytes(50, 2), stamp()).code()).isEqualTo(ResultCode.SUCCESS);

        byte[] expected = bytes(BLOCK * 3, 1).array();
        System.arraycopy(bytes(50, 2).array(), 0, expected, 100, 50);
        assertThat(read(OID, 0, BLOCK * 3)).isEqualTo(expected);
    }

    @Test
    void writesOfAllAlignmentsAndSizesAreReadBack() throws Exception {
        byte[] model = new byte[OID.size()];
        store.create(OID, 0, ByteBuffer.allocate(0), stamp());
        int[][] writes = {
            {0, BLOCK},
            {1, 1},
            {4095, 2},
            {511, 514},
            {BLOCK * 7, BLOCK * 2},
            {BLOCK * 6 + 1, BLOCK * 2 - 2},
            {100_000, 200_000},
            {99_999, 70_001},
            {0, OID.size()},
            {3, OID.size() - 5},
            {OID.size() - 1, 1}
        };

        long seed = 0;
        for (int[] write : writes) {
            ByteBuffer data = bytes(write[1], ++seed);
            assertThat(store.write(OID, write[0], data, stamp()).code()).isEqualTo(ResultCode.SUCCESS);
            System.arraycopy(data.array(), 0, model, write[0], write[1]);
            assertThat(read(OID, 0, OID.size())).isEqualTo(model);
        }
        reopen();

        assertThat(read(OID, 0, OID.size())).isEqualTo(model);
        assertThat(read(OID, 12_345, 6789)).isEqualTo(Arrays.copyOfRange(model, 12_345, 12_345 + 6789));
    }

    @Test
    void writeToAnObjectThatIsNotThereIsRefused() {
        assertThat(store.write(OID, 0, bytes(10, 1), stamp()).code()).isEqualTo(ResultCode.NO_OBJ);
        assertThat(store.write(OID, 0, ByteBuffer.allocate(0), stamp()).code()).isEqualTo(ResultCode.NO_OBJ);
        assertThat(store.find(OID)).isEmpty();
    }

    @Test
    void readOfAnObjectThatIsNotThereIsRefused() {
        assertThat(store.read(OID, 0, ByteBuffer.allocate(10)).code()).isEqualTo(ResultCode.NO_OBJ);
    }

    @Test
    void rangesOutsideOfTheObjectAreRefusedAndHarmNothing() {
        store.create(OID, 0, bytes(BLOCK, 1), stamp());

        for (int offset : new int[] {-1, Integer.MIN_VALUE, OID.size() - 9, OID.size(), Integer.MAX_VALUE}) {
            assertThat(store.read(OID, offset, ByteBuffer.allocate(10)).code()).isEqualTo(ResultCode.INVALID_PARMS);
            assertThat(store.write(OID, offset, bytes(10, 2), stamp()).code()).isEqualTo(ResultCode.INVALID_PARMS);
            assertThat(store.create(OID, offset, bytes(10, 2), stamp()).code()).isEqualTo(ResultCode.INVALID_PARMS);
            assertThat(store.discard(OID, offset, 10, stamp()).code()).isEqualTo(ResultCode.INVALID_PARMS);
        }
        assertThat(store.discard(OID, 0, Integer.MAX_VALUE, stamp()).code()).isEqualTo(ResultCode.INVALID_PARMS);
        assertThat(store.discard(OID, 0, -1, stamp()).code()).isEqualTo(ResultCode.INVALID_PARMS);
        assertThat(read(OID, 0, BLOCK)).isEqualTo(bytes(BLOCK, 1).array());
    }

    @Test
    void idsThatNameNoObjectAreRefused() {
        var bad = new ObjectId(-1);

        assertThat(store.read(bad, 0, ByteBuffer.allocate(1)).code()).isEqualTo(ResultCode.INVALID_PARMS);
        assertThat(store.create(bad, 0, bytes(1, 1), stamp()).code()).isEqualTo(ResultCode.INVALID_PARMS);
        assertThat(store.write(bad, 0, bytes(1, 1), stamp()).code()).isEqualTo(ResultCode.INVALID_PARMS);
        assertThat(store.remove(bad, stamp()).code()).isEqualTo(ResultCode.INVALID_PARMS);
        assertThat(store.discard(bad, 0, 1, stamp()).code()).isEqualTo(ResultCode.INVALID_PARMS);
    }

    @Test
    void removedObjectIsGone() throws Exception {
        store.create(OID, 0, bytes(BLOCK, 1), stamp());

        assertThat(store.remove(OID, stamp()).code()).isEqualTo(ResultCode.SUCCESS);
        assertThat(store.remove(OID, stamp()).code()).isEqualTo(ResultCode.NO_OBJ);
        reopen();

        assertThat(store.read(OID, 0, ByteBuffer.allocate(1)).code()).isEqualTo(ResultCode.NO_OBJ);
        assertThat(store.list(Optional.empty(), 10)).isEmpty();
        assertThat(store.stats().objects()).isZero();
    }

    @Test
    void objectMadeAgainAfterRemovalHasNothingOfTheOldOne() throws Exception {
        store.create(OID, 0, bytes(OID.size(), 1), stamp());
        store.remove(OID, stamp());
        store.create(OID, BLOCK, bytes(BLOCK, 2), stamp());
        reopen();

        assertThat(read(OID, 0, BLOCK)).containsOnly(0);
        assertThat(read(OID, BLOCK, BLOCK)).isEqualTo(bytes(BLOCK, 2).array());
        assertThat(read(OID, 2 * BLOCK, OID.size() - 2 * BLOCK)).containsOnly(0);
    }

    @Test
    void discardedRangeReadsAsZerosAndTheRestStays() throws Exception {
        int[][] ranges = {
            {100, 50},
            {4000, 200},
            {BLOCK, BLOCK},
            {BLOCK * 3 - 5, BLOCK * 2 + 10},
            {0, 0},
            {BLOCK * 9 + 5, BLOCK - 5},
            {BLOCK * 11, 7}
        };
        for (ObjectId oid : List.of(OID, ObjectId.ofAttr(VID, 1))) {
            byte[] model = bytes(oid.size(), 7).array();
            store.create(oid, 0, ByteBuffer.wrap(model.clone()), stamp());
            for (int[] range : ranges) {
                assertThat(store.discard(oid, range[0], range[1], stamp()).code())
                        .isEqualTo(ResultCode.SUCCESS);
                Arrays.fill(model, range[0], range[0] + range[1], (byte) 0);
                assertThat(read(oid, 0, oid.size())).isEqualTo(model);
            }
            int tail = oid.size() - 10_000;
            store.discard(oid, tail, 10_000, stamp());
            Arrays.fill(model, tail, oid.size(), (byte) 0);
            assertThat(read(oid, 0, oid.size())).isEqualTo(model);
            reopen();
            assertThat(read(oid, 0, oid.size())).isEqualTo(model);
        }
        assertThat(store.discard(ObjectId.ofData(VID, 9), 0, 10, stamp()).code())
                .isEqualTo(ResultCode.NO_OBJ);
    }

    @Test
    void recoverysWordReplacesWhatIsHereAndMergesNothing() throws Exception {
        ByteBuffer mostlyZeros = ByteBuffer.allocate(OID.size()).put(BLOCK + 7, (byte) 1);
        for (ByteBuffer whole : List.of(bytes(OID.size(), 2), mostlyZeros, bytes(OID.size(), 3))) {
            store.create(OID, 0, bytes(9 * BLOCK, 1), stamp());

            assertThat(store.recovered(OID, Optional.of(whole), Epoch.FIRST, stamp(), false))
                    .isEqualTo(Outcome.done());

            assertThat(whole.remaining()).as("left as it was").isEqualTo(OID.size());
            assertThat(read(OID, 0, OID.size())).isEqualTo(whole.array());
            assertThat(store.write(OID, 5, bytes(100_000, 4), stamp())).isEqualTo(Outcome.done());
            store.recovered(OID, Optional.of(whole), Epoch.FIRST, stamp(), false);
            reopen();
            assertThat(read(OID, 0, OID.size())).isEqualTo(whole.array());
            assertThat(store.stats().objects()).isEqualTo(1);
        }
    }

    @Test
    void recoverysCopyIsOfTheEpochItCameIn() throws Exception {
        store.create(OID, 0, bytes(BLOCK, 1), new Stamp(EPOCH.next(), 1, 1));

        store.recovered(OID, Optional.of(bytes(OID.size(), 2)), Epoch.FIRST, stamp(), false);

        assertThat(store.find(OID)).contains(new ObjectInfo(OID, EPOCH, Epoch.FIRST));
        reopen();
        assertThat(store.find(OID)).contains(new ObjectInfo(OID, EPOCH, Epoch.FIRST));
    }

    @Test
    void recoverysWordThatThereIsNoObjectTakesTheCopyAwayAndIsRemembered() throws Exception {
        var other = ObjectId.ofData(VID, 4);
        store.create(OID, 0, bytes(BLOCK, 1), stamp());

        assertThat(store.recovered(OID, Optional.empty(), Epoch.FIRST, stamp(), false))
                .isEqualTo(Outcome.done());
        assertThat(store.recovered(other, Optional.empty(), Epoch.FIRST, stamp(), false))
                .isEqualTo(Outcome.done());

        for (int round = 0; round < 2; round++) {
            assertThat(store.find(OID)).isEmpty();
            assertThat(store.removedIn(OID)).contains(EPOCH);
            assertThat(store.removedIn(other)).contains(EPOCH);
            assertThat(store.inFlight(VID)).containsExactly(OID); // As the create left it.
            assertThat(store.stats().objects()).isZero();
            reopen();
        }
        store.recovered(other, Optional.empty(), Epoch.FIRST, new Stamp(EPOCH.next(), 1, 1), false);
        store.recovered(other, Optional.empty(), Epoch.FIRST, stamp(), false);
        assertThat(store.removedIn(other)).as("the newest one").contains(EPOCH.next());
    }

    @Test
    void recoverysWordIsOfAWholeValidObject() {
        for (int length : new int[] {0, 10, OID.size() - 1, OID.size() + 1}) {
            assertThat(store.recovered(OID, Optional.of(bytes(length, 2)), Epoch.FIRST, stamp(), false)
                            .code())
                    .isEqualTo(ResultCode.INVALID_PARMS);
        }
        assertThat(store.recovered(new ObjectId(-1), Optional.empty(), Epoch.FIRST, stamp(), false)
                        .code())
                .isEqualTo(ResultCode.INVALID_PARMS);
        assertThat(store.drop(new ObjectId(-1), EPOCH).code()).isEqualTo(ResultCode.INVALID_PARMS);
    }

    @Test
    void recoverysWordThatIsNotInFlightIsAskedForItsEpochOnly() {
        var whole = Optional.of(bytes(OID.size(), 1));
        store.fenceOwner(VID, 7);

        assertThat(store.recovered(OID, whole, Epoch.FIRST, new Stamp(EPOCH, 1, 1), false))
                .isEqualTo(Outcome.done());
        assertThat(store.recovered(OID, Optional.empty(), Epoch.FIRST, new Stamp(EPOCH, 99, 1), false))
                .isEqualTo(Outcome.done());
        assertThat(store.create(OID, 0, bytes(1, 1), new Stamp(EPOCH, 7, 1)))
                .as("the fence is where it was")
                .isEqualTo(Outcome.done());

        for (var content : List.of(whole, Optional.<ByteBuffer>empty())) {
            assertThat(store.recovered(OID, content, Epoch.FIRST, new Stamp(EPOCH, 6, 1), true)
                            .code())
                    .isEqualTo(ResultCode.AGAIN);
        }
        store.fence(EPOCH.next());
        for (var content : List.of(whole, Optional.<ByteBuffer>empty())) {
            assertThat(store.recovered(OID, content, Epoch.FIRST, new Stamp(EPOCH, 7, 1), false)
                            .code())
                    .isEqualTo(ResultCode.OLD_NODE_VER);
        }
        assertThat(read(OID, 0, 1)).isEqualTo(bytes(1, 1).array());
    }

    @Test
    void removalIsRememberedUntilTheObjectIsMadeAgain() throws Exception {
        for (boolean byRecovery : new boolean[] {true, false}) {
            assertThat(store.removedIn(OID)).isEmpty();
            store.create(OID, 0, bytes(BLOCK, 1), stamp());
            store.remove(OID, new Stamp(EPOCH, 1, 2));
            assertThat(store.removedIn(OID)).contains(EPOCH);
            reopen();
            assertThat(store.removedIn(OID)).contains(EPOCH);

            if (byRecovery) {
                store.recovered(OID, Optional.of(bytes(OID.size(), 2)), Epoch.FIRST, stamp(), false);
            } else {
                store.create(OID, 0, bytes(BLOCK, 1), stamp());
            }

            assertThat(store.removedIn(OID)).isEmpty();
            reopen();
            assertThat(store.removedIn(OID)).isEmpty();
            store.settled(OID, EPOCH, 1);
            store.drop(OID, EPOCH.next());
        }
    }

    @Test
    void removalsAreForgottenUpToAnEpochAndLaterOnesOfItAreNotRemembered() throws Exception {
        for (int index = 0; index < 5; index++) {
            var oid = ObjectId.ofData(VID, index);
            store.create(oid, 0, bytes(1, 1), new Stamp(new Epoch(1), 1, 1));
            store.remove(oid, new Stamp(new Epoch(1 + index), 1, 2));
        }

        store.forgetRemovals(new Epoch(3));
        store.forgetRemovals(new Epoch(2)); // Never goes back.

        assertThat(store.removedIn(ObjectId.ofData(VID, 2))).isEmpty();
        assertThat(store.removedIn(ObjectId.ofData(VID, 3))).contains(new Epoch(4));
        assertThat(store.removedIn(ObjectId.ofData(VID, 4))).contains(new Epoch(5));
        store.create(OID, 0, bytes(1, 1), new Stamp(new Epoch(3), 1, 3));
        store.remove(OID, new Stamp(new Epoch(3), 1, 4));
        store.recovered(ObjectId.ofData(VID, 9), Optional.empty(), Epoch.FIRST, new Stamp(new Epoch(3), 1, 4), false);
        assertThat(store.removedIn(OID)).isEmpty();
        assertThat(store.removedIn(ObjectId.ofData(VID, 9))).isEmpty();

        store.format(Epoch.FIRST);
        assertThat(store.removedIn(ObjectId.ofData(VID, 4))).isEmpty();
        store.create(OID, 0, bytes(1, 1), new Stamp(new Epoch(2), 1, 3));
        store.remove(OID, new Stamp(new Epoch(2), 1, 4));
        assertThat(store.removedIn(OID)).contains(new Epoch(2));
        reopen();
        assertThat(store.removedIn(OID)).contains(new Epoch(2));
    }

    @Test
    void whatIsForgottenIsKnownAfterReopeningUntilAFormat() throws Exception {
        assertThat(store.removalsForgotten()).isEqualTo(Epoch.NONE);
        store.forgetRemovals(new Epoch(3));
        assertThat(store.removalsForgotten()).isEqualTo(new Epoch(3));
        reopen();
        assertThat(store.removalsForgotten()).isEqualTo(new Epoch(3));

        store.format(Epoch.FIRST);

        assertThat(store.removalsForgotten()).isEqualTo(Epoch.NONE);
        reopen();
        assertThat(store.removalsForgotten()).isEqualTo(Epoch.NONE);
    }

    @Test
    void removalOfWhatIsNotHereIsRememberedToo() throws Exception {
        assertThat(store.remove(OID, stamp()).code()).isEqualTo(ResultCode.NO_OBJ);

        for (int round = 0; round < 2; round++) {
            assertThat(store.removedIn(OID)).contains(EPOCH);
            assertThat(store.inFlightVids()).isEmpty();
            reopen();
        }
    }

    @Test
    void confirmedCopyIsOfTheEpochItWasConfirmedInAndNeverOfAnEarlierOne() throws Exception {
        assertThat(store.confirm(OID, EPOCH, Epoch.NONE).code()).isEqualTo(ResultCode.NO_OBJ);
        store.recovered(OID, Optional.of(bytes(OID.size(), 1)), Epoch.FIRST, stamp(), false);

        assertThat(store.confirm(OID, EPOCH.next(), Epoch.NONE)).isEqualTo(Outcome.done());
        assertThat(store.confirm(OID, EPOCH, Epoch.NONE)).isEqualTo(Outcome.done());

        for (int round = 0; round < 2; round++) {
            assertThat(store.find(OID)).contains(new ObjectInfo(OID, EPOCH.next(), Epoch.FIRST));
            assertThat(read(OID, 0, OID.size())).isEqualTo(bytes(OID.size(), 1).array());
            assertThat(store.inFlightVids()).isEmpty();
            reopen();
        }
        store.fence(EPOCH.next());
        assertThat(store.confirm(OID, EPOCH, Epoch.NONE).code()).isEqualTo(ResultCode.OLD_NODE_VER);
    }

    @Test
    void copyIsMutatedWhenSomebodyLastChangedItsBytes() throws Exception {
        store.recovered(OID, Optional.of(bytes(OID.size(), 1)), Epoch.FIRST, stamp(), false);
        assertThat(store.find(OID)).contains(new ObjectInfo(OID, EPOCH, Epoch.FIRST));

        store.write(OID, 0, bytes(BLOCK, 2), stamp());
        assertThat(store.find(OID)).contains(new ObjectInfo(OID, EPOCH, EPOCH));
        store.confirm(OID, EPOCH.next(), Epoch.NONE);
        for (int round = 0; round < 2; round++) {
            assertThat(store.find(OID)).contains(new ObjectInfo(OID, EPOCH.next(), EPOCH));
            reopen();
        }
        assertThat(store.confirm(OID, EPOCH.next(), EPOCH.next())).isEqualTo(Outcome.done());
        assertThat(store.find(OID)).contains(new ObjectInfo(OID, EPOCH.next(), EPOCH.next()));
        store.discard(OID, 0, BLOCK, new Stamp(EPOCH.next(), 1, 99));
        assertThat(store.find(OID)).contains(new ObjectInfo(OID, EPOCH.next(), EPOCH.next()));
    }

    @Test
    void settledCopyThatWasMarkedCountsAsMutatedAndOthersDoNot() throws Exception {
        store.create(OID, 0, bytes(BLOCK, 1), stamp());
        assertThat(store.settled(OID, EPOCH.next(), 2)).isEqualTo(Outcome.done());

        for (int round = 0; round < 2; round++) {
            assertThat(store.find(OID)).contains(new ObjectInfo(OID, EPOCH.next(), EPOCH.next()));
            reopen();
        }
        assertThat(store.settled(OID, EPOCH.next().next(), 2)).isEqualTo(Outcome.done());
        assertThat(store.find(OID)).contains(new ObjectInfo(OID, EPOCH.next(), EPOCH.next()));
    }

    @Test
    void droppedObjectLeavesNothing() throws Exception {
        store.recovered(OID, Optional.of(bytes(OID.size(), 1)), Epoch.FIRST, stamp(), false);
        assertThat(store.drop(OID, EPOCH).code()).as("of this epoch").isEqualTo(ResultCode.AGAIN);
        store.fence(EPOCH.next());
        assertThat(store.drop(OID, EPOCH).code()).isEqualTo(ResultCode.OLD_NODE_VER);
        assertThat(read(OID, 0, OID.size())).isEqualTo(bytes(OID.size(), 1).array());

        assertThat(store.drop(OID, EPOCH.next())).isEqualTo(Outcome.done());

        for (int round = 0; round < 2; round++) {
            assertThat(store.drop(OID, EPOCH.next()).code()).isEqualTo(ResultCode.NO_OBJ);
            assertThat(store.find(OID)).isEmpty();
            assertThat(store.removedIn(OID)).isEmpty();
            assertThat(store.inFlightVids()).isEmpty();
            assertThat(store.stats().objects()).isZero();
            assertThat(store.stats().nominalBytes()).isZero();
            reopen();
        }
    }

    @Test
    void droppedObjectThatWasInFlightIsNoMore() throws Exception {
        store.create(OID, 0, bytes(1, 1), new Stamp(EPOCH, 1, 1));
        var other = ObjectId.ofData(VID, 8);
        store.create(other, 0, bytes(1, 1), new Stamp(EPOCH, 1, 2));

        assertThat(store.drop(OID, EPOCH.next())).isEqualTo(Outcome.done());

        for (int round = 0; round < 2; round++) {
            assertThat(store.inFlight(VID)).containsExactly(other);
            assertThat(store.isInFlight(OID)).isFalse();
            assertThat(store.isInFlight(other)).isTrue();
            reopen();
        }
    }

    @Test
    void mutationsOfEarlierEpochsAreRefusedAlsoAfterReopening() throws Exception {
        store.create(OID, 0, bytes(BLOCK, 1), stamp());
        store.fence(EPOCH.next());

        for (int round = 0; round < 2; round++) {
            var other = ObjectId.ofData(VID, 8);
            assertThat(store.write(OID, 0, bytes(9, 2), stamp()).code()).isEqualTo(ResultCode.OLD_NODE_VER);
            assertThat(store.create(other, 0, bytes(9, 2), stamp()).code()).isEqualTo(ResultCode.OLD_NODE_VER);
            assertThat(store.recovered(other, Optional.of(bytes(OID.size(), 2)), Epoch.FIRST, stamp(), false)
                            .code())
                    .isEqualTo(ResultCode.OLD_NODE_VER);
            assertThat(store.remove(OID, stamp()).code()).isEqualTo(ResultCode.OLD_NODE_VER);
            assertThat(store.discard(OID, 0, 9, stamp()).code()).isEqualTo(ResultCode.OLD_NODE_VER);
            reopen();
        }

        assertThat(read(OID, 0, BLOCK)).isEqualTo(bytes(BLOCK, 1).array());
        var newer = new Stamp(EPOCH.next(), 1, 99);
        assertThat(store.write(OID, 0, bytes(9, 2), newer).code()).isEqualTo(ResultCode.SUCCESS);
        assertThat(store.find(OID)).contains(new ObjectInfo(OID, EPOCH.next(), EPOCH.next()));
    }

    @Test
    void fenceIsNeverLowered() {
        store.fence(EPOCH.next());
        store.fence(EPOCH);

        assertThat(store.create(OID, 0, bytes(9, 2), stamp()).code()).isEqualTo(ResultCode.OLD_NODE_VER);
    }

    @Test
    void mutationsOfEarlierOwnersAreRefusedAlsoAfterReopening() throws Exception {
        store.create(OID, 0, bytes(BLOCK, 1), stamp());
        store.fenceOwner(VID, 2);

        for (int round = 0; round < 2; round++) {
            assertThat(store.write(OID, 0, bytes(9, 2), stamp()).code()).isEqualTo(ResultCode.AGAIN);
            assertThat(store.remove(OID, stamp()).code()).isEqualTo(ResultCode.AGAIN);
            assertThat(store.discard(OID, 0, 9, stamp()).code()).isEqualTo(ResultCode.AGAIN);
            assertThat(store.create(OID, 0, bytes(9, 2), stamp()).code()).isEqualTo(ResultCode.AGAIN);
            reopen();
        }

        assertThat(read(OID, 0, BLOCK)).isEqualTo(bytes(BLOCK, 1).array());
        assertThat(store.create(ObjectId.ofData(new Vid(1), 0), 0, bytes(9, 2), stamp())
                        .code())
                .as("of another VDI")
                .isEqualTo(ResultCode.SUCCESS);
        assertThat(store.write(OID, 0, bytes(9, 2), new Stamp(EPOCH, 2, 1)).code())
                .isEqualTo(ResultCode.SUCCESS);
    }

    @Test
    void firstMutationOfANewOwnerShutsOutTheOldOne() {
        store.create(OID, 0, bytes(BLOCK, 1), new Stamp(EPOCH, 1, 1));
        store.write(OID, 0, bytes(BLOCK, 2), new Stamp(EPOCH, 2, 1));

        assertThat(store.write(OID, 0, bytes(BLOCK, 3), new Stamp(EPOCH, 1, 2)).code())
                .isEqualTo(ResultCode.AGAIN);
        assertThat(read(OID, 0, BLOCK)).isEqualTo(bytes(BLOCK, 2).array());
    }

    @Test
    void objectsAreListedInUnsignedOrderAndByPages() {
        var oids = List.of(
                ObjectId.ofData(VID, 0),
                ObjectId.ofData(VID, 1),
                ObjectId.ofData(VID, ObjectId.INDEX_LIMIT - 1),
                ObjectId.ofAttr(VID, 1),
                ObjectId.ofInode(VID),
                ObjectId.ofInode(new Vid(0xffffff)));
        for (ObjectId oid : oids.reversed()) {
            store.create(oid, 0, bytes(1, 1), stamp());
        }

        assertThat(store.list(Optional.empty(), 100))
                .extracting(ObjectInfo::oid)
                .isEqualTo(oids);
        assertThat(store.list(Optional.empty(), 2)).extracting(ObjectInfo::oid).isEqualTo(oids.subList(0, 2));
        assertThat(store.list(Optional.of(oids.get(1)), 3))
                .extracting(ObjectInfo::oid)
                .isEqualTo(oids.subList(2, 5));
        assertThat(store.list(Optional.of(oids.getLast()), 3)).isEmpty();
        assertThat(store.list(Optional.empty(), 0)).isEmpty();
    }

    @Test
    void statsCountObjectsAndTheirNominalSizes() throws Exception {
        store.create(OID, 0, bytes(1, 1), stamp());
        store.create(ObjectId.ofInode(VID), 0, bytes(1, 1), stamp());

        StoreStats before = store.stats();
        reopen();

        assertThat(before.objects()).isEqualTo(2);
        assertThat(before.nominalBytes()).isEqualTo(ObjectId.DATA_BYTES + ObjectId.INODE_BYTES);
        assertThat(before.freeBytes()).isBetween(1L, before.totalBytes());
        assertThat(store.stats().nominalBytes()).isEqualTo(before.nominalBytes());
    }

    @Test
    void mutationIsInFlightUntilItsOwnerCompletedIt() throws Exception {
        var other = ObjectId.ofData(VID, 4);
        store.create(OID, 0, bytes(1, 1), new Stamp(EPOCH, 1, 1));
        store.create(other, 0, bytes(1, 1), new Stamp(EPOCH, 1, 2));
        assertThat(store.inFlight(VID)).containsExactly(OID, other);

        store.completed(VID, 1, 1);
        assertThat(store.inFlight(VID)).containsExactly(other);
        reopen();
        assertThat(store.inFlight(VID)).containsExactly(other);

        store.completed(VID, 1, 2);
        assertThat(store.inFlight(VID)).isEmpty();
        assertThat(store.inFlightVids()).isEmpty();
        reopen();
        assertThat(store.inFlightVids()).isEmpty();
    }

    @Test
    void removalIsInFlightToo() throws Exception {
        store.create(OID, 0, bytes(1, 1), new Stamp(EPOCH, 1, 1));
        store.remove(OID, new Stamp(EPOCH, 1, 2));
        store.completed(VID, 1, 1);
        reopen();

        assertThat(store.inFlight(VID)).containsExactly(OID);
        assertThat(store.inFlightVids()).containsExactly(VID);
    }

    @Test
    void whatADeadOwnerLeftStaysInFlightUntilItIsSettled() throws Exception {
        store.create(OID, 0, bytes(1, 1), new Stamp(EPOCH, 1, 1));
        store.fenceOwner(VID, 2);
        store.write(OID, 0, bytes(1, 2), new Stamp(EPOCH, 2, 1));
        store.completed(VID, 2, 1);
        assertThat(store.inFlight(VID)).containsExactly(OID);
        reopen();
        assertThat(store.inFlight(VID)).containsExactly(OID);

        store.settled(OID, EPOCH, 2);

        assertThat(store.inFlight(VID)).isEmpty();
        reopen();
        assertThat(store.inFlight(VID)).isEmpty();
    }

    @Test
    void settlingLeavesTheNewOwnersUnfinishedWritesInFlight() {
        store.create(OID, 0, bytes(1, 1), new Stamp(EPOCH, 1, 1));
        store.write(OID, 0, bytes(1, 2), new Stamp(EPOCH, 2, 1));

        store.settled(OID, EPOCH, 2);
        assertThat(store.inFlight(VID)).containsExactly(OID);

        store.completed(VID, 2, 1);
        assertThat(store.inFlight(VID)).isEmpty();
    }

    @Test
    void settlingUnderAnEarlierEpochIsIgnored() {
        store.create(OID, 0, bytes(1, 1), new Stamp(EPOCH, 1, 1));
        store.fence(EPOCH.next());

        assertThat(store.settled(OID, EPOCH, 1).code()).isEqualTo(ResultCode.OLD_NODE_VER);

        assertThat(store.inFlight(VID)).containsExactly(OID);
    }

    @Test
    void settlingByAnEarlierOwnerLeavesItsSuccessorsMark() throws Exception {
        store.create(OID, 0, bytes(1, 1), new Stamp(EPOCH, 1, 1));
        store.settled(OID, EPOCH, 1);
        store.write(OID, 0, bytes(1, 2), new Stamp(EPOCH, 2, 1));

        assertThat(store.settled(OID, EPOCH, 1).code()).isEqualTo(ResultCode.AGAIN);

        assertThat(store.inFlight(VID)).containsExactly(OID);
        reopen();
        assertThat(store.inFlight(VID)).containsExactly(OID);
    }

    @Test
    void absenceCanBeInFlightAndIsStillAnAbsence() throws Exception {
        var untilSettled = new Stamp(EPOCH, 1, 1L << 62);
        assertThat(store.recovered(OID, Optional.empty(), Epoch.FIRST, untilSettled, true))
                .isEqualTo(Outcome.done());
        reopen();
        assertThat(store.inFlight(VID)).containsExactly(OID);
        assertThat(store.find(OID)).isEmpty();
        assertThat(store.stats().objects()).isZero();

        store.settled(OID, EPOCH, 1);
        reopen();
        assertThat(store.inFlight(VID)).isEmpty();
        assertThat(store.recovered(OID, Optional.empty(), Epoch.FIRST, untilSettled, true))
                .as("what is remembered already can be marked")
                .isEqualTo(Outcome.done());
        assertThat(store.inFlight(VID)).containsExactly(OID);
    }

    @Test
    void recoverysCopyIsInFlightIfItsSourceWasAndAMarkThatIsHereStays() throws Exception {
        var whole = Optional.of(bytes(OID.size(), 1));
        store.recovered(OID, whole, Epoch.FIRST, stamp(), false);
        assertThat(store.inFlight(VID)).isEmpty();

        store.recovered(OID, whole, Epoch.FIRST, new Stamp(EPOCH, 1, 1L << 62), true);
        assertThat(store.inFlight(VID)).containsExactly(OID);
        store.recovered(OID, whole, Epoch.FIRST, stamp(), false);
        store.completed(VID, 1, 1000);

        assertThat(store.inFlight(VID)).containsExactly(OID);
        reopen();
        assertThat(store.inFlight(VID)).containsExactly(OID);
    }

    @Test
    void formatRemovesEverythingAndStartsTheFencesAgain() throws Exception {
        store.create(OID, 0, bytes(BLOCK, 1), stamp());
        store.create(ObjectId.ofData(VID, 4), 0, bytes(BLOCK, 1), stamp());
        store.remove(ObjectId.ofData(VID, 4), stamp());
        store.fence(new Epoch(50));
        store.fenceOwner(VID, 50);

        assertThat(store.format(Epoch.FIRST).code()).isEqualTo(ResultCode.SUCCESS);

        for (int round = 0; round < 2; round++) {
            assertThat(store.list(Optional.empty(), 9)).isEmpty();
            assertThat(store.inFlightVids()).isEmpty();
            assertThat(store.removedIn(ObjectId.ofData(VID, 4))).isEmpty();
            assertThat(store.stats().objects()).isZero();
            reopen();
        }
        assertThat(store.create(OID, 0, bytes(1, 2), new Stamp(Epoch.NONE, 1, 1))
                        .code())
                .isEqualTo(ResultCode.OLD_NODE_VER);
        assertThat(store.create(OID, 0, bytes(1, 2), new Stamp(Epoch.FIRST, 1, 1))
                        .code())
                .isEqualTo(ResultCode.SUCCESS);
        assertThat(read(OID, 1, BLOCK)).containsOnly(0);
    }

    @Test
    void closedStoreAnswersEio() {
        store.create(OID, 0, bytes(1, 1), stamp());
        store.close();

        assertThat(store.read(OID, 0, ByteBuffer.allocate(1)).code()).isEqualTo(ResultCode.EIO);
        assertThat(store.write(OID, 0, bytes(1, 1), stamp()).code()).isEqualTo(ResultCode.EIO);
        assertThat(store.format(EPOCH).code()).isEqualTo(ResultCode.EIO);
    }
}
