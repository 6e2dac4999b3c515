package sheepdog.sheep.main;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import sheepdog.membership.runtime.Cancellable;
import sheepdog.membership.runtime.Loop;
import sheepdog.membership.runtime.LoopFuture;
import sheepdog.membership.runtime.Pool;
import sheepdog.sheep.testkit.StepLoop;

/** When a disk counts as one that hangs. */
class DiskWatchTest {
    private final StepLoop loop = new StepLoop();
    private final List<Duration> reports = new ArrayList<>();
    private Duration late = Duration.ZERO;
    private final DiskWatch watch = new DiskWatch(new Disk(), reports::add);

    DiskWatchTest() {
        watch.start();
    }

    /** Calls begin and end when the test says so: a call's value is what is to be run to end it. */
    private final class Disk implements Loop {
        @Override
        public <T> CompletionStage<T> offload(Pool pool, long stripe, Callable<T> blocking) {
            var stage = new LoopFuture<T>(this);
            begin.add(() -> {
                try {
                    T value = blocking.call();
                    end.add(() -> stage.complete(value));
                } catch (Exception bug) {
                    throw new AssertionError(bug);
                }
            });
            return stage;
        }

        @Override
        public void execute(Runnable task) {
            loop.execute(task);
        }

        @Override
        public long nowNanos() {
            return loop.nowNanos();
        }

        @Override
        public Cancellable after(Duration delay, Runnable task) {
            return loop.after(delay.plus(late), task);
        }

        @Override
        public void checkOnLoop() {}
    }

    private final List<Runnable> begin = new ArrayList<>();
    private final List<Runnable> end = new ArrayList<>();

    private void call() {
        watch.offload(Pool.STORE, begin.size(), () -> 1);
    }

    private void pass(int millis) {
        loop.advance(Duration.ofMillis(millis));
    }

    @Test
    void oneCallThatDoesNotEndIsEnoughThoughOthersDo() {
        call();
        begin.getFirst().run();
        for (int i = 0; i < 11; i++) {
            call();
            begin.getLast().run();
            end.getLast().run();
            pass(250);
        }
        assertThat(reports).isEmpty();

        pass(500);

        assertThat(reports).isNotEmpty();
        assertThat(reports.getFirst()).isEqualTo(DiskWatch.LIMIT);
        end.getFirst().run();
        reports.clear();
        pass(10_000);
        assertThat(reports).isEmpty();
    }

    @Test
    void callsThatQueueBehindOthersProveNothing() {
        for (int i = 0; i < 40; i++) {
            call();
        }
        for (int i = 0; i < 40; i++) {
            begin.get(i).run();
            pass(400);
            end.get(i).run();
        }

        assertThat(reports).isEmpty();
    }

    @Test
    void callsThatWaitWhileNothingEndsAreADiskThatHangs() {
        call();

        pass(3_500);

        assertThat(reports).isNotEmpty();
    }

    @Test
    void anIdleDiskDoesNotHang() {
        pass(60_000);

        assertThat(reports).isEmpty();
    }

    @Test
    void aProcessThatWasStoppedDoesNotBlameItsDisk() {
        late = Duration.ofSeconds(20);
        pass(250);
        call();
        begin.getFirst().run();
        pass(60_000);

        assertThat(reports).isEmpty();
    }
}
