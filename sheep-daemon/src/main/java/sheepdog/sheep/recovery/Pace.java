package sheepdog.sheep.recovery;

import java.time.Duration;
import sheepdog.membership.runtime.Loop;
import sheepdog.protocol.wire.RecoveryLimit;

/**
 * How fast a {@link Sweep} goes. As long as clients use this node's store it brings one object at a time, and rests thrice
 * as long as that took; else several at once, without a rest. An operator's limit replaces both. Loop-owned.
 */
final class Pace {
    /** Objects at once while no client is there; fewer than {@link Turns} has. */
    static final int IDLE_PLACES = 6;

    /** Clients are there for so long after a request of theirs. */
    static final Duration BUSY = Duration.ofMillis(250);

    private static final int REST_FACTOR = 3;
    private static final Duration REST_MAX = Duration.ofMillis(500);

    private final Loop loop;
    private RecoveryLimit limit;
    private long clientsUntilNanos;

    Pace(Loop loop, RecoveryLimit limit) {
        this.loop = loop;
        this.limit = limit;
        clientsUntilNanos = loop.nowNanos();
    }

    RecoveryLimit limit() {
        return limit;
    }

    void limit(RecoveryLimit newLimit) {
        limit = newLimit;
    }

    /** A client's request has come to this store. */
    void clientSeen() {
        clientsUntilNanos = loop.nowNanos() + BUSY.toNanos();
    }

    /** Whether clients use this store. */
    boolean isBusy() {
        return clientsUntilNanos - loop.nowNanos() > 0;
    }

    /** How many objects may be brought at once now. */
    int places() {
        if (limit.max() != 0) {
            return (int) Math.min(Integer.toUnsignedLong(limit.max()), Turns.BRINGS_MAX);
        }
        return isBusy() ? 1 : IDLE_PLACES;
    }

    /** How long the place of an object stays empty that took so long. */
    Duration rest(Duration took) {
        if (limit.max() != 0) {
            return Duration.ofMillis(limit.intervalMillis());
        }
        Duration rest = isBusy() ? took.multipliedBy(REST_FACTOR) : Duration.ZERO;
        return rest.compareTo(REST_MAX) < 0 ? rest : REST_MAX;
    }
}
