package sheepdog.it.process;

import java.time.Duration;
import java.util.concurrent.Callable;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** Waits for what processes do. */
public final class Waiting {
    private static final Duration POLL = Duration.ofMillis(20);

    private Waiting() {}

    /**
     * Waits until {@code condition} is true; what it throws counts as not yet.
     *
     * @param what completes "waited in vain for ..."
     * @throws AssertionError if it is not within {@code limit}; with the last exception, if there was one
     */
    public static void until(String what, Duration limit, Callable<Boolean> condition) {
        var last = new Exception[1];
        try {
            Awaitility.await()
                    .pollInSameThread()
                    .pollDelay(Duration.ZERO)
                    .pollInterval(POLL)
                    .atMost(limit)
                    .until(() -> {
                        try {
                            last[0] = null;
                            return condition.call();
                        } catch (Exception notYet) {
                            last[0] = notYet;
                            return false;
                        }
                    });
        } catch (ConditionTimeoutException late) {
            throw new AssertionError("waited " + limit + " in vain for " + what, last[0] == null ? late : last[0]);
        }
    }

    /** How long it took until {@code condition} was true. */
    public static Duration timeUntil(String what, Duration limit, Callable<Boolean> condition) {
        long start = System.nanoTime();
        until(what, limit, condition);
        return Duration.ofNanos(System.nanoTime() - start);
    }
}
