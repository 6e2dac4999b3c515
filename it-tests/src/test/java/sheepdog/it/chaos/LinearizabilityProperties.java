package sheepdog.it.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.statistics.Statistics;

class LinearizabilityProperties {
    @Property(tries = 5_000)
    void smallHistoriesAreJudgedAsByTryingAllOrders(@ForAll long seed, @ForAll @IntRange(min = 1, max = 7) int count) {
        List<Operation> history = history(new Random(seed), count);

        boolean right = someOrderWillDo(new ArrayList<>(history), 0);

        Statistics.collect(right);
        Statistics.coverage(coverage -> {
            coverage.check(true).percentage(share -> share > 20);
            coverage.check(false).percentage(share -> share > 20);
        });
        assertThat(Linearizability.check(history).isEmpty()).as("%s", history).isEqualTo(right);
    }

    /** What a register says that applies each operation at a moment between invocation and return is right. */
    @Property(tries = 500)
    void whatARegisterAnswersIsRight(@ForAll long seed, @ForAll @IntRange(min = 1, max = 200) int count) {
        var random = new Random(seed);
        var history = new ArrayList<Operation>();
        long value = 0;
        for (int i = 1; i <= count; i++) {
            long moment = 10L * i;
            long invoked = moment - random.nextInt(100);
            long returned = random.nextInt(10) == 0 ? Operation.NEVER : moment + random.nextInt(100);
            if (random.nextBoolean()) {
                value = i;
                history.add(Operation.write(1, invoked, returned, 0, 1, value));
            } else if (returned != Operation.NEVER) {
                history.add(Operation.read(1, invoked, returned, 0, value));
            }
        }

        assertThat(Linearizability.check(history)).isEmpty();
    }

    private static List<Operation> history(Random random, int count) {
        var history = new ArrayList<Operation>();
        int writes = 1 + random.nextInt(count);
        for (int i = 1; i <= count; i++) {
            long invoked = random.nextInt(12);
            long returned = invoked + random.nextInt(6);
            if (i <= writes) {
                history.add(Operation.write(1, invoked, random.nextInt(4) == 0 ? Operation.NEVER : returned, 0, 1, i));
            } else {
                history.add(Operation.read(1, invoked, returned, 0, random.nextInt(writes + 1)));
            }
        }
        return history;
    }

    /** Whether what is left can be put in order when the register holds {@code value}. */
    private static boolean someOrderWillDo(List<Operation> left, long value) {
        if (left.stream().allMatch(operation -> operation.returnedNanos() == Operation.NEVER)) {
            return true;
        }
        for (int i = 0; i < left.size(); i++) {
            Operation next = left.get(i);
            boolean mayBeNext = left.stream().noneMatch(other -> other.returnedNanos() < next.invokedNanos());
            if (mayBeNext && (next.write() || next.values()[0] == value)) {
                var rest = new ArrayList<>(left);
                rest.remove(i);
                if (someOrderWillDo(rest, next.values()[0])) {
                    return true;
                }
            }
        }
        return false;
    }
}
