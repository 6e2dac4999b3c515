package sheepdog.membership.consensus;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.function.LongPredicate;
import java.util.function.LongUnaryOperator;
import sheepdog.protocol.model.Invariant;

/**
 * Which sets of voters decide: more than half; of an even number also the half that holds {@code tie} (design rule R9).
 * That is a vote of weight two for {@code tie} when the number is even, so any two deciding sets share a voter.
 *
 * @param voters in the order of the epoch record, no duplicates; empty only in {@link #NONE}
 * @param tie    one of the voters; 0 in {@link #NONE}
 */
public record Quorum(List<Long> voters, long tie) {
    /** The missing old half of a configuration that is not joint. */
    public static final Quorum NONE = new Quorum(List.of(), 0);

    public Quorum {
        voters = List.copyOf(voters);
        Invariant.check(new LinkedHashSet<>(voters).size() == voters.size(), "voters twice: %s", voters);
        Invariant.check(voters.isEmpty() ? tie == 0 : voters.contains(tie), "tie %x not in %s", tie, voters);
    }

    public boolean contains(long id) {
        return voters.contains(id);
    }

    /** Whether the voters that {@code agrees} names decide. */
    public boolean reachedBy(LongPredicate agrees) {
        int all = 0;
        int agreed = 0;
        for (long voter : voters) {
            int weight = voter == tie && voters.size() % 2 == 0 ? 2 : 1;
            all += weight;
            if (agrees.test(voter)) {
                agreed += weight;
            }
        }
        return agreed * 2 > all;
    }

    /** The greatest value that a deciding set has reached, each voter's being {@code value}. */
    public long agreed(LongUnaryOperator value) {
        Invariant.check(!voters.isEmpty(), "no voters");
        long best = Long.MIN_VALUE;
        for (long voter : voters) {
            long candidate = value.applyAsLong(voter);
            if (candidate > best && reachedBy(v -> value.applyAsLong(v) >= candidate)) {
                best = candidate;
            }
        }
        return best;
    }
}
