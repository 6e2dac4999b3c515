package sheepdog.it.chaos;

import java.time.Duration;

/**
 * How long clients waited. A wait counts as the cluster's if the client's own gateway had no trouble all the while: then
 * the promise about stalls (I14) is about it. Any thread.
 */
final class Waits implements DiskClient.Waits {
    private final Trouble trouble;
    private long operations;
    private long longestNanos;
    private long longestEverNanos;
    private long longestAnyNanos;

    Waits(Trouble trouble) {
        this.trouble = trouble;
    }

    @Override
    public synchronized void took(int gateway, long fromNanos, long untilNanos) {
        operations++;
        long nanos = untilNanos - fromNanos;
        longestAnyNanos = Math.max(longestAnyNanos, nanos);
        if (nanos > longestNanos && !trouble.wasIn(gateway, fromNanos)) {
            longestNanos = nanos;
            longestEverNanos = Math.max(longestEverNanos, nanos);
        }
    }

    /** The longest wait through a gateway without trouble since this was last asked. */
    synchronized Duration longestAndReset() {
        Duration longest = Duration.ofNanos(longestNanos);
        longestNanos = 0;
        return longest;
    }

    synchronized Duration longestEver() {
        return Duration.ofNanos(longestEverNanos);
    }

    /** Of all waits, through troubled gateways too. */
    synchronized Duration longestAny() {
        return Duration.ofNanos(longestAnyNanos);
    }

    /** How many operations were acknowledged. */
    synchronized long operations() {
        return operations;
    }
}
