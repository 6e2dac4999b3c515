package sheepdog.membership.runtime;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;

/**
 * The one thread that owns a sheep's state, and everything a feature may ask of time and threads.
 *
 * <p>Tasks given to {@link #execute} run in the order given, from any thread. The loop never blocks.
 */
public interface Loop extends Executor {
    /** Monotonic nanoseconds, with no meaning but their difference. Any thread. */
    long nowNanos();

    /** Runs {@code task} on the loop, not before {@code delay} has passed. On the loop. */
    Cancellable after(Duration delay, Runnable task);

    /**
     * Runs {@code blocking} on {@code pool}; the stage completes on this loop. What {@code blocking} throws is a
     * programmer's error and ends the process: expected failures are its value. On the loop.
     *
     * @param stripe calls with the same stripe on the same pool run one after another, in the order of the calls
     */
    <T> CompletionStage<T> offload(Pool pool, long stripe, Callable<T> blocking);

    /** @throws AssertionError if the caller is not on this loop */
    void checkOnLoop();
}
