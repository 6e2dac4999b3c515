package sheepdog.membership.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every loop with threads of its own does. */
public abstract class LoopContract {
    private Loop loop;

    /** A running loop. */
    protected abstract Loop start();

    /** Ends it. */
    protected abstract void stop(Loop started);

    @BeforeEach
    final void begin() {
        loop = start();
    }

    @AfterEach
    final void end() {
        stop(loop);
    }

    @Test
    void tasksRunInTheOrderGivenOnOneThread() throws Exception {
        List<Integer> order = Collections.synchronizedList(new ArrayList<>());
        var threads = Collections.synchronizedSet(new java.util.HashSet<Thread>());
        var done = new CountDownLatch(1000);

        for (int i = 0; i < 1000; i++) {
            int number = i;
            loop.execute(() -> {
                order.add(number);
                threads.add(Thread.currentThread());
                done.countDown();
            });
        }

        assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(order).isSorted().hasSize(1000);
        assertThat(threads).hasSize(1).doesNotContain(Thread.currentThread());
    }

    @Test
    void taskGivenByATaskRunsAfterThoseThatWaitAlready() throws Exception {
        var order = Collections.synchronizedList(new ArrayList<String>());
        var done = new CountDownLatch(1);

        loop.execute(() -> {
            loop.execute(() -> order.add("second"));
            loop.execute(() -> {
                order.add("third");
                done.countDown();
            });
            order.add("first");
        });

        assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(order).containsExactly("first", "second", "third");
    }

    @Test
    void timerRunsOnTheLoopAndNotBeforeItsTime() throws Exception {
        var late = new CompletableFuture<Long>();

        loop.execute(() -> {
            long start = loop.nowNanos();
            loop.after(Duration.ofMillis(50), () -> {
                loop.checkOnLoop();
                late.complete(loop.nowNanos() - start);
            });
        });

        assertThat(late.get(10, TimeUnit.SECONDS)).isGreaterThanOrEqualTo(50_000_000L);
    }

    @Test
    void cancelledTimerDoesNotRun() throws Exception {
        var order = Collections.synchronizedList(new ArrayList<String>());
        var done = new CountDownLatch(1);

        loop.execute(() -> {
            Cancellable cancelled = loop.after(Duration.ofMillis(10), () -> order.add("cancelled"));
            loop.after(Duration.ofMillis(40), () -> {
                order.add("later");
                done.countDown();
            });
            cancelled.cancel();
            cancelled.cancel();
        });

        assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(order).containsExactly("later");
    }

    @Test
    void offloadedStepRunsElsewhereAndCompletesOnTheLoop() throws Exception {
        var done = new CompletableFuture<Boolean>();

        loop.execute(() -> {
            Thread here = Thread.currentThread();
            loop.offload(Pool.BULK, 1, Thread::currentThread).thenAccept(there -> {
                loop.checkOnLoop();
                done.complete(there != here);
            });
        });

        assertThat(done.get(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void stepsOfOneStripeRunOneAfterAnotherInTheirOrder() throws Exception {
        List<Integer> order = Collections.synchronizedList(new ArrayList<>());
        var done = new CountDownLatch(200);

        loop.execute(() -> {
            for (int i = 0; i < 200; i++) {
                int number = i;
                loop.offload(Pool.STORE, 7, () -> order.add(number)).thenAccept(_ -> done.countDown());
            }
        });

        assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(order).isSorted().hasSize(200);
    }

    @Test
    void aBlockedStripeDoesNotHoldUpTheLoop() throws Exception {
        var block = new CountDownLatch(1);
        var ran = new CountDownLatch(1);

        loop.execute(() -> {
            loop.offload(Pool.LOG, 0, () -> block.await(10, TimeUnit.SECONDS));
            loop.execute(ran::countDown);
        });

        assertThat(ran.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(block.getCount()).isEqualTo(1);
        block.countDown();
    }

    @Test
    void checkFailsOffTheLoop() {
        assertThatThrownBy(loop::checkOnLoop).isInstanceOf(AssertionError.class);
    }
}
