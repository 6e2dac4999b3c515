package sheepdog.membership.runtime;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A loop on a real thread and real time, for tests of what has threads and sockets of its own. A task that throws is
 * remembered, and {@link #close} then fails.
 */
public final class TestLoop implements Loop, AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final ScheduledThreadPoolExecutor thread;
    private final ExecutorService blocking;
    private final Map<Stripe, CompletableFuture<Void>> tails = new HashMap<>();
    private final List<Throwable> failures = new ArrayList<>();
    private Thread self;

    private record Stripe(Pool pool, long number) {}

    /** Starts the loop; its thread carries {@code name}. */
    public TestLoop(String name) {
        thread = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().name("loop-" + name).daemon().factory());
        thread.setRemoveOnCancelPolicy(true);
        blocking = Executors.newFixedThreadPool(
                4, Thread.ofPlatform().name("pool-" + name + "-", 0).daemon().factory());
        call(() -> self = Thread.currentThread());
    }

    @Override
    public void execute(Runnable task) {
        thread.execute(guarded(task));
    }

    @Override
    public long nowNanos() {
        return System.nanoTime();
    }

    @Override
    public Cancellable after(Duration delay, Runnable task) {
        checkOnLoop();
        Future<?> timer = thread.schedule(guarded(task), delay.toNanos(), TimeUnit.NANOSECONDS);
        return () -> timer.cancel(false);
    }

    @Override
    public <T> CompletionStage<T> offload(Pool pool, long stripe, Callable<T> step) {
        checkOnLoop();
        var result = new CompletableFuture<T>();
        tails.compute(new Stripe(pool, stripe), (_, tail) -> {
            var ready = tail == null ? CompletableFuture.<Void>completedFuture(null) : tail;
            return ready.thenRunAsync(() -> run(step, result), blocking);
        });
        return result;
    }

    private <T> void run(Callable<T> step, CompletableFuture<T> result) {
        try {
            T value = step.call();
            execute(() -> result.complete(value));
        } catch (Exception | AssertionError failure) {
            failed(failure);
        }
    }

    @Override
    public void checkOnLoop() {
        if (Thread.currentThread() != self) {
            throw new AssertionError("on " + Thread.currentThread() + ", not on " + self);
        }
    }

    /** Runs {@code task} on the loop and waits for what it returns. From any thread but the loop. */
    public <T> T call(Callable<T> task) {
        try {
            return thread.submit(task).get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException failure) {
            throw new AssertionError(failure.getCause());
        } catch (InterruptedException | TimeoutException failure) {
            throw new AssertionError(failure);
        }
    }

    /** {@link #call} without a value. */
    public void run(Runnable task) {
        call(Executors.callable(task));
    }

    private Runnable guarded(Runnable task) {
        return () -> {
            try {
                task.run();
            } catch (RuntimeException | AssertionError failure) {
                failed(failure);
            }
        };
    }

    private synchronized void failed(Throwable failure) {
        failures.add(failure);
    }

    /** Ends the loop; tasks that wait are dropped, as when a process ends. */
    @Override
    public synchronized void close() {
        thread.shutdownNow();
        blocking.shutdownNow();
        if (!failures.isEmpty()) {
            var error = new AssertionError(failures.size() + " tasks failed", failures.getFirst());
            failures.forEach(error::addSuppressed);
            throw error;
        }
    }
}
