package sheepdog.membership.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import sheepdog.membership.api.ClusterLog.Phase;
import sheepdog.membership.api.Member;
import sheepdog.membership.api.RecordingMachine;

class ConsensusLogTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    @Test
    void threeSheepFormatAndServeInEpochOne() {
        Lab lab = Lab.formatted(1, 3);

        assertThat(lab.life(2).epoch().epoch().number()).isEqualTo(1);
        assertThat(lab.life(2).epoch().members()).hasSize(3);
        assertThat(lab.checks().history()).containsExactly("format");
    }

    @Test
    void aCommandIsAppliedEverywhereAndAnsweredToItsProposer() {
        Lab lab = Lab.formatted(2, 3);

        for (int i = 0; i < 3; i++) {
            var done = lab.life(i).propose("c" + i);
            assertThat(lab.until(done::isDone, SECOND)).isLessThan(Duration.ofMillis(60));
        }

        lab.run(SECOND);
        for (int i = 0; i < 3; i++) {
            assertThat(lab.life(i).machine.commands).containsExactly("format", "c0", "c1", "c2");
        }
    }

    @Test
    void aKilledLeaderIsReplacedAndPutOutWithinTwoSeconds() {
        for (int seed = 0; seed < 20; seed++) {
            Lab lab = Lab.formatted(seed, 3);
            var leader = lab.leader().orElseThrow();

            leader.box.kill();

            assertThat(lab.until(
                            () -> lab.allServe()
                                    && lab.checks().newest().members().size() == 2,
                            Duration.ofSeconds(9)))
                    .isLessThan(Duration.ofSeconds(8));
        }
    }

    @Test
    void aStoppedLeaderIsReplacedAndPutOutWithinEightSeconds() {
        for (int seed = 0; seed < 20; seed++) {
            Lab lab = Lab.formatted(seed, 3);
            var leader = lab.leader().orElseThrow();

            leader.pause();

            assertThat(lab.until(
                            () -> lab.alive().stream()
                                                    .filter(l -> l.log.holdsLease())
                                                    .count()
                                            == 2
                                    && lab.checks().newest().members().size() == 2,
                            Duration.ofSeconds(9)))
                    .isLessThan(Duration.ofSeconds(8));
            leader.resume();
            lab.until(() -> lab.allServe() && lab.checks().newest().members().size() == 3, Duration.ofSeconds(10));
        }
    }

    @Test
    void aSheepThatLeavesIsOutWithinHalfASecondEvenIfItLeads() {
        for (int seed = 0; seed < 20; seed++) {
            Lab lab = Lab.formatted(seed, 3);
            var leader = lab.leader().orElseThrow();

            var done = leader.leave();

            assertThat(lab.until(() -> done.isDone(), SECOND)).isLessThan(Duration.ofMillis(500));
            leader.box.kill();
            lab.until(() -> lab.allServe(), Duration.ofMillis(300));
            assertThat(lab.checks().newest().members()).hasSize(2);
        }
    }

    @Test
    void aNewSheepJoinsByAnEpoch() {
        Lab lab = Lab.formatted(5, 3);

        lab.add(1L << 30).start();

        assertThat(lab.until(
                        () -> lab.checks().newest().members().size() == 4 && lab.allServe(), SECOND.multipliedBy(3)))
                .isLessThan(Duration.ofSeconds(2));
    }

    @Test
    void aClusterThatStartsAgainWaitsForThoseWhoStartLater() {
        for (int seed = 0; seed < 10; seed++) {
            Lab lab = Lab.formatted(seed, 3);
            lab.boxes().forEach(Lab.Box::kill);

            lab.box(0).start();
            lab.box(1).start();
            lab.run(Duration.ofSeconds(4));
            lab.box(2).start();

            assertThat(lab.until(() -> lab.allServe(), Duration.ofSeconds(10))).isLessThan(Duration.ofSeconds(6));
            assertThat(lab.checks().newest().epoch().number()).isEqualTo(1);
        }
    }

    @Test
    void aClusterThatStartsAgainServesWithAMajorityWithinTenSeconds() {
        for (int seed = 0; seed < 10; seed++) {
            Lab lab = Lab.formatted(seed, 3);
            lab.boxes().forEach(Lab.Box::kill);

            lab.box(0).start();
            lab.box(1).start();

            assertThat(lab.until(
                            () -> lab.allServe()
                                    && lab.checks().newest().members().size() == 2,
                            Duration.ofSeconds(20)))
                    .isLessThan(Duration.ofSeconds(10));
        }
    }

    @Test
    void aMinorityIsIsolatedAndComesBack() {
        Lab lab = Lab.formatted(6, 5);

        lab.split(Set.of(0, 1));
        lab.run(Duration.ofSeconds(10));

        assertThat(lab.life(0).log.status().phase()).isEqualTo(Phase.ISOLATED);
        assertThat(lab.life(1).log.holdsLease()).isFalse();
        assertThat(lab.checks().newest().members()).hasSize(3);
        lab.heal();
        lab.until(() -> lab.allServe() && lab.checks().newest().members().size() == 5, Duration.ofSeconds(10));
    }

    @Test
    void allKilledAndStartedAgainServeWithinTenSeconds() {
        Lab lab = Lab.formatted(7, 3);
        lab.life(1).propose("before");
        lab.run(SECOND);

        for (int i = 0; i < 3; i++) {
            lab.box(i).kill();
        }
        for (int i = 0; i < 3; i++) {
            lab.box(i).start();
        }

        lab.until(lab::allServe, Duration.ofSeconds(10));
        assertThat(lab.life(2).machine.commands).containsExactly("format", "before");
    }

    @Test
    void ofTwoTheOneThatBreaksTiesGoesOnAndTheOtherDoesNot() {
        Lab lab = Lab.formatted(21, 2);
        int tie = tie(lab);

        lab.cutBoth(0, 1);
        lab.run(Duration.ofSeconds(10));

        assertThat(lab.life(tie).log.holdsLease()).isTrue();
        assertThat(lab.checks().newest().members()).hasSize(1);
        assertThat(lab.life(1 - tie).log.holdsLease()).isFalse();
        lab.heal();
        lab.until(() -> lab.allServe() && lab.checks().newest().members().size() == 2, Duration.ofSeconds(10));
    }

    @Test
    void ofTwoTheOtherWaitsForTheOneThatBreaksTies() {
        Lab lab = Lab.formatted(22, 2);
        int tie = tie(lab);

        lab.box(tie).kill();
        lab.run(Duration.ofSeconds(15));
        assertThat(lab.life(1 - tie).log.holdsLease()).isFalse();

        lab.box(tie).start();
        lab.until(lab::allServe, Duration.ofSeconds(10));
    }

    @Test
    void ofFourAndSixSplitInHalvesTheOneWithTheTieBreakerGoesOn() {
        for (int n : new int[] {4, 6}) {
            Lab lab = Lab.formatted(23, n);
            int tie = tie(lab);
            var half = new HashSet<>(Set.of(tie));
            for (int i = 0; half.size() < n / 2; i++) {
                half.add(i);
            }

            lab.split(half);
            lab.run(Duration.ofSeconds(12));

            for (int i = 0; i < n; i++) {
                assertThat(lab.life(i).log.holdsLease())
                        .as("node %d of %d", i, n)
                        .isEqualTo(half.contains(i));
            }
            assertThat(lab.checks().newest().members()).hasSize(n / 2);
        }
    }

    @Test
    void aLeaderThatIsStartedAgainAtOnceIsServingSoonAsANewProcess() {
        for (int seed = 30; seed < 40; seed++) {
            Lab lab = Lab.formatted(seed, 3);
            lab.weather(0, 0, Duration.ofMillis(3), 0);
            var box = lab.leader().orElseThrow().box;

            box.kill();
            box.start();

            assertThat(lab.until(lab::allServe, Duration.ofSeconds(10))).isLessThan(Duration.ofSeconds(4));
            assertThat(lab.checks().newest().members()).hasSize(3);
            int other = box.number == 0 ? 1 : 0;
            assertThat(lab.life(other).epoch().members()).hasSize(3);
        }
    }

    @Test
    void aNewProcessOfAMemberIsToldToTheStateMachineWithoutAnEpoch() {
        Lab lab = Lab.formatted(41, 3);
        lab.weather(0, 0, Duration.ofMillis(3), 0);
        int follower = lab.leader().orElseThrow().box.number == 0 ? 1 : 0;

        lab.box(follower).kill();
        lab.box(follower).start();
        lab.until(lab::allServe, Duration.ofSeconds(5));

        assertThat(lab.leader().orElseThrow().machine.started)
                .extracting(Member::storeId, Member::starts)
                .containsExactly(tuple(lab.box(follower).storeId, 2L));
        assertThat(lab.checks().newest().epoch().number()).isEqualTo(1);
    }

    @Test
    void twoOfFiveLostAtOnceArePutOut() {
        Lab lab = Lab.formatted(42, 5);
        var leader = lab.leader().orElseThrow().box;
        var second = lab.box(leader.number == 0 ? 1 : 0);

        leader.kill();
        second.kill();

        lab.until(() -> lab.allServe() && lab.checks().newest().members().size() == 3, Duration.ofSeconds(9));
    }

    @Test
    void twoThatJoinAtOnceDoNotWedgeTheClusterWhenTheLeaderGoesRightAfter() {
        for (int seed = 50; seed < 60; seed++) {
            Lab lab = Lab.formatted(seed, 3);
            var leader = lab.leader().orElseThrow().box;
            lab.add(1L << 30).start();
            lab.add(1L << 30).start();
            lab.until(() -> lab.checks().newest().members().size() > 3, Duration.ofSeconds(5));

            leader.kill();

            lab.until(() -> lab.allServe() && lab.checks().newest().members().size() == 4, Duration.ofSeconds(10));
        }
    }

    @Test
    void aNodeThatComesBackCatchesUpWhileCommandsKeepComing() {
        Lab lab = Lab.formatted(61, 3);
        int back = lab.leader().orElseThrow().box.number == 0 ? 1 : 0;
        lab.box(back).kill();
        lab.until(lab::allServe, Duration.ofSeconds(9));
        var proposer = lab.leader().orElseThrow();
        for (int i = 0; i < 400; i++) {
            proposer.propose("c" + i);
            if (i == 100) {
                lab.box(back).start();
            }
            lab.run(Duration.ofMillis(10));
        }

        assertThat(lab.box(back).life.orElseThrow().machine.commands.size()).isGreaterThan(380);
    }

    @Test
    void aNodeThatWasCaughtUpBySnapshotKeepsWhatItStoredAfterItOverARestart() {
        Lab lab = Lab.formatted(62, 3);
        lab.limits(new LogSetup.Limits(300, 1000, 1 << 20, 20));
        lab.boxes().forEach(box -> {
            box.kill();
            box.start();
        });
        lab.until(lab::allServe, Duration.ofSeconds(10));
        int behind = lab.leader().orElseThrow().box.number == 0 ? 1 : 0;
        lab.box(behind).kill();
        lab.until(lab::allServe, Duration.ofSeconds(9));
        for (int i = 0; i < 1500; i++) {
            lab.leader().orElseThrow().propose("a" + i);
            lab.run(Duration.ofMillis(4));
        }
        lab.box(behind).start();
        lab.until(() -> lab.allServe() && lab.checks().newest().members().size() == 3, Duration.ofSeconds(10));
        for (int i = 0; i < 3; i++) {
            lab.leader().orElseThrow().propose("b" + i);
        }
        lab.run(SECOND);

        lab.boxes().forEach(Lab.Box::kill);
        lab.boxes().forEach(Lab.Box::start);

        lab.until(lab::allServe, Duration.ofSeconds(10));
        assertThat(lab.life(behind).machine.commands).endsWith("b0", "b1", "b2").hasSize(1504);
    }

    @Test
    void whatACutOffLeaderTookInIsAppliedOnceOrNotAtAll() {
        Lab lab = Lab.formatted(63, 3);
        var old = lab.leader().orElseThrow();
        lab.split(Set.of(old.box.number));
        var waiting = old.propose("cut off");
        lab.until(() -> lab.checks().newest().members().size() == 2, Duration.ofSeconds(9));
        lab.leader().orElseThrow();
        assertThat(waiting.isDone()).isFalse();

        lab.heal();

        lab.until(waiting::isDone, Duration.ofSeconds(10));
        assertThat(lab.checks().history()).containsOnlyOnce("cut off");
    }

    @Test
    void aDiskErrorStopsTheNodeAndTheOthersGoOn() {
        Lab lab = Lab.formatted(64, 3);
        var broken = lab.leader().orElseThrow();
        broken.box.disk.fail();

        broken.propose("x");

        lab.until(() -> lab.checks().newest().members().size() == 2, Duration.ofSeconds(9));
        assertThat(broken.on(broken.log::status).phase()).isEqualTo(Phase.STOPPED);
        assertThat(broken.on(broken.log::status).reason()).contains("Input/output error");
    }

    @Test
    void aNodeThatLostTheEndOfItsLogGetsItBackBeforeItVotes() {
        Lab lab = Lab.formatted(65, 3);
        lab.life(0).propose("kept");
        lab.run(Duration.ofSeconds(3));
        lab.boxes().forEach(Lab.Box::kill);
        lab.box(0).disk.loseTail(1);

        lab.box(0).start();
        lab.box(1).start();

        lab.run(Duration.ofSeconds(8));
        assertThat(lab.leader().map(leader -> leader.box.number)).isNotEqualTo(Optional.of(0));
        lab.box(2).start();
        lab.until(lab::allServe, Duration.ofSeconds(10));
        assertThat(lab.life(0).machine.commands).containsExactly("format", "kept");
    }

    @Test
    void anElectionNeedsNoWordFromTheTransport() {
        for (int seed = 70; seed < 80; seed++) {
            Lab lab = Lab.formatted(seed, 3);
            lab.weather(0, 0, Duration.ofMillis(3), 0);
            lab.leader().orElseThrow().box.kill();

            assertThat(lab.until(() -> lab.leader().isPresent(), Duration.ofSeconds(5)))
                    .isLessThan(Duration.ofMillis(3600));
        }
    }

    @Test
    void oneSeedTellsOneStory() {
        var first = new Storm(4711);
        var second = new Storm(4711);

        assertThat(first.run(Duration.ofSeconds(15))).isEqualTo(second.run(Duration.ofSeconds(15)));
        assertThat(first.lab().story).isEqualTo(second.lab().story);
    }

    @Test
    void aStoreOfAnotherClusterIsRefusedByName() {
        Lab lab = Lab.formatted(81, 3);
        var other = lab.add(1L << 30);
        lab.split(Set.of(3));
        other.start(new RecordingMachine());
        lab.run(SECOND);
        var done = lab.life(3).format("format alone");
        lab.unchecked();
        lab.until(done::isDone, Duration.ofSeconds(5));
        lab.box(3).kill();

        lab.heal();
        var stranger = other.start(new RecordingMachine());
        lab.until(() -> stranger.on(stranger.log::status).phase() == Phase.STOPPED, Duration.ofSeconds(5));

        assertThat(stranger.on(stranger.log::status).reason()).contains("belongs to cluster");
        assertThat(lab.life(0).log.holdsLease()).isTrue();
    }

    @Test
    void aCopyOfAStoreIsRefusedByName() {
        Lab lab = Lab.formatted(82, 3);
        var copy = lab.add(1L << 30);
        copy.copyOf(lab.box(1));

        var twin = copy.start();
        lab.run(Duration.ofSeconds(3));

        assertThat(twin.on(twin.log::status).phase()).isEqualTo(Phase.STOPPED);
        assertThat(twin.on(twin.log::status).reason()).contains("copy");
        assertThat(lab.life(0).log.holdsLease()).isTrue();
        assertThat(lab.life(2).log.holdsLease()).isTrue();
    }

    @Test
    void anEmptyStoreAtAMembersAddressTakesItsPlaceInOneEpoch() {
        Lab lab = Lab.formatted(83, 3);
        lab.weather(0, 0, Duration.ofMillis(3), 0);
        int place = lab.leader().orElseThrow().box.number == 0 ? 1 : 0;
        lab.box(place).kill();
        lab.box(place).wipe();

        lab.box(place).start();

        lab.until(() -> lab.allServe() && lab.checks().newest().epoch().number() > 1, Duration.ofSeconds(9));
        assertThat(lab.checks().newest().epoch().number()).isEqualTo(2);
        assertThat(lab.checks().newest().store(lab.box(place).storeId)).isPresent();
    }

    @Test
    void aFormatThatNotAllHeardOfFormatsNothing() {
        Lab lab = Lab.of(84, 3);
        lab.run(Duration.ofSeconds(2));
        lab.cutBoth(0, 2);

        var done = lab.life(0).format("format");
        lab.until(done::isDone, Duration.ofSeconds(5));

        assertThat(done.join()).isEqualTo("NETWORK_ERROR");
        lab.heal();
        lab.run(Duration.ofSeconds(5));
        assertThat(lab.alive()).allMatch(life -> life.on(life.log::status).phase() == Phase.UNFORMATTED);
        lab.format(2);
    }

    @Test
    void twoWhoComplainHaveASheepPutOutAndOneDoesNot() {
        Lab lab = Lab.formatted(85, 3);
        int leader = lab.leader().orElseThrow().box.number;
        int accused = (leader + 1) % 3;
        int other = (leader + 2) % 3;

        lab.life(other).complain(lab.box(accused).storeId);
        lab.run(Duration.ofSeconds(4));
        assertThat(lab.checks().newest().members()).hasSize(3);

        lab.life(accused).complain(lab.box(accused).storeId);
        lab.until(() -> lab.checks().newest().members().size() == 2, Duration.ofSeconds(5));
        assertThat(lab.life(accused).log.holdsLease()).isFalse();
    }

    @Test
    void whoComplainsOfItselfNeedsNoWitness() {
        Lab lab = Lab.formatted(87, 3);
        int accused = (lab.leader().orElseThrow().box.number + 1) % 3;

        lab.life(accused).complain(lab.box(accused).storeId);

        lab.until(() -> lab.checks().newest().members().size() == 2, Duration.ofSeconds(4));
        assertThat(lab.checks().newest().store(lab.box(accused).storeId)).isEmpty();
    }

    @Test
    void aLeaderThatComplainsOfItselfHandsOverAndIsPutOut() {
        Lab lab = Lab.formatted(88, 3);
        int accused = lab.leader().orElseThrow().box.number;
        long id = lab.box(accused).storeId;

        lab.run(Duration.ofSeconds(4)); // Whoever was just elected is not asked to hand over.
        lab.life(accused).complain(id);

        lab.until(() -> lab.checks().newest().members().size() == 2, Duration.ofSeconds(4));
        assertThat(lab.checks().newest().store(id)).isEmpty();
    }

    @Test
    void whoeverTheOthersCannotDoWithoutStaysWhateverItSaysOfItself() {
        Lab lab = Lab.formatted(89, 2);
        int tie = tie(lab);

        for (int i = 0; i < 10; i++) {
            lab.life(0).complain(lab.box(0).storeId);
            lab.life(1).complain(lab.box(1).storeId);
            lab.run(Duration.ofMillis(500));
        }

        assertThat(lab.checks().newest().members()).hasSize(1);
        assertThat(lab.checks().newest().store(lab.box(tie).storeId)).isPresent();
    }

    @Test
    void gatewaysDoNotVoteAndCanFormat() {
        var lab = new Lab(86);
        lab.add(0).start();
        lab.add(1L << 30).start();
        lab.add(1L << 30).start();
        lab.run(Duration.ofSeconds(2));

        lab.format(0);

        assertThat(lab.checks().newest().voters()).containsExactlyInAnyOrder(lab.box(1).storeId, lab.box(2).storeId);
        assertThat(lab.life(0).log.holdsLease()).isTrue();
    }

    private static int tie(Lab lab) {
        long first = lab.checks().newest().voters().getFirst();
        return lab.boxes().stream()
                .filter(box -> box.storeId == first)
                .findFirst()
                .orElseThrow()
                .number;
    }
}
