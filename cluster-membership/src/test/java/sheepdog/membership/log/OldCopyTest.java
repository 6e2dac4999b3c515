package sheepdog.membership.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import sheepdog.membership.api.ClusterLog.Phase;

/** A sheep on an old copy of its directory has forgotten what it promised: its word must not count. */
class OldCopyTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    @Test
    void oldCopyIsRefusedByNameHoweverOftenItIsStarted() {
        for (int seed = 0; seed < 10; seed++) {
            Lab lab = Lab.formatted(seed, 3);
            lab.run(SECOND.multipliedBy(2));
            var restored = lab.box(seed % 3);
            Runnable restore = restored.backUp();
            restart(lab, restored);
            restart(lab, restored);
            restored.kill();
            restore.run();

            for (int start = 0; start < 4; start++) {
                var life = restored.start();
                lab.until(() -> life.on(life.log::status).phase() == Phase.STOPPED, Duration.ofSeconds(15));

                assertThat(life.on(life.log::status).reason())
                        .contains("old copy of store " + "%016x".formatted(restored.storeId));
                restored.kill();
            }
            lab.until(
                    () -> lab.alive().size() == 2 && lab.alive().stream().allMatch(other -> other.log.holdsLease()),
                    Duration.ofSeconds(10));
        }
    }

    @Test
    void oldCopyDoesNotVoteAwayWhatItAcknowledged() {
        for (int seed = 0; seed < 10; seed++) {
            Lab lab = Lab.formatted(100 + seed, 3);
            lab.run(SECOND.multipliedBy(2));
            var holder = lab.box(seed % 3);
            var restored = lab.box((seed + 1) % 3);
            var behind = lab.box((seed + 2) % 3);
            Runnable restore = restored.backUp();
            restart(lab, restored);
            behind.kill();
            lab.until(() -> lab.checks().newest().members().size() == 2, Duration.ofSeconds(10));
            var kept = lab.life(holder.number).propose("kept");
            lab.until(kept::isDone, Duration.ofSeconds(5));
            holder.kill();
            restored.kill();
            restore.run();

            // The two know nothing of what the first has, and would be a majority of the voters that they know.
            restored.start();
            behind.start();
            lab.run(Duration.ofSeconds(15));
            assertThat(lab.alive()).noneMatch(life -> life.log.holdsLease());

            restored.kill();
            restored.wipe();
            restored.start();
            holder.start();
            lab.run(Duration.ofSeconds(15));
            assertThat(lab.checks().history()).contains("kept");
        }
    }

    @Test
    void copyThatWasMadeWhileTheSheepRanIsKnownAfterAWhile() {
        Lab lab = Lab.formatted(7, 3);
        lab.run(SECOND.multipliedBy(2));
        var restored = lab.box(1);
        Runnable restore = restored.backUp();
        lab.run(Duration.ofMinutes(11));
        restored.kill();
        restore.run();

        var life = restored.start();

        lab.until(() -> life.on(life.log::status).phase() == Phase.STOPPED, Duration.ofSeconds(15));
        assertThat(life.on(life.log::status).reason()).contains("old copy");
    }

    @Test
    void copyFromBeforeTheFormatIsRefused() {
        Lab lab = Lab.of(8, 3);
        lab.run(SECOND);
        Runnable restore = lab.box(1).backUp();
        lab.format(0);
        lab.run(SECOND.multipliedBy(3));
        lab.box(1).kill();
        restore.run();

        var life = lab.box(1).start();

        lab.until(() -> life.on(life.log::status).phase() == Phase.STOPPED, Duration.ofSeconds(15));
        assertThat(life.on(life.log::status).reason()).contains("old copy");
    }

    @Test
    void allAreRestoredFromOneBackupAndServe() {
        Lab lab = Lab.formatted(9, 3);
        lab.unchecked(); // The history of the cluster itself goes back.
        lab.run(SECOND.multipliedBy(2));
        var backups = lab.boxes().stream().map(Lab.Box::backUp).toList();
        lab.boxes().forEach(box -> restart(lab, box));
        lab.boxes().forEach(Lab.Box::kill);
        backups.forEach(Runnable::run);

        lab.boxes().forEach(Lab.Box::start);

        lab.until(lab::allServe, Duration.ofSeconds(10));
    }

    private static void restart(Lab lab, Lab.Box box) {
        box.kill();
        box.start();
        lab.until(lab::allServe, Duration.ofSeconds(15));
        lab.run(SECOND.multipliedBy(2)); // Until what it says of its age is in the log.
    }
}
