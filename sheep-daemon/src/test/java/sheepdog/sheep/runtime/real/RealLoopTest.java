package sheepdog.sheep.runtime.real;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import sheepdog.membership.runtime.Cancellable;
import sheepdog.membership.runtime.Pool;

@Timeout(60)
class RealLoopTest {
    private final BlockingQueue<Throwable> faults = new LinkedBlockingQueue<>();
    private final AtomicLong turns = new AtomicLong();
    private final RealLoop loop = new RealLoop(4, faults::add, _ -> turns.incrementAndGet());

    @BeforeEach
    void start() {
        loop.start();
    }

    @AfterEach
    void close() {
        loop.close();
    }

    @Test
    void tasksOfOneThreadRunInTheirOrderOnOneThread() throws Exception {
        List<Integer> ran = new ArrayList<>();
        var done = new CountDownLatch(1);

        for (int i = 0; i < 10_000; i++) {
            int number = i;
            loop.execute(() -> {
                loop.checkOnLoop();
                ran.add(number);
            });
        }
        loop.execute(done::countDown);

        done.await();
        assertThat(ran).hasSize(10_000).isSorted();
        assertThat(turns).hasValueGreaterThanOrEqualTo(10_000);
    }

    @Test
    void noTaskIsForgottenWhileTheLoopFallsAsleep() throws Exception {
        // Each round trip meets the loop on its way into parking.
        for (int i = 0; i < 20_000; i++) {
            var done = new CountDownLatch(1);
            loop.execute(done::countDown);
            assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void timersRunWhenDueInTheOrderOfTheirTimes() throws Exception {
        List<String> ran = Collections.synchronizedList(new ArrayList<>());
        var done = new CountDownLatch(1);
        var early = new AtomicInteger();

        loop.execute(() -> {
            long start = loop.nowNanos();
            loop.after(Duration.ofMillis(30), () -> {
                ran.add("late");
                if (loop.nowNanos() - start < 30_000_000) {
                    early.incrementAndGet();
                }
                done.countDown();
            });
            loop.after(Duration.ofMillis(10), () -> ran.add("soon"));
            loop.after(Duration.ZERO, () -> ran.add("now, first"));
            loop.after(Duration.ofMillis(-1), () -> ran.add("now, second"));
        });

        done.await();
        assertThat(ran).containsExactly("now, first", "now, second", "soon", "late");
        assertThat(early).hasValue(0);
    }

    @Test
    void aCancelledTimerDoesNotRun() throws Exception {
        var ran = new AtomicInteger();
        var done = new CountDownLatch(1);

        loop.execute(() -> {
            List<Cancellable> many = new ArrayList<>();
            for (int i = 0; i < 2_000; i++) {
                many.add(loop.after(Duration.ofMillis(1 + i % 7), ran::incrementAndGet));
            }
            many.forEach(Cancellable::cancel);
            many.forEach(Cancellable::cancel);
            loop.after(Duration.ofMillis(20), done::countDown);
        });

        done.await();
        assertThat(ran).hasValue(0);
        assertThat(faults).isEmpty();
    }

    @Test
    void blockingWorkRunsElsewhereAndItsResultComesBackToTheLoop() throws Exception {
        var result = new CompletableFuture<String>();

        loop.execute(
                () -> loop.offload(Pool.BULK, 0, () -> Thread.currentThread().getName())
                        .thenAccept(name -> {
                            loop.checkOnLoop();
                            result.complete(name);
                        }));

        assertThat(result.get(30, TimeUnit.SECONDS)).startsWith("bulk");
    }

    @Test
    void workOfOneStripeKeepsItsOrderAndStripesDoNotWaitForEachOther() throws Exception {
        var blocked = new CountDownLatch(1);
        var done = new CountDownLatch(1);
        List<Integer> first = Collections.synchronizedList(new ArrayList<>());
        var second = new CompletableFuture<Void>();

        loop.execute(() -> {
            loop.offload(Pool.STORE, 1, () -> {
                blocked.await();
                return first.add(0);
            });
            for (int i = 1; i <= 100; i++) {
                int number = i;
                loop.offload(Pool.STORE, 1, () -> first.add(number));
            }
            loop.offload(Pool.STORE, 1, () -> 0).thenAccept(_ -> done.countDown());
            loop.offload(Pool.STORE, 2, () -> 0).thenAccept(_ -> second.complete(null));
        });

        second.get(30, TimeUnit.SECONDS);
        assertThat(first).isEmpty();
        blocked.countDown();
        done.await();
        assertThat(first).hasSize(101).isSorted();
    }

    @Test
    void whatATaskThrowsGoesToTheHandlerAndTheLoopStops() throws Exception {
        var bug = new IllegalStateException("bug");
        var after = new AtomicInteger();

        loop.execute(() -> {
            loop.execute(after::incrementAndGet);
            throw bug;
        });

        assertThat(faults.poll(30, TimeUnit.SECONDS)).isSameAs(bug);
        loop.close();
        assertThat(after).hasValue(0);
    }

    @Test
    void whatABlockingCallThrowsGoesToTheHandler() throws Exception {
        var bug = new java.io.IOException("bug");
        var error = new AssertionError("broken invariant");

        loop.execute(() -> {
            loop.offload(Pool.STORE, 0, () -> {
                throw bug;
            });
            loop.offload(Pool.LOG, 0, () -> {
                throw error;
            });
        });

        assertThat(List.of(faults.poll(30, TimeUnit.SECONDS), faults.poll(30, TimeUnit.SECONDS)))
                .containsExactlyInAnyOrder(bug, error);
    }

    @Test
    void whatADependentOfAStageThrowsIsNotLost() throws Exception {
        var bug = new AssertionError("broken invariant");

        loop.execute(
                () -> loop.offload(Pool.STORE, 0, () -> 1).thenApply(n -> n + 1).thenAccept(_ -> {
                    throw bug;
                }));

        assertThat(faults.poll(30, TimeUnit.SECONDS)).isSameAs(bug);
    }

    @Test
    void otherThreadsAreNotOnTheLoop() {
        assertThatThrownBy(loop::checkOnLoop).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> loop.after(Duration.ZERO, () -> {})).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> loop.offload(Pool.LOG, 0, () -> 1)).isInstanceOf(AssertionError.class);
    }

    @Test
    void closingFinishesWhatWasGiven() throws Exception {
        var finished = new AtomicInteger();
        var given = new CountDownLatch(1);

        loop.execute(() -> {
            for (int i = 0; i < 200; i++) {
                loop.offload(Pool.LOG, i, () -> 1).thenAccept(_ -> finished.incrementAndGet());
            }
            given.countDown();
        });
        given.await();
        loop.close();

        assertThat(finished).hasValue(200);
    }
}
