package sheepdog.sheep.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;
import sheepdog.sheep.cluster.VdiEntry.State;

class VdiTableTest {
    /** Where the name "a" begins. */
    private static final int A = 0x1ec8c;

    private static final Vid LAST = new Vid(Vid.COUNT - 1);

    /** Names whose hashes are the last id and 0. */
    private static final String AT_THE_LAST = "d7l6g";

    private static final String AT_ZERO = "d194p1";

    private final VdiTable table = new VdiTable();

    private void put(int vid, String name, String tag, int snapId, boolean snapshot, State state) {
        table.put(new VdiEntry(
                new Vid(vid),
                name,
                tag,
                snapId,
                Vid.NONE,
                3,
                vid,
                snapshot ? 1 : 0,
                1,
                Epoch.FIRST,
                false,
                state,
                Vid.NONE,
                0,
                0));
    }

    private Object lookup(String name, String tag, int snapId) {
        return switch (table.lookup(name, tag, snapId)) {
            case Outcome.Ok<VdiEntry>(var entry) -> entry.vid().value();
            case Outcome.Refused<VdiEntry>(var code) -> code;
        };
    }

    @Test
    void aNameFindsItsWorkingVdiAndTagsAndIdsFindItsSnapshots() {
        put(A, "a", "first", 1, true, State.LIVE);
        put(A + 1, "a", "second", 2, true, State.LIVE);
        put(A + 2, "a", "", 3, false, State.LIVE);

        assertThat(lookup("a", "", 0)).isEqualTo(A + 2);
        assertThat(lookup("a", "first", 0)).isEqualTo(A);
        assertThat(lookup("a", "", 2)).isEqualTo(A + 1);
        assertThat(lookup("a", "first", 2)).isEqualTo(A + 1);
    }

    @Test
    void aWorkingVdiIsNotFoundAsASnapshot() {
        put(A, "a", "", 3, false, State.LIVE);

        assertThat(lookup("a", "", 3)).isEqualTo(ResultCode.NO_TAG);
        assertThat(lookup("a", "none", 0)).isEqualTo(ResultCode.NO_TAG);
    }

    @Test
    void aNameWithoutWorkingVdiIsNoVdiWhateverSnapshotsItHas() {
        put(A, "a", "first", 1, true, State.LIVE);
        put(A + 1, "a", "", 2, false, State.DELETED);

        assertThat(lookup("a", "", 0)).isEqualTo(ResultCode.NO_VDI);
        assertThat(lookup("a", "none", 0)).isEqualTo(ResultCode.NO_VDI);
        assertThat(lookup("a", "first", 0)).isEqualTo(A);
    }

    @Test
    void aNameThatBeginsAnotherIsNotThatOther() {
        put(A, "ab", "", 1, false, State.LIVE);
        put(A + 1, "", "", 1, false, State.LIVE);

        assertThat(lookup("a", "", 0)).isEqualTo(ResultCode.NO_VDI);
    }

    @Test
    void whatIsBeingMadeOrWasDeletedIsNotFound() {
        put(A, "a", "", 1, false, State.RESERVED);
        put(A + 1, "a", "", 1, false, State.DELETED);
        put(A + 2, "a", "", 1, false, State.GONE);

        assertThat(lookup("a", "", 0)).isEqualTo(ResultCode.NO_VDI);
    }

    @Test
    void ofTwoSnapshotsWithOneTagTheNewerIsFound() {
        put(A, "a", "same", 1, true, State.LIVE);
        put(A + 1, "a", "same", 2, true, State.LIVE);

        assertThat(lookup("a", "same", 0)).isEqualTo(A + 1);
    }

    @Test
    void aNewVdiGoesToTheFirstIdBehindTheRunOfItsName() {
        assertThat(table.slotFor("a", false).vid()).isEqualTo(new Vid(A));

        put(A, "x", "", 1, false, State.LIVE);
        put(A + 1, "y", "", 1, false, State.DELETED);

        assertThat(table.slotFor("a", false)).isEqualTo(new VdiTable.Slot(new Vid(A + 2), 0));
    }

    @Test
    void theRunWrapsFromTheLastIdToTheFirstAndNeverUsesZero() {
        put(LAST.value(), "x", "", 1, false, State.LIVE);

        assertThat(table.slotFor(AT_THE_LAST, false).vid()).isEqualTo(new Vid(1));
        assertThat(table.slotFor(AT_ZERO, false).vid()).isEqualTo(new Vid(1));
    }

    @Test
    void anIdThatIsGoneIsUsedAgainAlsoAcrossTheWrap() {
        put(LAST.value(), "x", "", 1, false, State.GONE);
        put(1, "y", "", 1, false, State.LIVE);

        assertThat(table.slotFor(AT_THE_LAST, false).vid()).isEqualTo(LAST);
    }

    @Test
    void aSnapshotDoesNotUseAnIdAgainForIdsGrowWithSnapshots() {
        put(A, "x", "", 1, false, State.GONE);
        put(A + 1, "a", "", 4, false, State.LIVE);
        put(A + 2, "x", "", 1, false, State.GONE);

        assertThat(table.slotFor("a", true)).isEqualTo(new VdiTable.Slot(new Vid(A + 3), 4));
    }

    @Test
    void anIdBelowALivingSnapshotOfTheNameIsNotUsedAgain() {
        put(A, "x", "", 1, false, State.GONE);
        put(A + 1, "a", "", 4, true, State.LIVE);

        assertThat(table.slotFor("a", false)).isEqualTo(new VdiTable.Slot(new Vid(A + 2), 4));
    }

    @Test
    void ofTheIdsThatAreGoneAboveTheNamesSnapshotsTheLowestIsUsedAgain() {
        put(A, "a", "", 4, true, State.LIVE);
        put(A + 1, "x", "", 1, false, State.GONE);
        put(A + 2, "a", "", 5, false, State.GONE);

        assertThat(table.slotFor("a", false)).isEqualTo(new VdiTable.Slot(new Vid(A + 1), 4));
    }

    @Test
    void everyIdEverUsedHasItsBitSoThatWalkersFindNoGap() {
        put(8, "a", "", 1, false, State.RESERVED);
        put(9, "a", "", 1, false, State.LIVE);
        put(10, "a", "", 1, false, State.DELETED);
        put(15, "a", "", 1, false, State.GONE);

        byte[] bits = table.bitmap();

        assertThat(bits).hasSize(Vid.COUNT / 8);
        assertThat(bits[1] & 0xff).isEqualTo(0b1000_0111);
        assertThat(bits[0]).isZero();
    }
}
