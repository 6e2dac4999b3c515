package sheepdog.membership.consensus;

import java.time.Duration;
import sheepdog.protocol.model.Invariant;

/**
 * The times that leases and elections rest on. The constructor checks what safety needs of them.
 *
 * @param lease       D: how long a lease lasts, on its holder's clock, from the moment its holder asked for it
 * @param promise     E: how long a voter votes for nobody else after it heard a leader, and after its own start; at
 *                    least D and 5 % more, for clocks that run at different speeds
 * @param heartbeat   how often the leader shows itself and leases are renewed
 * @param electionMin shortest time without a leader before a voter asks for votes; not below E
 * @param electionMax longest; the time itself is drawn by lot for each round
 * @param retryMin    shortest time between two tries of one voter to be elected
 * @param retryMax    longest
 * @param silence     how long a member may be unheard before the leader proposes an epoch without it
 * @param arrival     how long after its election a leader waits for members that it has not heard since its own start,
 *                    if nobody served then: after a stop of the whole cluster some start later than others
 * @param tick        how often the owner of the core calls it
 */
public record LogTiming(
        Duration lease,
        Duration promise,
        Duration heartbeat,
        Duration electionMin,
        Duration electionMax,
        Duration retryMin,
        Duration retryMax,
        Duration silence,
        Duration arrival,
        Duration tick) {
    /**
     * Killed process: 0.2 s until it is known dead, then an election of 0.2 s. Stopped or cut off: 2.2 to 2.8 s to the
     * election, 2.1 s until its leases have run out, 0.1 s for the epoch.
     */
    public static final LogTiming DEFAULT = new LogTiming(
            Duration.ofMillis(2000),
            Duration.ofMillis(2100),
            Duration.ofMillis(250),
            Duration.ofMillis(2200),
            Duration.ofMillis(2800),
            Duration.ofMillis(150),
            Duration.ofMillis(600),
            Duration.ofMillis(3000),
            Duration.ofMillis(5000),
            Duration.ofMillis(50));

    public LogTiming {
        Invariant.check(
                promise.toNanos() >= lease.toNanos() + lease.toNanos() / 20, "promise %s, lease %s", promise, lease);
        Invariant.check(electionMin.compareTo(promise) >= 0, "election %s before promise %s", electionMin, promise);
        Invariant.check(electionMax.compareTo(electionMin) > 0, "election %s to %s", electionMin, electionMax);
        Invariant.check(retryMax.compareTo(retryMin) > 0, "retry %s to %s", retryMin, retryMax);
        Invariant.check(heartbeat.multipliedBy(3).compareTo(lease) < 0, "heartbeat %s, lease %s", heartbeat, lease);
        Invariant.check(tick.compareTo(heartbeat) <= 0, "tick %s, heartbeat %s", tick, heartbeat);
    }
}
