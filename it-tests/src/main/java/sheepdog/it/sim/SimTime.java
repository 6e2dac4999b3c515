package sheepdog.it.sim;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import sheepdog.membership.runtime.Cancellable;
import sheepdog.protocol.model.Invariant;

/**
 * The only time there is in a simulation: a queue of events ordered by their instant, then by the order in which they
 * were scheduled. Everything that happens in a run is one of its events.
 *
 * <p>Chance comes from {@link #random}: one stream for each purpose, so that a new consumer does not change what the
 * others draw.
 */
public final class SimTime {
    private static final int EVENTS_AT_ONE_INSTANT_MAX = 200_000;
    private static final long WALL_START_SECONDS = 1_767_225_600L;

    private final long seed;
    private final EventLog log;
    private final PriorityQueue<Event> queue = new PriorityQueue<>();
    private final List<Runnable> watchers = new ArrayList<>();
    private long nowNanos;
    private long scheduled;
    private long eventsRun;
    private int eventsAtThisInstant;
    private Optional<SimLoop> running = Optional.empty();
    private boolean onLoop;

    /** @param seed decides everything that is left to chance */
    public SimTime(long seed) {
        this(seed, new EventLog(4_000));
    }

    /** @param log where state changes are written */
    public SimTime(long seed, EventLog log) {
        this.seed = seed;
        this.log = log;
    }

    /** The seed of this run. */
    public long seed() {
        return seed;
    }

    /** Nanoseconds since the run began. */
    public long nowNanos() {
        return nowNanos;
    }

    /** Seconds since 1970 of the simulated wall clock. */
    public long wallSeconds() {
        return WALL_START_SECONDS + nowNanos / 1_000_000_000L;
    }

    /** Milliseconds since 1970 of the simulated wall clock. */
    public long wallMillis() {
        return WALL_START_SECONDS * 1_000 + nowNanos / 1_000_000L;
    }

    /** A stream of chance of its own: the same for the same seed and purpose, whoever else draws. */
    public RandomGenerator random(String purpose) {
        long mixed = seed;
        for (int i = 0; i < purpose.length(); i++) {
            mixed = (mixed ^ purpose.charAt(i)) * 0x9e37_79b9_7f4a_7c15L;
            mixed ^= mixed >>> 29;
        }
        return new SplittableRandom(mixed);
    }

    /** Writes a line of the event log at this instant. */
    public void log(String who, String what) {
        log.add(nowNanos, who, what);
    }

    /** The event log. */
    public EventLog log() {
        return log;
    }

    /** {@code watcher} is run after every event; it throws an {@link AssertionError} where an invariant is broken. */
    public void afterEveryEvent(Runnable watcher) {
        watchers.add(watcher);
    }

    /** Runs {@code task} at an instant, which is not in the past. */
    public Cancellable at(long nanos, Runnable task) {
        Invariant.check(nanos >= nowNanos, "an event %d ns in the past", nowNanos - nanos);
        var event = new Event(nanos, scheduled++, task);
        queue.add(event);
        return event;
    }

    /** Runs {@code task} after {@code delay}. */
    public Cancellable after(Duration delay, Runnable task) {
        return at(nowNanos + delay.toNanos(), task);
    }

    /**
     * Runs the next event, then the watchers.
     *
     * @return false if there is none
     */
    public boolean step() {
        Event next;
        do {
            next = queue.poll();
            if (next == null) {
                return false;
            }
        } while (next.cancelled);
        eventsAtThisInstant = next.nanos == nowNanos ? eventsAtThisInstant + 1 : 0;
        Invariant.check(
                eventsAtThisInstant < EVENTS_AT_ONE_INSTANT_MAX, "time stands still at %d ns: a busy loop", nowNanos);
        nowNanos = next.nanos;
        eventsRun++;
        next.task.run();
        for (Runnable watcher : watchers) {
            watcher.run();
        }
        return true;
    }

    /** Runs all events of the next {@code span}, and lets that time pass. */
    public void runFor(Duration span) {
        long end = nowNanos + span.toNanos();
        while (hasEventUntil(end)) {
            step();
        }
        nowNanos = end;
    }

    /**
     * Runs events until {@code condition} holds, which is looked at after every event.
     *
     * @return whether it held within {@code limit}
     */
    public boolean runUntil(BooleanSupplier condition, Duration limit) {
        long end = nowNanos + limit.toNanos();
        while (!condition.getAsBoolean()) {
            if (!hasEventUntil(end)) {
                nowNanos = end;
                return condition.getAsBoolean();
            }
            step();
        }
        return true;
    }

    /** Events run so far. */
    public long eventsRun() {
        return eventsRun;
    }

    private boolean hasEventUntil(long end) {
        while (!queue.isEmpty() && queue.peek().cancelled) {
            queue.poll();
        }
        return !queue.isEmpty() && queue.peek().nanos <= end;
    }

    /** The process whose code runs at this moment, if any. */
    Optional<SimLoop> running() {
        return running;
    }

    boolean onLoop(SimLoop loop) {
        return onLoop && running.isPresent() && running.get() == loop;
    }

    /** Runs {@code task} as code of {@code process}, on its loop or on one of its pools. */
    void runAs(SimLoop process, boolean asLoop, Runnable task) {
        Invariant.check(running.isEmpty(), "%s entered while %s runs", process, running);
        running = Optional.of(process);
        onLoop = asLoop;
        try {
            task.run();
        } finally {
            running = Optional.empty();
            onLoop = false;
        }
    }

    /** Looks at a process's state as its loop would; {@code look} changes nothing. */
    public <T> T lookInto(SimLoop process, Supplier<T> look) {
        var seen = new ArrayList<T>(1);
        runAs(process, true, () -> seen.add(look.get()));
        return seen.getFirst();
    }

    private static final class Event implements Comparable<Event>, Cancellable {
        private final long nanos;
        private final long number;
        private Runnable task;
        private boolean cancelled;

        Event(long nanos, long number, Runnable task) {
            this.nanos = nanos;
            this.number = number;
            this.task = task;
        }

        @Override
        public void cancel() {
            cancelled = true;
            task = () -> {}; // It stays in the queue until its time comes, and must not keep what it was to work on.
        }

        @Override
        public int compareTo(Event other) {
            int order = Long.compare(nanos, other.nanos);
            return order != 0 ? order : Long.compare(number, other.number);
        }
    }
}
