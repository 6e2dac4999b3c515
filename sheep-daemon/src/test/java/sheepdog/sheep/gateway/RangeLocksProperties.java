package sheepdog.sheep.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import sheepdog.protocol.model.ObjectId;

class RangeLocksProperties {
    private static final class Request {
        private final int number;
        private final ObjectId oid;
        private final int from;
        private final int to;
        private final boolean mutation;
        private RangeLocks.Ticket ticket;
        private boolean running;

        Request(int number, Random random) {
            this.number = number;
            this.oid = new ObjectId(random.nextInt(2));
            this.from = random.nextInt(10);
            this.to = from + 1 + random.nextInt(5);
            this.mutation = random.nextInt(3) > 0;
        }

        /** The rule, said once more: only an earlier overlapping mutation is in the way. */
        boolean mustWaitFor(Request earlier) {
            return earlier.number < number
                    && earlier.mutation
                    && earlier.oid.equals(oid)
                    && from < earlier.to
                    && earlier.from < to;
        }
    }

    @Property(tries = 500)
    void aRequestRunsExactlyWhenNoEarlierOverlappingMutationIsLeft(
            @ForAll long seed, @ForAll @IntRange(min = 1, max = 60) int count) {
        var random = new Random(seed);
        var locks = new RangeLocks();
        List<Request> open = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            var request = new Request(i, random);
            open.add(request);
            request.ticket = locks.acquire(request.oid, request.from, request.to, request.mutation, () -> {
                assertThat(request.running).isFalse();
                request.running = true;
            });
            locks.start(request.ticket);
            check(open);
            while (random.nextInt(3) == 0 && releaseOne(open, random)) {
                check(open);
            }
        }
        while (releaseOne(open, random)) {
            check(open);
        }
        assertThat(open).isEmpty();
        assertThat(locks.isEmpty()).isTrue();
    }

    private static boolean releaseOne(List<Request> open, Random random) {
        var running = open.stream().filter(r -> r.running).toList();
        if (running.isEmpty()) {
            return false;
        }
        var done = running.get(random.nextInt(running.size()));
        open.remove(done);
        done.ticket.release();
        return true;
    }

    private static void check(List<Request> open) {
        for (Request request : open) {
            assertThat(request.running).isEqualTo(open.stream().noneMatch(request::mustWaitFor));
        }
    }

    @Property(tries = 300)
    void completedIsTheLongestEndedBeginning(@ForAll long seed, @ForAll @IntRange(min = 1, max = 40) int count) {
        var random = new Random(seed);
        var right = new Right(7);
        var ended = new boolean[count + 1];
        List<Long> open = new ArrayList<>();
        int begun = 0;
        while (begun < count || !open.isEmpty()) {
            if (begun < count && random.nextBoolean()) {
                begun++;
                assertThat(right.begin()).isEqualTo(begun);
                open.add((long) begun);
            } else if (!open.isEmpty()) {
                long number = open.remove(random.nextInt(open.size()));
                ended[(int) number] = true;
                right.end(number);
            }
            int through = 0;
            while (through < begun && ended[through + 1]) {
                through++;
            }
            assertThat(right.completed()).isEqualTo(through);
            assertThat(right.isIdle()).isEqualTo(open.isEmpty());
        }
        assertThat(right.hasNews()).isTrue();
        assertThat(right.hasNews()).isFalse();
    }
}
