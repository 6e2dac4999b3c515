package sheepdog.sheep.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.api.Member;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.wire.Flags;
import sheepdog.sheep.cluster.VdiEntry.State;
import sheepdog.sheep.testkit.Sheep;

class ClusterStateTest {
    private final ClusterState state = new ClusterState();
    private long index;
    private long clock = 100;

    ClusterStateTest() {
        format();
    }

    private void format() {
        apply(new ClusterCommand.Format(1, 3, 0, "farm"));
        epoch(1, 1, 2, 3);
    }

    private void epoch(int number, int... sheep) {
        state.epoch(record(number, sheep));
    }

    private static EpochRecord record(int number, int... sheep) {
        List<Member> members = IntStream.of(sheep).mapToObj(Sheep::member).toList();
        return new EpochRecord(
                new Epoch(number),
                number,
                members,
                members.stream().map(Member::storeId).toList());
    }

    private CommandResult apply(ClusterCommand command) {
        return state.apply(++index, command);
    }

    private CommandResult reserve(int maker, String name, Vid base, boolean snapshot) {
        return apply(new ClusterCommand.ReserveVdi(name, base, snapshot, 0, ++clock, 100 + maker, 1));
    }

    private CommandResult commit(Vid vid) {
        var entry = state.vdis().find(vid);
        long time = entry.map(VdiEntry::createTime).orElse(0L);
        long generation = entry.map(e -> state.owner(e.replaces()).generation()).orElse(0L);
        return apply(new ClusterCommand.CommitVdi(vid, time, generation, ""));
    }

    private Vid make(String name) {
        Vid vid = reserve(1, name, Vid.NONE, false).vid();
        commit(vid);
        return vid;
    }

    private CommandResult take(int sheep, Vid vid) {
        return apply(new ClusterCommand.TakeOwner(
                vid, 100 + sheep, 1, state.owner(vid).generation()));
    }

    @Test
    void aReservationThatAFormatTookIsNotCommitted() {
        var reserved = reserve(1, "a", Vid.NONE, false);
        format();

        assertThat(apply(new ClusterCommand.CommitVdi(reserved.vid(), clock, 0, ""))
                        .code())
                .isEqualTo(ResultCode.AGAIN);
        assertThat(apply(new ClusterCommand.AbortVdi(reserved.vid(), clock)).code())
                .isEqualTo(ResultCode.SUCCESS);
        assertThat(apply(new ClusterCommand.ReclaimedVdi(reserved.vid(), clock)).code())
                .isEqualTo(ResultCode.SUCCESS);
        assertThat(state.vdis().all()).isEmpty();
    }

    @Test
    void aCommitOfAnEarlierReservationLeavesALaterOneOfThatIdAlone() {
        reserve(1, "a", Vid.NONE, false);
        long earlier = clock;
        format();
        Vid vid = reserve(2, "a", Vid.NONE, false).vid();

        apply(new ClusterCommand.CommitVdi(vid, earlier, 0, ""));
        apply(new ClusterCommand.AbortVdi(vid, earlier));

        assertThat(state.vdis().find(vid).orElseThrow().state()).isEqualTo(State.RESERVED);
    }

    @Test
    void onlyWhatMayDecideWhoseCopyCountsChangesTheEvidence() {
        Vid vid = make("a");
        int before = state.evidenceChanges();

        take(1, vid);
        apply(new ClusterCommand.SettledVdi(vid, state.owner(vid).generation()));
        apply(new ClusterCommand.ReleaseOwner(vid, state.owner(vid).generation()));
        apply(new ClusterCommand.SetRecovery(false));
        apply(new ClusterCommand.DrainStore(103, true));
        assertThat(state.evidenceChanges()).isEqualTo(before);

        reserve(1, "b", Vid.NONE, false);
        assertThat(state.evidenceChanges()).isEqualTo(before + 1);
        apply(new ClusterCommand.LostObjects(state.epoch(), List.of(ObjectId.ofData(vid, 1))));
        assertThat(state.evidenceChanges()).isEqualTo(before + 2);
        epoch(2, 1, 2);
        assertThat(state.evidenceChanges()).isEqualTo(before + 3);
        apply(new ClusterCommand.RecoveredStore(101, state.epoch(), 1));
        assertThat(state.evidenceChanges()).isEqualTo(before + 4);
        state.restore(state.snapshot());
        assertThat(state.evidenceChanges()).isEqualTo(before + 5);
        format(); // And its first epoch.
        assertThat(state.evidenceChanges()).isEqualTo(before + 7);
    }

    @Test
    void aSheepThatIsNotAMemberReservesNothing() {
        assertThat(reserve(9, "a", Vid.NONE, false).code()).isEqualTo(ResultCode.AGAIN);
        assertThat(state.vdis().all()).isEmpty();
    }

    @Test
    void aReservationIsVoidOnceItsMakerLeft() {
        Vid vid = reserve(3, "a", Vid.NONE, false).vid();

        epoch(2, 1, 2);

        assertThat(state.vdis().find(vid).orElseThrow().state()).isEqualTo(State.DELETED);
        assertThat(reserve(1, "a", Vid.NONE, false).code()).isEqualTo(ResultCode.SUCCESS);
    }

    @Test
    void aReservationIsVoidOnceItsMakerRunsAsANewProcess() {
        Vid vid = reserve(3, "a", Vid.NONE, false).vid();

        state.memberStarted(Sheep.member(3, 2));

        assertThat(state.vdis().find(vid).orElseThrow().state()).isEqualTo(State.DELETED);
    }

    @Test
    void aSnapshotIsNotCommittedIfSomebodyElseGotTheRightToWriteMeanwhile() {
        Vid old = make("a");
        long generation = take(1, old).number();
        Vid vid = reserve(1, "a", old, true).vid();
        long time = clock;
        epoch(2, 2, 3);
        epoch(3, 1, 2, 3);
        take(2, old);

        apply(new ClusterCommand.CommitVdi(vid, time, generation, ""));

        assertThat(state.vdis().find(old).orElseThrow().isWorking()).isTrue();
    }

    @Test
    void aSnapshotIsNotCommittedIfTheRightWentFromHandToHandThoughItsMakerStayed() {
        Vid old = make("a");
        long generation = take(1, old).number();
        Vid vid = reserve(2, "a", old, true).vid();
        apply(new ClusterCommand.ReleaseOwner(old, generation));
        take(3, old);

        var committed = apply(new ClusterCommand.CommitVdi(vid, clock, generation, ""));

        assertThat(committed.code()).isEqualTo(ResultCode.AGAIN);
        assertThat(state.vdis().find(old).orElseThrow().isWorking()).isTrue();
        assertThat(state.vdis().find(vid).orElseThrow().state()).isEqualTo(State.DELETED);
    }

    @Test
    void aCommittedSnapshotMakesTheNewOneTheWorkingVdiAtOnce() {
        Vid old = make("a");

        Vid vid = reserve(1, "a", old, true).vid();
        assertThat(state.vdis().find(old).orElseThrow().isWorking()).isTrue();
        commit(vid);

        assertThat(state.vdis().find(old).orElseThrow().isSnapshot()).isTrue();
        assertThat(state.vdis().find(vid).orElseThrow().isWorking()).isTrue();
        assertThat(state.vdis().find(vid).orElseThrow().snapId()).isEqualTo(2);
    }

    @Test
    void aVdiThatIsNoSnapshotCannotBeCloned() {
        Vid working = make("a");

        assertThat(reserve(1, "b", working, false).code()).isEqualTo(ResultCode.NO_BASE_VDI);
    }

    @Test
    void aVdiFromWhichOneIsBeingMadeIsNotDeleted() {
        Vid old = make("a");
        commit(reserve(1, "a", old, true).vid());
        Vid clone = reserve(2, "b", old, false).vid();

        assertThat(apply(new ClusterCommand.DeleteVdi("a", "", 1)).code()).isEqualTo(ResultCode.AGAIN);
        commit(clone);
        assertThat(apply(new ClusterCommand.DeleteVdi("a", "", 1)).code()).isEqualTo(ResultCode.SUCCESS);
    }

    @Test
    void anOwnerThatLeavesLeavesTheVdiUnsettledAndTheNextOneTellsSo() {
        Vid vid = make("a");
        take(3, vid);

        epoch(2, 1, 2);

        assertThat(state.owner(vid)).isEqualTo(new Owner(1, 0, 0, true, Epoch.NONE));
        var taken = take(1, vid);
        assertThat(taken.number()).isEqualTo(2);
        assertThat(taken.copies()).isEqualTo(1);
        apply(new ClusterCommand.SettledVdi(vid, 2));
        assertThat(state.owner(vid)).isEqualTo(new Owner(2, 101, 1, false, new Epoch(2)));
    }

    @Test
    void aVdiThatWasSettledWhileAStoreWasAwayIsUnsettledWhenItIsBack() {
        Vid vid = make("a");
        take(2, vid);
        epoch(2, 1, 3);
        take(1, vid);
        apply(new ClusterCommand.SettledVdi(vid, 2));

        epoch(3, 1, 2, 3);

        assertThat(state.owner(vid)).isEqualTo(new Owner(2, 0, 0, true, new Epoch(2)));
    }

    @Test
    void aSettlementThatBeganWithoutAStoreIsVoidWhenItIsBack() {
        Vid vid = make("a");
        take(2, vid);
        epoch(2, 1, 3);
        take(1, vid);
        epoch(3, 1, 2, 3);

        assertThat(apply(new ClusterCommand.SettledVdi(vid, 2)).code()).isEqualTo(ResultCode.AGAIN);
        assertThat(state.owner(vid).unsettled()).isTrue();
    }

    @Test
    void anOwnerKeepsItsRightWhenAStoreIsBackThatMissedNoSettlement() {
        Vid vid = make("a");
        take(1, vid);
        epoch(2, 1, 3);

        epoch(3, 1, 2, 3, 4);

        assertThat(state.owner(vid)).isEqualTo(new Owner(1, 101, 1, false, Epoch.NONE));
    }

    @Test
    void generationsGoOnAfterAFormatAndTheLastOnesAreOver() {
        Vid vid = make("a");
        take(1, vid);

        format();

        assertThat(state.owner(vid)).isEqualTo(new Owner(2, 0, 0, false, Epoch.NONE));
        assertThat(take(2, vid).number()).isEqualTo(3);
    }

    @Test
    void aStoreThatRecoveredInAnEpochIsSureFromThenOn() {
        epoch(2, 1, 2);
        epoch(3, 1, 2, 3);

        assertThat(apply(new ClusterCommand.RecoveredStore(103, new Epoch(3), 1))
                        .code())
                .isEqualTo(ResultCode.SUCCESS);

        assertThat(state.recovered(103, new Epoch(3), 3)).isTrue();
        assertThat(state.recovered(103, new Epoch(2), 3)).isFalse();
        assertThat(state.recovered(103, Epoch.FIRST, 3)).isTrue();
    }

    @Test
    void theClusterIsWholeInTheLastEpochThatAllItsMembersRecoveredIn() {
        epoch(2, 1, 2, 3, 4);
        assertThat(state.whole(3)).isEqualTo(Epoch.FIRST);
        for (int sheep = 1; sheep <= 3; sheep++) {
            recovered(sheep, 2);
        }
        assertThat(state.whole(3)).isEqualTo(Epoch.FIRST);
        recovered(4, 2);
        assertThat(state.whole(3)).isEqualTo(new Epoch(2));
        assertThat(state.whole(1)).isEqualTo(new Epoch(2));

        epoch(3, 2, 3, 4);
        for (int sheep = 2; sheep <= 4; sheep++) {
            recovered(sheep, 3);
        }

        assertThat(state.whole(2)).isEqualTo(new Epoch(3));
        assertThat(state.whole(1)).as("only 1 may have had some").isEqualTo(new Epoch(2));
        var copy = new ClusterState();
        copy.restore(state.snapshot());
        assertThat(copy.whole(2)).isEqualTo(new Epoch(3));
        assertThat(copy.whole(1)).isEqualTo(new Epoch(2));
    }

    @Test
    void aVdiIsBornAfterAllThatTheClusterHadWhenItWasLastWhole() {
        Vid first = make("a");
        assertThat(state.bornAfterAll(first)).isEmpty();
        epoch(2, 1, 2);
        Vid second = make("b");
        assertThat(state.bornAfterAll(second)).contains(new Epoch(2));
        recovered(1, 2);
        recovered(2, 2);
        assertThat(state.whole(3)).isEqualTo(new Epoch(2));
        assertThat(state.bornAfterAll(second)).isEmpty();

        apply(new ClusterCommand.DeleteVdi("a", "", 0));
        apply(new ClusterCommand.ReclaimedVdi(
                first, state.vdis().find(first).orElseThrow().createTime()));
        assertThat(make("a")).isEqualTo(first);

        assertThat(state.bornAfterAll(first))
                .as("what is of this epoch may be the first one's")
                .contains(new Epoch(2));
    }

    @Test
    void oneAfterTheOtherMayGoAndComeBackAndStillListsAreWhole() {
        int number = 1;
        for (int gone = 1; gone <= 3; gone++) {
            int[] rest = IntStream.rangeClosed(1, 3).filter(s -> s != 0).toArray();
            int without = gone;
            epoch(++number, IntStream.of(rest).filter(s -> s != without).toArray());
            for (int sheep : IntStream.of(rest).filter(s -> s != without).toArray()) {
                assertThat(recovered(sheep, number)).isEqualTo(ResultCode.SUCCESS);
            }
            epoch(++number, rest);
            for (int sheep : rest) {
                assertThat(recovered(sheep, number)).isEqualTo(ResultCode.SUCCESS);
            }
        }
    }

    @Test
    void storeIsDrainedWhenAllOthersHaveWhatTheyShould() {
        make("monkey");
        assertThat(drain(3, true)).isEqualTo(ResultCode.SUCCESS);
        assertThat(state.draining()).containsExactly(103L);
        assertThat(state.isDrained(103)).as("in an epoch in which it stores").isFalse();
        state.epoch(new EpochRecord(
                new Epoch(2), 2, List.of(Sheep.member(1), Sheep.member(2), Sheep.gateway(3, 1)), List.of(101L)));
        assertThat(recovered(1, 2)).isEqualTo(ResultCode.SUCCESS);
        assertThat(state.isDrained(103)).as("one is missing").isFalse();
        assertThat(state.recoveredCount()).isEqualTo(1);

        assertThat(recovered(2, 2)).isEqualTo(ResultCode.SUCCESS);

        assertThat(state.isDrained(103)).isTrue();
        epoch(3, 1, 2);
        assertThat(state.isDrained(103)).as("away").isTrue();
        assertThat(restored().isDrained(103)).isTrue();
        epoch(4, 1, 2, 3);
        assertThat(state.isDrained(103)).as("it has got something").isFalse();
        apply(new ClusterCommand.FillStore(103));
        assertThat(state.draining()).isEmpty();
    }

    @Test
    void oneCopyOfAStoreThatIsDrainedIsOnItsListAndAbsentOnesAreNot() {
        epoch(2, 1, 2, 3);
        IntStream.of(1, 2, 3).forEach(sheep -> recovered(sheep, 2));
        drain(3, true);
        state.epoch(new EpochRecord(
                new Epoch(3), 3, List.of(Sheep.member(1), Sheep.member(2), Sheep.gateway(3, 1)), List.of(101L)));

        assertThat(state.listedFrom(1)).contains(1);
        epoch(4, 1, 2);
        assertThat(state.listedFrom(1)).contains(2);
    }

    @Test
    void drainIsRefusedThatLeavesFewerCopiesOrNothing() {
        make("monkey");
        assertThat(drain(3, false)).as("three copies").isEqualTo(ResultCode.INVALID_PARMS);
        assertThat(drain(4, true)).as("no member").isEqualTo(ResultCode.INVALID_PARMS);
        assertThat(drain(3, true)).isEqualTo(ResultCode.SUCCESS);
        assertThat(drain(3, false)).as("it is already").isEqualTo(ResultCode.SUCCESS);
        assertThat(drain(2, true)).isEqualTo(ResultCode.SUCCESS);
        assertThat(drain(1, true)).as("the last one").isEqualTo(ResultCode.INVALID_PARMS);
        format();
        assertThat(state.draining()).isEmpty();
        assertThat(drain(1, false))
                .as("there is nothing that could lose a copy")
                .isEqualTo(ResultCode.SUCCESS);
        apply(new ClusterCommand.Format(2, 3, Flags.STRICT, "farm"));
        epoch(1, 1, 2, 3);
        assertThat(drain(1, true)).as("the cluster would halt").isEqualTo(ResultCode.INVALID_PARMS);
    }

    private ResultCode drain(int sheep, boolean fewer) {
        return apply(new ClusterCommand.DrainStore(100 + sheep, fewer)).code();
    }

    private ClusterState restored() {
        var other = new ClusterState();
        other.restore(state.snapshot());
        return other;
    }

    private ResultCode recovered(int sheep, int epoch) {
        return apply(new ClusterCommand.RecoveredStore(100 + sheep, new Epoch(epoch), 1))
                .code();
    }

    @Test
    void listsAreNotWholeForObjectsThatOnlyAbsentStoresMayHave() {
        epoch(2, 2, 3);

        assertThat(state.listedFrom(1)).contains(2);
    }

    @Test
    void listsAreNotWholeIfAllThatHadEverythingLeftBeforeOthersRecovered() {
        epoch(2, 1, 2, 3, 4);
        epoch(3, 4, 5, 6);

        assertThat(state.listedFrom(1)).isEmpty();
        assertThat(recovered(4, 3)).isEqualTo(ResultCode.AGAIN);
    }

    @Test
    void listsAreWholeAgainOnceTheAbsentAreBack() {
        epoch(2, 2, 3);
        assertThat(state.listedFrom(1)).contains(2);

        epoch(3, 1, 2, 3);

        assertThat(state.listedFrom(1)).contains(1);
    }

    @Test
    void aRecoveryOfAnEarlierEpochDoesNotCount() {
        epoch(2, 1, 2);

        assertThat(recovered(1, 1)).isEqualTo(ResultCode.AGAIN);
    }
}
