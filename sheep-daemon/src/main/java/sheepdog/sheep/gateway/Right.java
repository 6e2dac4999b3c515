package sheepdog.sheep.gateway;

import java.util.TreeSet;
import sheepdog.protocol.model.Invariant;

/**
 * The right to write one VDI, while this gateway has it: numbers its mutations and knows which are on every replica.
 * Loop-owned.
 */
final class Right {
    private final long generation;
    private final TreeSet<Long> unfinished = new TreeSet<>();
    private long last;
    private long announced;

    Right(long generation) {
        this.generation = generation;
    }

    long generation() {
        return generation;
    }

    /** Number of the next mutation, from 1. */
    long begin() {
        unfinished.add(++last);
        return last;
    }

    /** The mutation is on every replica, or its objects were made equal. */
    void end(long sequence) {
        Invariant.check(unfinished.remove(sequence), "mutation %d ended twice", sequence);
    }

    /** All mutations up to this number are on every replica. */
    long completed() {
        return unfinished.isEmpty() ? last : unfinished.first() - 1;
    }

    boolean isIdle() {
        return unfinished.isEmpty();
    }

    /** What replicas have not been told of by a later mutation; remembers that they are told now. */
    boolean hasNews() {
        boolean news = completed() > announced;
        announced = completed();
        return news;
    }
}
