package sheepdog.membership.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import sheepdog.membership.api.ClusterLog;

/** Faults that need a script, because a storm hardly ever draws them: hung disks, complaints of the leader, copies. */
class LogFaultsTest {
    private static final Duration FOREVER = Duration.ofHours(1);

    @Test
    void aLeaderWhoseLogDiskHangsIsPutOutWithinEightSecondsOfTheNextEntry() {
        for (int seed = 0; seed < 20; seed++) {
            Lab lab = Lab.formatted(seed, 3);
            var hung = lab.leader().orElseThrow();
            hung.slowDisk(FOREVER);

            other(lab, hung, 0).propose("c");

            lab.until(
                    () -> lab.checks().newest().members().size() == 2
                            && lab.alive().stream().allMatch(life -> life == hung || life.log.holdsLease()),
                    Duration.ofSeconds(8));
            assertThat(lab.checks().newest().store(hung.member.storeId())).isEmpty();
        }
    }

    @Test
    void theMembershipGoesOnWhileTheLeadersLogDiskHangs() {
        for (int seed = 0; seed < 20; seed++) {
            Lab lab = Lab.formatted(seed, 6);
            var hung = lab.leader().orElseThrow();
            hung.slowDisk(FOREVER);

            long first = kill(other(lab, hung, 0));
            lab.until(() -> lab.checks().newest().store(first).isEmpty(), Duration.ofSeconds(8));
            kill(other(lab, hung, 0));

            lab.until(
                    () -> lab.checks().newest().members().size() == 3
                            && lab.alive().stream().allMatch(life -> life == hung || life.log.holdsLease()),
                    Duration.ofSeconds(8));
        }
    }

    @Test
    void aLeaderWhoseLogFindsNoSpaceIsPutOutAndBackByItselfWhenThereIsSome() {
        for (int seed = 0; seed < 20; seed++) {
            Lab lab = Lab.formatted(seed, 3);
            var full = lab.leader().orElseThrow();
            full.box.disk.full(true);

            var done = other(lab, full, 0).propose("c");
            lab.until(
                    () -> done.isDone()
                            && lab.alive().stream().allMatch(life -> life == full || life.log.holdsLease())
                            && lab.leader().filter(life -> life != full).isPresent(),
                    Duration.ofSeconds(8));
            lab.run(Duration.ofSeconds(40));
            full.box.disk.full(false);

            lab.until(() -> lab.allServe() && lab.checks().newest().members().size() == 3, Duration.ofSeconds(20));
            assertThat(lab.alive()).hasSize(3).contains(full);
        }
    }

    @Test
    void aFollowerWhoseLogFindsNoSpaceHoldsUpNobodysDecisionsOrEpochs() {
        for (int seed = 0; seed < 20; seed++) {
            Lab lab = Lab.formatted(seed, 4);
            var leader = lab.leader().orElseThrow();
            var full = other(lab, leader, 0);
            full.box.disk.full(true);

            var done = other(lab, leader, 1).propose("c");
            lab.until(done::isDone, Duration.ofSeconds(1));
            long dead = kill(other(lab, leader, 2));
            lab.until(
                    () -> lab.checks().newest().store(dead).isEmpty()
                            && lab.alive().stream().allMatch(life -> life == full || life.log.holdsLease()),
                    Duration.ofSeconds(8));
            full.box.disk.full(false);

            lab.until(lab::allServe, Duration.ofSeconds(20));
            assertThat(lab.alive()).contains(full);
        }
    }

    @Test
    void aClusterWithoutSpaceForItsLogDecidesNothingEndsNobodyAndGoesOnByItself() {
        for (int seed = 0; seed < 5; seed++) {
            Lab lab = Lab.formatted(seed, 3);
            lab.boxes().forEach(box -> box.disk.full(true));

            var done = lab.life(0).propose("c");
            lab.run(Duration.ofMinutes(2));
            assertThat(done).isNotDone();
            assertThat(lab.alive()).allMatch(life -> life.log.status().phase() != ClusterLog.Phase.STOPPED);
            lab.boxes().forEach(box -> box.disk.full(false));

            lab.until(() -> done.isDone() && lab.allServe(), Duration.ofSeconds(20));
            assertThat(done.join()).isEqualTo("ok");
        }
    }

    @Test
    void aFormatThatFindsNoSpaceIsGivenUpAndMayBeTriedAgain() {
        for (int seed = 0; seed < 20; seed++) {
            Lab lab = Lab.of(seed, 3);
            lab.run(Duration.ofSeconds(2));
            lab.box(seed % 3).disk.full(true);

            var refused = lab.life(0).format("first");
            lab.until(refused::isDone, Duration.ofSeconds(5));
            assertThat(refused.join()).isEqualTo("NETWORK_ERROR");
            lab.run(Duration.ofSeconds(5));
            lab.box(seed % 3).disk.full(false);
            lab.run(Duration.ofSeconds(2));

            lab.format(0);
            assertThat(lab.checks().newest().members()).hasSize(3);
        }
    }

    @Test
    void stormsInWhichLogsFindNoSpaceEndWell() {
        for (int seed = 0; seed < 20; seed++) {
            new Storm(seed).withFullDisks().run(Duration.ofSeconds(20));
        }
    }

    @Test
    void twoWhoComplainOfTheLeaderHaveItPutOut() {
        for (int seed = 0; seed < 10; seed++) {
            Lab lab = Lab.formatted(seed, 3);
            var accused = lab.leader().orElseThrow();

            other(lab, accused, 0).complain(accused.member.storeId());
            other(lab, accused, 1).complain(accused.member.storeId());

            lab.until(() -> lab.checks().newest().members().size() == 2, Duration.ofSeconds(7));
            assertThat(lab.checks().newest().store(accused.member.storeId())).isEmpty();
            lab.until(
                    () -> other(lab, accused, 0).log.holdsLease()
                            && other(lab, accused, 1).log.holdsLease(),
                    Duration.ofSeconds(1));
        }
    }

    @Test
    void oneWhoComplainsOfTheLeaderChangesNothing() {
        Lab lab = Lab.formatted(3, 3);
        var accused = lab.leader().orElseThrow();

        for (int i = 0; i < 10; i++) {
            other(lab, accused, 0).complain(accused.member.storeId());
            lab.run(Duration.ofSeconds(1));
        }

        assertThat(lab.leader()).contains(accused);
        assertThat(lab.checks().newest().members()).hasSize(3);
    }

    @Test
    void complaintsAreNotForgottenWhenTheLeaderGoes() {
        Lab lab = Lab.formatted(4, 5);
        var leader = lab.leader().orElseThrow();
        var accused = other(lab, leader, 0);
        other(lab, leader, 1).complain(accused.member.storeId());
        lab.run(Duration.ofMillis(100));
        leader.box.kill();
        other(lab, leader, 2).complain(accused.member.storeId());

        lab.until(() -> lab.checks().newest().members().size() == 3, Duration.ofSeconds(8));
        assertThat(lab.checks().newest().store(accused.member.storeId())).isEmpty();
    }

    @Test
    void complaintsOfAProcessAreNotHeldAgainstTheNextOneWhoeverLeadsThen() {
        Lab lab = Lab.formatted(6, 5);
        var leader = lab.leader().orElseThrow();
        var restarted = other(lab, leader, 0).box;
        var first = other(lab, leader, 1);
        var second = other(lab, leader, 2);
        first.complain(restarted.storeId);
        lab.run(Duration.ofMillis(100));

        restarted.kill();
        restarted.start();
        lab.until(() -> lab.allServe() && lab.checks().newest().members().size() == 5, Duration.ofSeconds(8));
        leader.box.kill();
        lab.until(() -> lab.checks().newest().members().size() == 4, Duration.ofSeconds(8));
        second.complain(restarted.storeId);
        lab.run(Duration.ofSeconds(5));

        assertThat(lab.checks().newest().members()).hasSize(4);
        assertThat(lab.checks().newest().store(restarted.storeId)).isPresent();
    }

    @Test
    void theEndOfACopyIsNotTakenForTheEndOfTheOriginal() {
        for (int seed = 0; seed < 40; seed++) {
            Lab lab = Lab.formatted(seed, 3);
            lab.weather(0, 0, Duration.ofMillis(3), 100);
            var original = lab.leader().orElseThrow();
            var copy = lab.add(1L << 30);
            copy.copyOf(original.box);
            // The original's folder was copied to a host that sees the others, but not the original.
            lab.cutBoth(original.box.number, copy.number);
            copy.start();
            lab.run(Duration.ofMillis(600));
            lab.split(Set.of(original.box.number));
            copy.kill();

            // The checks look for leases of two terms, or of two epochs.
            lab.run(Duration.ofSeconds(6));
        }
    }

    @Test
    void aCommandThatTheLeaderDoesNotKnowWaitsAndDoesNoHarm() {
        Lab lab = Lab.formatted(5, 3);
        var newer = other(lab, lab.leader().orElseThrow(), 0);

        var waiting = newer.propose("unknown");
        var known = newer.propose("known");
        lab.until(known::isDone, Duration.ofSeconds(1));
        lab.run(Duration.ofSeconds(3));

        assertThat(waiting).isNotDone();
        assertThat(lab.checks().history()).containsExactly("format", "known");
        assertThat(lab.allServe()).isTrue();
    }

    @Test
    void formatsThatMeetEndInOneClusterOrInNone() {
        for (int seed = 0; seed < 20; seed++) {
            var random = new SplittableRandom(seed);
            var lab = new Lab(seed);
            int n = random.nextInt(2, 6);
            for (int i = 0; i < n; i++) {
                lab.add(i > 0 && random.nextInt(4) == 0 ? 0 : 1L << 30).start();
            }
            lab.until(
                    () -> lab.alive().stream()
                            .allMatch(life -> life.on(life.log::visible).size() == n),
                    Duration.ofSeconds(5));
            lab.weather(random.nextInt(200), random.nextInt(200), Duration.ofMillis(random.nextInt(5, 200)), 100);
            lab.slowDisks(Duration.ofMillis(random.nextInt(2) * random.nextInt(900)));
            var formats = new ArrayList<CompletableFuture<String>>();
            for (int i = 0; i < 4; i++) {
                formats.add(lab.alive().get(random.nextInt(n)).format("format " + i));
                lab.run(Duration.ofMillis(random.nextInt(random.nextBoolean() ? 5 : 1500)));
            }
            boolean restart = random.nextBoolean();
            if (restart) {
                var restarted = lab.box(random.nextInt(n));
                restarted.kill();
                restarted.start();
            }
            lab.run(Duration.ofSeconds(8));
            lab.weather(0, 0, Duration.ofMillis(3), 100);
            lab.slowDisks(Duration.ZERO);
            lab.run(Duration.ofSeconds(5));

            if (lab.alive().stream().allMatch(life -> life.log.cluster() == 0)) {
                lab.format(0);
            }
            lab.until(() -> lab.allServe() && lab.checks().newest().members().size() == n, Duration.ofSeconds(10));
            assertThat(lab.alive().stream().map(life -> life.log.cluster()).distinct())
                    .hasSize(1);
            assertThat(restart || formats.stream().allMatch(CompletableFuture::isDone))
                    .as("answers, seed %d", seed)
                    .isTrue();
        }
    }

    private static long kill(Lab.Life life) {
        life.box.kill();
        return life.member.storeId();
    }

    private static Lab.Life other(Lab lab, Lab.Life than, int n) {
        return lab.alive().stream()
                .filter(life -> life != than)
                .skip(n)
                .findFirst()
                .orElseThrow();
    }
}
