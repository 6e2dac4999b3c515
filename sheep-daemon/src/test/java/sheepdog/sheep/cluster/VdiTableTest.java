package sheepdog.sheep.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.VdiName;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.vdi.VidProbe;
import sheepdog.sheep.cluster.VdiEntry.State;

class VdiTableTest {
    private static final Vid LAST = new Vid(Vid.COUNT - 1);

    private final VdiTable table = new VdiTable();

    private void put(int vid, String name, String tag, int snapId, boolean snapshot, State state) {
        table.put(new VdiEntry(
                new Vid(vid), name, tag, snapId, Vid.NONE, 3, vid, snapshot ? 1 : 0, 1, state, Vid.NONE, 0, 0));
    }

    private Object lookup(String name, String tag, int snapId) {
        return switch (table.lookup(name, tag, snapId)) {
            case Outcome.Ok<VdiEntry>(var entry) -> entry.vid().value();
            case Outcome.Refused<VdiEntry>(var code) -> code;
        };
    }

    @Test
    void aNameFindsItsWorkingVdiAndTagsAndIdsFindItsSnapshots() {
        put(10, "a", "first", 1, true, State.LIVE);
        put(11, "a", "second", 2, true, State.LIVE);
        put(12, "a", "", 3, false, State.LIVE);

        assertThat(lookup("a", "", 0)).isEqualTo(12);
        assertThat(lookup("a", "first", 0)).isEqualTo(10);
        assertThat(lookup("a", "", 2)).isEqualTo(11);
        assertThat(lookup("a", "first", 2)).isEqualTo(11);
    }

    @Test
    void aWorkingVdiIsNotFoundAsASnapshot() {
        put(12, "a", "", 3, false, State.LIVE);

        assertThat(lookup("a", "", 3)).isEqualTo(ResultCode.NO_TAG);
        assertThat(lookup("a", "none", 0)).isEqualTo(ResultCode.NO_TAG);
    }

    @Test
    void aNameWithoutWorkingVdiIsNoVdiWhateverSnapshotsItHas() {
        put(10, "a", "first", 1, true, State.LIVE);
        put(11, "a", "", 2, false, State.DELETED);

        assertThat(lookup("a", "", 0)).isEqualTo(ResultCode.NO_VDI);
        assertThat(lookup("a", "none", 0)).isEqualTo(ResultCode.NO_VDI);
        assertThat(lookup("a", "first", 0)).isEqualTo(10);
    }

    @Test
    void aNameThatBeginsAnotherIsNotThatOther() {
        put(10, "abc", "", 1, false, State.LIVE);

        assertThat(lookup("ab", "", 0)).isEqualTo(ResultCode.NO_VDI);
        assertThat(lookup("abcd", "", 0)).isEqualTo(ResultCode.NO_VDI);
    }

    @Test
    void whatIsBeingMadeOrWasDeletedIsNotFound() {
        put(10, "a", "", 1, false, State.RESERVED);
        put(11, "b", "", 1, false, State.DELETED);
        put(12, "c", "", 1, false, State.GONE);

        assertThat(lookup("a", "", 0)).isEqualTo(ResultCode.NO_VDI);
        assertThat(lookup("b", "", 0)).isEqualTo(ResultCode.NO_VDI);
        assertThat(lookup("c", "", 0)).isEqualTo(ResultCode.NO_VDI);
    }

    @Test
    void ofTwoSnapshotsWithOneTagTheNewerIsFound() {
        put(10, "a", "same", 1, true, State.LIVE);
        put(11, "a", "same", 2, true, State.LIVE);

        assertThat(lookup("a", "same", 0)).isEqualTo(11);
    }

    @Test
    void aNewVdiGoesToTheFirstIdBehindTheRunOfItsName() {
        put(20, "x", "", 1, false, State.LIVE);
        put(21, "y", "", 1, false, State.DELETED);

        assertThat(table.slotFor("a", new Vid(20), false).vid()).isEqualTo(new Vid(22));
        assertThat(table.slotFor("a", new Vid(19), false).vid()).isEqualTo(new Vid(19));
    }

    @Test
    void theRunWrapsFromTheLastIdToTheFirstAndNeverUsesZero() {
        put(LAST.value(), "x", "", 1, false, State.LIVE);

        assertThat(table.slotFor("a", LAST, false).vid()).isEqualTo(new Vid(1));
        assertThat(table.slotFor("a", new Vid(0), false).vid()).isEqualTo(new Vid(1));
    }

    @Test
    void anIdThatIsGoneIsUsedAgainAlsoAcrossTheWrap() {
        put(LAST.value(), "x", "", 1, false, State.GONE);
        put(1, "y", "", 1, false, State.LIVE);

        assertThat(table.slotFor("a", LAST, false).vid()).isEqualTo(LAST);
    }

    @Test
    void aSnapshotDoesNotUseAnIdAgainForIdsGrowWithSnapshots() {
        put(20, "x", "", 1, false, State.GONE);
        put(21, "a", "", 4, false, State.LIVE);

        var slot = table.slotFor("a", new Vid(20), true);

        assertThat(slot.vid()).isEqualTo(new Vid(22));
        assertThat(slot.lastSnapId()).isEqualTo(4);
    }

    @Test
    void anIdBelowALivingSnapshotOfTheNameIsNotUsedAgain() {
        put(20, "x", "", 1, false, State.GONE);
        put(21, "a", "", 4, true, State.LIVE);

        assertThat(table.slotFor("a", new Vid(20), false).vid()).isEqualTo(new Vid(22));
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

    @Test
    void aNamePrefersTheIdThatItsClientsBeginToSearchAt() {
        for (String name : new String[] {"monkey", "a", "", "\u00ff\u0080"}) {
            assertThat(VdiTable.preferred(name).value()).isEqualTo(VidProbe.preferred(new VdiName(name)));
        }
    }
}
