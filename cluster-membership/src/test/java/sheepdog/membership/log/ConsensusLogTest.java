package sheepdog.membership.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;
import sheepdog.membership.api.ClusterLog.Phase;

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
}
