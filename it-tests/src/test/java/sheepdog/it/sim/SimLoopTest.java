package sheepdog.it.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import sheepdog.membership.runtime.Pool;

class SimLoopTest {
    private final SimTime time = new SimTime(7);
    private final SimLoop loop = new SimLoop(time, "n1");
    private final List<Object> ran = new ArrayList<>();

    @Test
    void tasksRunInTheOrderGiven() {
        IntStream.range(0, 100).forEach(i -> loop.execute(() -> ran.add(i)));

        settle();

        assertThat(ran).isEqualTo(IntStream.range(0, 100).boxed().toList());
    }

    @Test
    void timerRunsNotBeforeItsDelayByTheClockOfItsProcess() {
        for (long drift : new long[] {-300, -1, 0, 1, 300}) {
            var drifting = new SimLoop(time, "drift " + drift, drift);
            for (long delay : new long[] {0, 1, 999_999, 3_333_333_333L}) {
                drifting.execute(() -> {
                    long set = drifting.nowNanos();
                    drifting.after(Duration.ofNanos(delay), () -> {
                        ran.add(delay);
                        assertThat(drifting.nowNanos() - set).isBetween(delay, delay + 300_000);
                    });
                });
            }
        }

        settle();

        assertThat(ran).hasSize(20);
    }

    @Test
    void cancelledTimerDoesNotRun() {
        loop.execute(
                () -> loop.after(Duration.ofMillis(1), () -> ran.add("late")).cancel());

        settle();

        assertThat(ran).isEmpty();
    }

    @Test
    void stepsOfOneStripeKeepTheirOrderAndAnswersComeOnTheLoop() {
        loop.execute(() -> {
            for (int i = 0; i < 50; i++) {
                int step = i;
                loop.offload(Pool.STORE, step % 2, () -> {
                            ran.add("step " + step);
                            return step;
                        })
                        .thenAccept(_ -> loop.checkOnLoop());
            }
        });

        settle();

        assertThat(ran.stream().filter(s -> Integer.parseInt(s.toString().substring(5)) % 2 == 0))
                .isEqualTo(IntStream.range(0, 25)
                        .<Object>mapToObj(i -> "step " + 2 * i)
                        .toList());
        assertThat(ran).hasSize(50);
    }

    @Test
    void stepsOfTheLogRunOneAfterAnotherWhateverTheirStripe() {
        loop.execute(() -> IntStream.range(0, 50).forEach(i -> loop.offload(Pool.LOG, i, () -> ran.add(i))));

        settle();

        assertThat(ran).isEqualTo(IntStream.range(0, 50).boxed().toList());
    }

    @Test
    void stepIsNotOnTheLoop() {
        loop.execute(() -> loop.offload(Pool.BULK, 0, () -> {
            assertThatThrownBy(loop::checkOnLoop).isInstanceOf(AssertionError.class);
            return ran.add("checked");
        }));

        settle();

        assertThat(ran).containsExactly("checked");
    }

    @Test
    void killedProcessRunsNothingThatItHadQueued() {
        loop.execute(() -> {
            loop.offload(Pool.STORE, 1, () -> ran.add("step"));
            loop.after(Duration.ofMillis(1), () -> ran.add("timer"));
            loop.execute(() -> ran.add("task"));
        });
        time.step();

        loop.kill();
        settle();

        assertThat(ran).isEmpty();
    }

    @Test
    void stoppedProcessRunsNothingUntilItGoesOnAndThenAllInOrder() {
        loop.pause();
        loop.execute(() -> ran.add("a"));
        loop.execute(() -> ran.add("b"));
        settle();
        assertThat(ran).isEmpty();

        loop.resume();
        loop.execute(() -> ran.add("c"));
        settle();

        assertThat(ran).containsExactly("a", "b", "c");
    }

    @Test
    void hungPoolRunsNothingAndOtherPoolsGoOn() {
        loop.hang(Pool.STORE);
        loop.execute(() -> {
            loop.offload(Pool.STORE, 1, () -> ran.add("store"));
            loop.offload(Pool.BULK, 1, () -> ran.add("bulk"));
        });
        settle();
        assertThat(ran).containsExactly("bulk");

        loop.unhang(Pool.STORE);
        settle();

        assertThat(ran).containsExactly("bulk", "store");
    }

    @Test
    void stepThatWasStartedBeforeItsPoolHungRunsOnceWhenItGoesOn() {
        loop.execute(() -> loop.offload(Pool.STORE, 1, () -> ran.add("store")));
        time.step();
        loop.hang(Pool.STORE);
        settle();
        assertThat(ran).isEmpty();

        loop.unhang(Pool.STORE);
        settle();

        assertThat(ran).containsExactly("store");
    }

    @Test
    void processesMeetOnlyOnTheNetwork() {
        var other = new SimLoop(time, "n2");
        loop.execute(() -> other.execute(() -> {}));

        assertThatThrownBy(this::settle).isInstanceOf(AssertionError.class).hasMessageContaining("network");
    }

    @Test
    void errorEndsTheRunUnlessItIsToEndTheProcess() {
        var mortal = new SimLoop(time, "n2");
        mortal.endsByErrors();
        mortal.execute(() -> {
            throw new IllegalStateException("broken");
        });
        settle();
        assertThat(mortal.alive()).isFalse();
        assertThat(mortal.died()).get().isInstanceOf(IllegalStateException.class);

        loop.execute(() -> {
            throw new IllegalStateException("broken");
        });
        assertThatThrownBy(this::settle).isInstanceOf(IllegalStateException.class);
    }

    private void settle() {
        time.runFor(Duration.ofSeconds(5));
    }
}
