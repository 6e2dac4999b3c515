package sheepdog.sheep.recovery;

import java.time.Duration;
import sheepdog.protocol.wire.RecoveryLimit;

/**
 * What the operator of a node says about its recovery. What clients wait for is never held up by any of it.
 *
 * @param limit how much at once; can be changed at run time
 * @param grace how long what a node has to keep only because another one left is not brought: that one may be back at once
 */
public record RecoverySettings(RecoveryLimit limit, Duration grace) {
    /** Objects at once, at most: each holds its bytes in memory. */
    public static final int MAX_MAX = Turns.BRINGS_MAX;

    /** The longest rest, and the longest grace. */
    public static final Duration INTERVAL_MAX = Duration.ofHours(1);

    /** The node decides how much at once; a node that is started again within 20 s is not replaced. */
    public static final RecoverySettings DEFAULT = new RecoverySettings(RecoveryLimit.NONE, Duration.ofSeconds(20));
}
