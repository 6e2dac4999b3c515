package sheepdog.it.sim;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.random.RandomGenerator;
import sheepdog.membership.runtime.Cancellable;
import sheepdog.membership.runtime.Loop;
import sheepdog.membership.runtime.LoopFuture;
import sheepdog.membership.runtime.Pool;
import sheepdog.protocol.model.Invariant;

/**
 * One process of a simulation: its loop, its pools and its clock.
 *
 * <p>A blocking step runs as a whole at one instant, some drawn time after it was offloaded; its answer comes back to
 * the loop later again. A process that is {@link #kill killed} between the two has done the step and never hears of it.
 * {@link #pause} is SIGSTOP: nothing of the process runs, its clock goes on, and what became due runs in order on
 * {@link #resume}. {@link #hang} stops one pool, as a disk that does not answer does.
 *
 * <p>Its clock differs from simulated time by an offset and a rate, so that code which compares clocks of two processes
 * shows itself.
 */
public final class SimLoop implements Loop {
    private static final Map<Pool, Integer> THREADS = Map.of(Pool.STORE, 4, Pool.LOG, 1, Pool.BULK, 2);

    private final SimTime time;
    private final String name;
    private final RandomGenerator random;
    private final long offsetNanos;
    private final long driftPerMillion;
    private final Map<Pool, Lanes> pools = new EnumMap<>(Pool.class);
    private final Set<Pool> hung = EnumSet.noneOf(Pool.class);
    private final ArrayDeque<Task> held = new ArrayDeque<>();
    private boolean alive = true;
    private boolean paused;
    private long lastPostedNanos;
    private long slowNanos;
    private Optional<Throwable> died = Optional.empty();
    private boolean diesByError;

    /**
     * @param name            of the process, in logs
     * @param driftPerMillion how much faster its clock runs, in millionths; may be negative
     */
    public SimLoop(SimTime time, String name, long driftPerMillion) {
        this.time = time;
        this.name = name;
        this.driftPerMillion = driftPerMillion;
        random = time.random("loop " + name);
        offsetNanos = random.nextLong(1L << 50);
        for (Pool pool : Pool.values()) {
            pools.put(pool, new Lanes(pool));
        }
    }

    /** A process with an exact clock. */
    public SimLoop(SimTime time, String name) {
        this(time, name, 0);
    }

    @Override
    public long nowNanos() {
        return offsetNanos + time.nowNanos() + drift(time.nowNanos());
    }

    @Override
    public void execute(Runnable task) {
        Invariant.check(
                time.running().isEmpty() || time.running().get() == this,
                "%s posts to the loop of %s: processes meet only on the network",
                time.running(),
                this);
        lastPostedNanos = Math.max(lastPostedNanos, time.nowNanos() + random.nextLong(500, 20_000));
        schedule(lastPostedNanos, task);
    }

    @Override
    public Cancellable after(Duration delay, Runnable task) {
        checkOnLoop();
        long nanos = Math.max(0, delay.toNanos());
        // Rounded up against the drift: by this clock, the time has passed when the task runs.
        long simulated = nanos - drift(nanos) + (driftPerMillion == 0 ? 0 : 2);
        return schedule(time.nowNanos() + Math.max(0, simulated) + random.nextLong(1_000, 200_000), task);
    }

    @Override
    public <T> CompletionStage<T> offload(Pool pool, long stripe, Callable<T> blocking) {
        checkOnLoop();
        var stage = new LoopFuture<T>(this);
        pools.get(pool).add(pool == Pool.LOG ? 0 : stripe, () -> {
            try {
                T value = blocking.call();
                return () -> stage.complete(value);
            } catch (Exception bug) {
                throw new AssertionError("a blocking step of " + this + " must return what went wrong", bug);
            }
        });
        return stage;
    }

    @Override
    public void checkOnLoop() {
        Invariant.check(time.onLoop(this), "not on the loop of %s", this);
    }

    /** Whether the process lives; a paused one does. */
    public boolean alive() {
        return alive;
    }

    /** Whether it is stopped, as by SIGSTOP. */
    public boolean paused() {
        return paused;
    }

    /** What ended the process, where {@link #endsByErrors} was asked for and an error did. */
    public Optional<Throwable> died() {
        return died;
    }

    /** An error in a task ends this process, as in production, and not the whole run. */
    public void endsByErrors() {
        diesByError = true;
    }

    /** Ends the process at once, with everything it had queued. */
    public void kill() {
        alive = false;
        held.clear();
        pools.values().forEach(Lanes::clear);
        time.log(name, "killed");
    }

    /**
     * The steps that pools have begun and not ended, each to be run at most once, for an end in the middle of them: the
     * loop never hears of them, and {@link #kill} must follow.
     */
    List<Runnable> underWay() {
        return pools.values().stream()
                .filter(lanes -> lanes.pool != Pool.LOG) // A write of the log is there or not.
                .flatMap(lanes -> lanes.begun.stream()
                        .map(stripe -> lanes.waiting.get(stripe).getFirst()))
                .<Runnable>map(step -> () -> time.runAs(this, false, step::run))
                .toList();
    }

    /** SIGSTOP. */
    public void pause() {
        paused = true;
        time.log(name, "paused");
    }

    /** SIGCONT. */
    public void resume() {
        paused = false;
        time.log(name, "resumed");
        var due = new ArrayDeque<>(held);
        held.clear();
        due.forEach(task -> time.at(time.nowNanos(), () -> run(task)));
    }

    /** Steps of {@code pool} do not run until {@link #unhang}. */
    public void hang(Pool pool) {
        hung.add(pool);
        time.log(name, "pool hangs " + pool);
    }

    /** What hung goes on. */
    public void unhang(Pool pool) {
        hung.remove(pool);
        time.log(name, "pool goes on " + pool);
        pools.get(pool).start();
    }

    /** Every blocking step takes {@code extra} longer from now on. */
    public void slow(Duration extra) {
        slowNanos = extra.toNanos();
    }

    @Override
    public String toString() {
        return name;
    }

    private long drift(long nanos) {
        return nanos / 1_000_000 * driftPerMillion + nanos % 1_000_000 * driftPerMillion / 1_000_000;
    }

    private Task schedule(long nanos, Runnable work) {
        var task = new Task(work, true);
        if (alive) {
            time.at(nanos, () -> run(task));
        }
        return task;
    }

    private void run(Task task) {
        if (!alive || task.cancelled) {
            return;
        }
        if (paused) {
            held.addLast(task);
            return;
        }
        try {
            time.runAs(this, task.onLoop, task.work);
        } catch (Throwable error) {
            if (!diesByError) {
                throw error;
            }
            died = Optional.of(error);
            time.log(name, "ended by " + error);
            kill();
        }
    }

    private static final class Task implements Cancellable {
        private Runnable work;
        private final boolean onLoop;
        private boolean cancelled;

        Task(Runnable work, boolean onLoop) {
            this.work = work;
            this.onLoop = onLoop;
        }

        @Override
        public void cancel() {
            cancelled = true;
            work = () -> {}; // It may be scheduled for long after, and must not keep what it was to work on.
        }
    }

    /** A step to be run on a pool; it returns what is then to be done on the loop. */
    private interface Step {
        Runnable run();
    }

    /** One pool: a lane per stripe, some of them running at a time. */
    private final class Lanes {
        private final Pool pool;
        private final TreeMap<Long, ArrayDeque<Step>> waiting = new TreeMap<>();
        private final ArrayDeque<Long> ready = new ArrayDeque<>();
        private final LinkedHashSet<Long> begun = new LinkedHashSet<>();
        private int running;

        Lanes(Pool pool) {
            this.pool = pool;
        }

        void add(long stripe, Step step) {
            var lane = waiting.get(stripe);
            if (lane == null) {
                lane = new ArrayDeque<>();
                waiting.put(stripe, lane);
                ready.addLast(stripe);
            }
            lane.addLast(step);
            start();
        }

        void start() {
            while (running < THREADS.get(pool) && !ready.isEmpty() && !hung.contains(pool)) {
                running++;
                long stripe = ready.removeFirst();
                begun.add(stripe);
                long delay = random.nextLong(5_000, 2_000_000) + slowNanos;
                time.at(time.nowNanos() + delay, () -> SimLoop.this.run(new Task(() -> runOne(stripe), false)));
            }
        }

        private void runOne(long stripe) {
            running--;
            begun.remove(stripe);
            if (hung.contains(pool)) {
                ready.addFirst(stripe);
                return;
            }
            var lane = waiting.get(stripe);
            Runnable answer = lane.removeFirst().run();
            if (lane.isEmpty()) {
                waiting.remove(stripe);
            } else {
                ready.addLast(stripe);
            }
            execute(answer);
            start();
        }

        void clear() {
            waiting.clear();
            ready.clear();
            begun.clear();
            running = 0;
        }
    }
}
