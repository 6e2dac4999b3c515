package sheepdog.membership.consensus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import sheepdog.membership.consensus.Consensus.Role;
import sheepdog.membership.consensus.Message.Append;
import sheepdog.membership.consensus.Message.AppendReply;
import sheepdog.membership.consensus.Message.Applied;
import sheepdog.membership.consensus.Message.Handover;
import sheepdog.membership.consensus.Message.Heartbeat;
import sheepdog.membership.consensus.Message.HeartbeatReply;
import sheepdog.membership.consensus.Message.SnapshotChunk;
import sheepdog.membership.consensus.Message.VoteReply;
import sheepdog.membership.consensus.Message.VoteRequest;

/** One core, whose peers the test plays. */
class ConsensusTest {
    private static final LogTiming TIMING = LogTiming.DEFAULT;
    private static final long PROMISE = TIMING.promise().toNanos();
    private static final List<Long> ABC = List.of(1L, 2L, 3L);

    private long now = 5_000_000_000L;

    @Test
    void aFollowerCommitsOnlyWhatItHasComparedWithThisLeader() {
        Consensus core = core(1, new HardState(2, 0, 1), List.of(1, 2, 2, 2));

        core.receive(now, 2, new Heartbeat(3, 1, now, 4, false, 0, 0, 0));
        assertThat(core.commit()).isEqualTo(1);

        core.receive(now, 2, new Append(3, 1, 2, 2, List.of(), 4));
        assertThat(core.commit()).as("only up to the entry compared").isEqualTo(2);
    }

    @Test
    void entriesThatWereNeverCommittedGiveWayToTheLeaders() {
        Consensus core = core(1, new HardState(2, 0, 1), List.of(1, 2, 2, 2));

        core.receive(now, 2, new Append(3, 1, 1, 1, List.of(entry(2, 3)), 2));
        write(core);

        assertThat(core.lastIndex()).isEqualTo(2);
        assertThat(core.commit()).isEqualTo(2);
        assertThat(core.termAt(2)).contains(3L);
    }

    @Test
    void anAcceptedAppendIsAnsweredOnlyWhenItIsOnDisk() {
        Consensus core = core(1, new HardState(2, 0, 1), List.of(1));
        core.receive(now, 2, new Heartbeat(2, 1, now, 1, false, 0, 0, 0));
        core.takeMessages();

        core.receive(now, 2, new Append(2, 1, 1, 1, List.of(entry(2, 2)), 1));
        assertThat(core.takeMessages()).isEmpty();

        write(core);
        assertThat(sent(core, AppendReply.class)).extracting(AppendReply::index).containsExactly(2L);
    }

    @Test
    void aVoteIsGivenOnlyWhenItIsOnDisk() {
        Consensus core = core(1, new HardState(2, 0, 1), List.of(1));
        now += PROMISE;

        core.receive(now, 2, vote(3, 1, 1));
        assertThat(core.takeMessages()).isEmpty();

        write(core);
        assertThat(sent(core, VoteReply.class)).extracting(VoteReply::granted).containsExactly(true);
    }

    @Test
    void whatWasHeldForTheDiskInAnOlderTermIsNotSaidLater() {
        Consensus core = core(1, new HardState(2, 0, 1), List.of(1));
        core.receive(now, 2, new Heartbeat(2, 1, now, 1, false, 0, 0, 0));
        core.takeMessages();
        core.receive(now, 2, new Append(2, 1, 1, 1, List.of(entry(2, 2)), 1));

        core.receive(now, 3, new Append(3, 1, 1, 1, List.of(entry(2, 3)), 1));
        write(core);

        assertThat(sent(core, AppendReply.class)).extracting(AppendReply::term).containsOnly(3L);
    }

    @Test
    void aNodeThatLostEntriesItOnceHadVotesForNobodyUntilItHasThemBack() {
        Consensus core = core(1, new HardState(2, 0, 5), List.of(1, 2, 2));
        now += PROMISE;
        assertThat(core.damaged()).isTrue();

        core.receive(now, 2, vote(3, 9, 2));
        assertThat(sent(core, VoteReply.class)).extracting(VoteReply::granted).containsExactly(false);

        core.receive(now, 2, new Append(3, 1, 3, 2, List.of(entry(4, 2), entry(5, 2)), 5));
        write(core);
        assertThat(core.damaged()).isFalse();
        now += PROMISE;
        core.receive(now, 3, vote(4, 9, 3));
        write(core);
        assertThat(sent(core, VoteReply.class)).extracting(VoteReply::granted).contains(true);
    }

    @Test
    void aVoterVotesForACandidateWhoseListItIsNotOnAndWhomItsListDoesNotName() {
        Consensus core = core(9, new HardState(2, 0, 1), List.of(1));
        now += PROMISE;

        core.receive(now, 8, vote(3, 4, 2));
        write(core);

        assertThat(sent(core, VoteReply.class)).extracting(VoteReply::granted).containsExactly(true);
    }

    @Test
    void noVoteWithinThePromiseAfterAStartNorAfterALeaderWasHeard() {
        Consensus core = core(1, new HardState(2, 0, 1), List.of(1));

        core.receive(now + PROMISE - 1, 2, vote(3, 1, 1));
        assertThat(sent(core, VoteReply.class)).extracting(VoteReply::granted).containsExactly(false);
        assertThat(core.term()).as("a refused candidate changes nothing").isEqualTo(2);

        now += PROMISE;
        core.receive(now, 3, new Heartbeat(2, 1, 0, 1, false, 0, 0, 0));
        core.takeMessages();
        core.receive(now + PROMISE - 1, 2, vote(3, 1, 1));
        assertThat(sent(core, VoteReply.class)).extracting(VoteReply::granted).containsExactly(false);
    }

    @Test
    void theDeathOfTheLeadersProcessEndsThePromiseButThatOfAnOlderOneDoesNot() {
        Consensus core = core(1, new HardState(2, 0, 1), List.of(1));
        core.receive(now, 3, new Heartbeat(2, 7, 0, 1, false, 0, 0, 0));
        core.takeMessages();

        core.dead(3, 6);
        core.receive(now, 2, vote(3, 1, 1));
        assertThat(sent(core, VoteReply.class)).extracting(VoteReply::granted).containsExactly(false);

        core.dead(3, 7);
        core.receive(now, 2, vote(3, 1, 1));
        write(core);
        assertThat(sent(core, VoteReply.class)).extracting(VoteReply::granted).containsExactly(true);
    }

    @Test
    void aLeaderCommitsNothingByCountingCopiesOfAnOlderTermsEntry() {
        Consensus core = core(1, new HardState(4, 0, 1), List.of(1, 2));
        lead(core);
        assertThat(core.term()).isEqualTo(5);

        core.receive(now, 2, new AppendReply(5, 1, true, 2, 0, 0));
        assertThat(core.commit())
                .as("entry 2 is of term 2, and on two of three")
                .isEqualTo(1);

        core.receive(now, 2, new AppendReply(5, 1, true, 3, 0, 0));
        assertThat(core.commit())
                .as("with the no-op of this term all before it is")
                .isEqualTo(3);
    }

    @Test
    void anEntryThatEndsLeasesIsAppliedOnlyWhenTheDiskKnowsThatItIsCommitted() {
        Consensus core = core(1, new HardState(2, 0, 1), List.of(1));
        core.receive(now, 2, new Append(2, 1, 1, 1, List.of(fence(2, 2), entry(3, 2)), 1));
        core.takeWrite().ifPresent(write -> core.written(write, now));
        core.receive(now, 2, new Heartbeat(2, 1, now, 3, false, 0, 0, 0));
        assertThat(core.commit()).isEqualTo(3);

        assertThat(core.nextCommitted()).isEmpty();
        assertThat(core.applied()).isEqualTo(1);
        LogWrite said = core.takeWrite().orElseThrow();
        assertThat(said.hard().commit()).isEqualTo(3);
        assertThat(core.nextCommitted()).as("it is not on disk yet").isEmpty();

        core.written(said, now);
        assertThat(core.nextCommitted()).isPresent();
        assertThat(core.nextCommitted()).isPresent();
        assertThat(core.takeWrite()).as("said once is enough").isEmpty();
    }

    @Test
    void aLaterProcessBeginsWithTheLastEntryThatEndedLeasesHere() {
        Consensus core = core(1, new HardState(2, 0, 1), List.of(1));
        var disk = new ArrayList<LogWrite>();
        core.receive(now, 2, new Append(2, 1, 1, 1, List.of(fence(2, 2)), 2));
        core.takeWrite().ifPresent(write -> {
            disk.add(write);
            core.written(write, now);
        });
        while (core.nextCommitted().isEmpty()) {
            core.takeWrite().ifPresent(write -> {
                disk.add(write);
                core.written(write, now);
            });
        }

        var config = new Config(new Quorum(ABC, 1), Quorum.NONE, List.of(), new byte[0]);
        var found = new Restored(
                disk.getLast().hard(),
                Optional.of(new Snapshot(0, 0, config, new byte[0])),
                List.of(entry(1, 1), fence(2, 2)));
        var later = new Consensus(1, 2, TIMING, new Random(1), found, now);
        later.takeRestore();
        drain(later);

        assertThat(later.applied()).isEqualTo(2);
        assertThat(later.takeWrite()).isEmpty();
    }

    @Test
    void aLeadersLeaseCountsFromWhenItsHeartbeatWasSent() {
        Consensus core = leader();
        now += TIMING.heartbeat().toNanos();
        core.tick(now);
        long sent = now;
        core.takeMessages();

        now += 1_500_000_000L;
        core.receive(now, 2, new HeartbeatReply(core.term(), 1, sent, 0, core.lastIndex(), core.lastIndex()));

        assertThat(core.holdsLease(sent + TIMING.lease().toNanos() - 1)).isTrue();
        assertThat(core.holdsLease(sent + TIMING.lease().toNanos())).isFalse();
    }

    @Test
    void aNewLeaderHoldsNoLeaseUntilAllHaveComeOverOrTheOldOnesHaveRunOut() {
        Consensus core = core(1, new HardState(4, 0, 1), List.of(1));
        lead(core);
        long elected = now;
        core.receive(now, 2, new AppendReply(5, 1, true, 2, 0, 0));
        drain(core);
        for (long at = elected; at < elected + PROMISE; at += 200_000_000L) {
            core.tick(at);
            core.receive(at, 2, new HeartbeatReply(5, 1, at, 0, 2, 2));
            assertThat(core.holdsLease(at))
                    .as("node 3 may hold a lease of the last leader")
                    .isFalse();
        }

        core.tick(elected + PROMISE);
        core.receive(elected + PROMISE, 2, new HeartbeatReply(5, 1, elected + PROMISE, 0, 2, 2));
        assertThat(core.holdsLease(elected + PROMISE)).isTrue();
    }

    @Test
    void afterAFenceNobodyHasALeaseUntilAllHaveAppliedIt() {
        Consensus core = leaderWithLeases();

        core.propose(new byte[] {1}, true);
        write(core);
        long fence = core.lastIndex();
        core.receive(now, 2, new AppendReply(core.term(), 1, true, fence, 0, 0));
        drain(core);
        write(core);
        assertThat(core.commit()).isEqualTo(fence);
        assertThat(core.holdsLease(now))
                .as("node 3 may still act on what was before")
                .isFalse();

        core.receive(now, 2, new Applied(core.term(), 1, fence));
        assertThat(sent(core, Heartbeat.class)).extracting(Heartbeat::grants).doesNotContain(true);

        core.receive(now, 3, new Applied(core.term(), 1, fence));
        assertThat(core.holdsLease(now)).isTrue();
        assertThat(sent(core, Heartbeat.class)).extracting(Heartbeat::grants).containsExactly(true, true);
    }

    @Test
    void aMemberThatDoesNotApplyAFenceKeepsItsLeaseForAWhileAndTheOthersWaitForThat() {
        Consensus core = leaderWithLeases();
        long granted = now;
        core.propose(new byte[] {1}, true);
        write(core);
        long fence = core.lastIndex();
        core.receive(now, 2, new AppendReply(core.term(), 1, true, fence, 0, 0));
        drain(core);
        write(core);
        core.receive(now, 2, new Applied(core.term(), 1, fence));
        sent(core, Heartbeat.class);

        for (now = granted; now < granted + PROMISE; now += 100_000_000L) {
            core.tick(now);
            core.receive(now, 2, new HeartbeatReply(core.term(), 1, now, 0, fence, fence));
            core.receive(now, 3, new HeartbeatReply(core.term(), 1, now, 0, fence, fence - 1));
            assertThat(core.holdsLease(now)).isFalse();
        }
        core.tick(now);

        assertThat(core.holdsLease(now)).isTrue();
        assertThat(sent(core, Heartbeat.class).reversed().subList(0, 2))
                .as("to 3 nothing is granted, to 2 it is")
                .extracting(Heartbeat::grants)
                .containsExactlyInAnyOrder(true, false);
    }

    @Test
    void aLeaseEndsWhenItsHolderAppliesAFenceThatTheLeaderDidNotKnowItHad() {
        Consensus core = core(1, new HardState(4, 0, 1), List.of(4));
        core.receive(now, 2, new Append(4, 1, 1, 4, List.of(), 1));
        core.receive(now, 2, new Heartbeat(4, 1, now, 1, true, 1, now, 1));
        assertThat(core.holdsLease(now)).isTrue();

        var fence = new Entry(2, 4, Entry.Kind.FENCE, new byte[] {1});
        core.receive(now, 2, new Append(4, 1, 1, 4, List.of(fence), 2));
        write(core);
        assertThat(core.holdsLease(now)).isFalse();
        assertThat(sent(core, Applied.class)).extracting(Applied::index).containsExactly(2L);

        core.receive(now, 2, new Heartbeat(4, 1, now, 2, true, 1, now, 1));
        assertThat(core.holdsLease(now)).as("granted before the leader knew").isFalse();
        core.receive(now, 2, new Heartbeat(4, 1, now, 2, true, 1, now, 2));
        assertThat(core.holdsLease(now)).isTrue();
    }

    @Test
    void aLeaderThatHandsOverLeadsNoMoreInThatTermWhateverBecomesOfIt() {
        Consensus core = leader();

        assertThat(core.handOver(true)).isTrue();

        assertThat(core.role()).isEqualTo(Role.FOLLOWER);
        assertThat(core.holdsLease(now)).isFalse();
        assertThat(sent(core, Handover.class)).hasSize(1);
    }

    @Test
    void aLeaderWithoutAnswersStepsDown() {
        Consensus core = leader();

        core.tick(now + TIMING.electionMax().toNanos() + 1);

        assertThat(core.role()).isEqualTo(Role.FOLLOWER);
    }

    @Test
    void aChangeOfVotersIsInForceWhenItIsInTheLogAndNeedsBothMajorities() {
        Consensus core = leader();
        core.proposeConfig(new Config(new Quorum(List.of(1L, 4L, 5L), 1), Quorum.NONE, List.of(), new byte[] {1}));
        write(core);
        long index = core.lastIndex();

        assertThat(core.config().joint()).isTrue();
        core.receive(now, 4, new AppendReply(core.term(), 1, true, index, 0, 0));
        assertThat(core.commit()).as("the old majority is missing").isLessThan(index);
        core.receive(now, 2, new AppendReply(core.term(), 1, true, index, 0, 0));

        assertThat(core.commit()).isGreaterThanOrEqualTo(index);
        assertThat(core.config().joint()).as("left by itself").isFalse();
        assertThat(core.mayPropose()).as("not before that is committed too").isFalse();
    }

    @Test
    void aFollowerFarBehindGetsTheLogByTermsNotByEntries() {
        Consensus core = core(1, new HardState(2, 0, 1), List.of(1, 2, 2, 2, 2));

        core.receive(now, 2, new Append(9, 1, 5, 7, List.of(), 1));
        write(core);

        var reply = sent(core, AppendReply.class).getLast();
        assertThat(reply.accepted()).isFalse();
        assertThat(reply.hint()).as("the first entry of the term that differs").isEqualTo(2);
        assertThat(reply.hintTerm()).isEqualTo(2);
    }

    @Test
    void aSnapshotThatComesLateTakesNothingAwayThatWasPromised() {
        Consensus core = core(1, new HardState(3, 0, 1), List.of(3));
        core.receive(now, 2, new Append(3, 1, 1, 3, List.of(entry(2, 3), entry(3, 3), entry(4, 3), entry(5, 3)), 1));
        write(core);
        assertThat(sent(core, AppendReply.class)).extracting(AppendReply::index).containsExactly(5L);
        byte[] late = new Snapshot(3, 3, core.config(), new byte[] {1}).encode();

        core.receive(now, 2, new SnapshotChunk(3, 1, 3, late.length, 0, late));
        write(core);

        assertThat(core.lastIndex()).as("entries 4 and 5 were acknowledged").isEqualTo(5);
        assertThat(core.commit()).as("what is in a snapshot is committed").isEqualTo(3);
        assertThat(core.takeRestore()).isEmpty();
        assertThat(core.applied()).isEqualTo(3);
        assertThat(sent(core, AppendReply.class)).extracting(AppendReply::index).containsExactly(5L);
    }

    @Test
    void answersThatCannotBeTrueAreRefused() {
        Consensus core = leader();
        long beyond = core.lastIndex() + 1;

        for (Message lie : List.of(
                new AppendReply(core.term(), 1, true, beyond, 0, 0),
                new HeartbeatReply(core.term(), 1, now, 0, beyond, 0),
                new HeartbeatReply(core.term(), 1, now, 0, 2, beyond),
                new HeartbeatReply(core.term(), 1, now + 1, 0, 2, 2),
                new Applied(core.term(), 1, beyond))) {
            assertThatThrownBy(() -> core.receive(now, 2, lie)).as("%s", lie).isInstanceOf(MalformedException.class);
        }

        assertThat(core.role()).isEqualTo(Role.LEADER);
        assertThat(core.commit()).isLessThan(beyond);
    }

    @Test
    void aSnapshotThatContradictsTheLogReplacesIt() {
        Consensus core = core(1, new HardState(3, 0, 1), List.of(1, 2, 2, 2, 2));
        byte[] whole = new Snapshot(3, 3, core.config(), new byte[] {1}).encode();

        core.receive(now, 2, new SnapshotChunk(3, 1, 3, whole.length, 0, whole));
        write(core);

        assertThat(core.lastIndex()).isEqualTo(3);
        assertThat(core.takeRestore()).isPresent();
    }

    @Test
    void anAnnouncedSnapshotTakesMemoryOnlyAsItComes() {
        Consensus core = core(9, new HardState(3, 0, 1), List.of(3));
        long before = allocated();

        for (int i = 0; i < 100; i++) {
            core.receive(now, 2, new SnapshotChunk(3, 1, 100 + i, 200 << 20, 0, new byte[10]));
        }

        assertThat(allocated() - before).isLessThan(10 << 20);
    }

    @Test
    void aSoleVoterKeepsItsPromiseOverARestartWhileTheEntryThatMadeItThatMayNotBeCommitted() {
        var two = new Quorum(List.of(1L, 2L), 2);
        var alone = new Config(new Quorum(List.of(1L), 1), Quorum.NONE, List.of(), new byte[0]);
        var snapshot = new Snapshot(0, 0, new Config(two, Quorum.NONE, List.of(), new byte[0]), new byte[0]);
        var entries = List.of(new Entry(1, 3, Entry.Kind.CONFIG, alone.encode()));
        var uncommitted = new Restored(new HardState(3, 2, 0), Optional.of(snapshot), entries);
        var committed = new Restored(new HardState(3, 2, 1), Optional.of(snapshot), entries);

        var waits = new Consensus(1, 2, TIMING, new Random(1), uncommitted, now);
        var leads = new Consensus(1, 2, TIMING, new Random(1), committed, now);
        long soon = now + TIMING.retryMax().toNanos();
        waits.tick(soon);
        leads.tick(soon);

        assertThat(waits.term())
                .as("node 2 may lead, and lease on node 1's answers")
                .isEqualTo(3);
        assertThat(leads.term()).isEqualTo(4);
    }

    // ----

    private static long allocated() {
        return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }

    private Consensus leader() {
        Consensus core = core(1, new HardState(4, 0, 1), List.of(1));
        lead(core);
        for (long peer : List.of(2L, 3L)) {
            core.memberIncarnation(peer, 1);
            core.receive(now, peer, new AppendReply(core.term(), 1, true, 2, 0, 0));
        }
        drain(core);
        assertThat(core.mayPropose()).isTrue();
        return core;
    }

    /** The same, and all three have just got a lease. */
    private Consensus leaderWithLeases() {
        Consensus core = leader();
        for (long peer : List.of(2L, 3L)) {
            core.receive(now, peer, new HeartbeatReply(core.term(), 1, now, 0, 2, 2));
        }
        assertThat(core.holdsLease(now)).isTrue();
        core.tick(now + TIMING.heartbeat().toNanos());
        assertThat(sent(core, Heartbeat.class)).extracting(Heartbeat::grants).contains(true);
        return core;
    }

    private void lead(Consensus core) {
        now += PROMISE + TIMING.electionMax().toNanos();
        long term = core.term() + 1;
        core.tick(now);
        core.receive(now, 2, new VoteReply(term, true, true));
        write(core);
        core.receive(now, 2, new VoteReply(term, false, true));
        write(core);
        assertThat(core.role()).isEqualTo(Role.LEADER);
        core.takeMessages();
    }

    /** A voter of three, or with {@code self} 9 none of them, whose log has entries of these terms. */
    private Consensus core(long self, HardState hard, List<Integer> terms) {
        var config = new Config(new Quorum(ABC, 1), Quorum.NONE, List.of(), new byte[0]);
        var snapshot = new Snapshot(0, 0, config, new byte[0]);
        var entries = new ArrayList<Entry>();
        for (int term : terms) {
            entries.add(entry(entries.size() + 1, term));
        }
        var core =
                new Consensus(self, 1, TIMING, new Random(1), new Restored(hard, Optional.of(snapshot), entries), now);
        core.takeRestore();
        drain(core);
        return core;
    }

    private static Entry entry(long index, long term) {
        return new Entry(index, term, Entry.Kind.COMMAND, new byte[] {1});
    }

    private static Entry fence(long index, long term) {
        return new Entry(index, term, Entry.Kind.FENCE, new byte[] {1});
    }

    private static VoteRequest vote(long term, long lastIndex, long lastTerm) {
        return new VoteRequest(term, false, false, lastIndex, lastTerm, 0, 0);
    }

    private void write(Consensus core) {
        core.takeWrite().ifPresent(write -> core.written(write, now));
        drain(core);
    }

    private static void drain(Consensus core) {
        while (core.nextCommitted().isPresent()) {
            // What entries say is of no concern here.
        }
    }

    private static <T extends Message> List<T> sent(Consensus core, Class<T> type) {
        return core.takeMessages().stream()
                .map(Outgoing::message)
                .filter(type::isInstance)
                .map(type::cast)
                .toList();
    }
}
