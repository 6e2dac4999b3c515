package sheepdog.sheep.recovery;

import java.time.Duration;
import java.util.Optional;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.wire.RecoveryLimit;

/**
 * What the operator of a node says about its recovery. What clients wait for is never held up by any of it.
 *
 * @param given  how much at once, if the operator said it at the start; it goes before what is kept
 * @param grace  how long what a node has to keep only because another one left is not brought: that one may be back at once
 * @param keeper what is said at run time outlives the process there
 */
public record RecoverySettings(Optional<RecoveryLimit> given, Duration grace, Keeper keeper) {
    /** Objects at once, at most: each holds its bytes in memory. */
    public static final int MAX_MAX = Turns.BRINGS_MAX;

    /** The longest rest, and the longest grace. */
    public static final Duration INTERVAL_MAX = Duration.ofHours(1);

    /** A node that is started again within this is not replaced. */
    public static final Duration GRACE = Duration.ofSeconds(20);

    /** The node decides how much at once. */
    public static final RecoverySettings DEFAULT = new RecoverySettings(Optional.empty(), GRACE, Keeper.NONE);

    /** Where a limit that was set at run time is kept. */
    public interface Keeper {
        /** Keeps nothing. */
        Keeper NONE = new Keeper() {
            @Override
            public RecoveryLimit kept() {
                return RecoveryLimit.NONE;
            }

            @Override
            public Outcome<Void> keep(RecoveryLimit limit) {
                return Outcome.done();
            }
        };

        /** What was kept last, by this process or an earlier one; NONE if nothing was. Before the loop runs. */
        RecoveryLimit kept();

        /** On stable storage when it returns. Blocking, off the loop. @return a disk error's code if it is not kept */
        Outcome<Void> keep(RecoveryLimit limit);
    }

    /** A limit that is given, and nothing is kept. */
    public RecoverySettings(RecoveryLimit given, Duration grace) {
        this(Optional.of(given), grace, Keeper.NONE);
    }

    /** The same with another place to keep a limit. */
    public RecoverySettings keptBy(Keeper other) {
        return new RecoverySettings(given, grace, other);
    }

    /** How much at once, at the start. */
    RecoveryLimit limit() {
        return given.orElseGet(keeper::kept);
    }
}
