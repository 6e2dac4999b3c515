package sheepdog.sheep.runtime.real;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.runtime.Cancellable;
import sheepdog.membership.runtime.Loop;
import sheepdog.membership.runtime.LoopFuture;
import sheepdog.membership.runtime.Pool;
import sheepdog.protocol.model.Invariant;

/**
 * The loop of a running sheep: one thread, a queue that any thread adds to, a heap of timers, and a {@link StripedPool}
 * for each {@link Pool}. Due timers run before queued tasks, each kind in its order.
 *
 * <p>What a task throws goes to the handler given, which is expected to end the process; the loop runs nothing after it.
 */
public final class RealLoop implements Loop, AutoCloseable {
    /** A turn longer than this is logged with the name of its task. */
    static final long SLOW_TURN_NANOS = 10_000_000;

    /** A machine that is slow is so often; the lines between are counted. */
    private static final long SLOW_LOG_NANOS = 10_000_000_000L;

    /** Queued tasks that run between two looks at the timers. */
    private static final int BATCH = 64;

    /** Cancelled timers in the heap before it is swept. */
    private static final int CANCELLED_MIN = 256;

    private static final long CLOSE_MILLIS = 10_000;

    private static final Logger log = LoggerFactory.getLogger(RealLoop.class);

    private final Thread thread;
    private final Consumer<Throwable> fatal;
    private final TurnObserver turns;
    private final Map<Pool, StripedPool> pools = new EnumMap<>(Pool.class);
    private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private volatile boolean parked;
    private volatile boolean closing;

    // Loop-owned.
    private final PriorityQueue<Timer> timers = new PriorityQueue<>();
    private long timerCount;
    private int cancelled;
    private long slowTurns;
    private long slowTurnsLogged;
    private long slowLoggedNanos;

    private final class Timer implements Comparable<Timer>, Cancellable {
        final long dueNanos;
        final long number;
        Runnable task;

        Timer(long dueNanos, long number, Runnable task) {
            this.dueNanos = dueNanos;
            this.number = number;
            this.task = task;
        }

        @Override
        public void cancel() {
            checkOnLoop();
            if (task != null) {
                task = null;
                cancelled++;
                sweep();
            }
        }

        @Override
        public int compareTo(Timer other) {
            int order = Long.compare(dueNanos - other.dueNanos, 0);
            return order != 0 ? order : Long.compare(number, other.number);
        }
    }

    /**
     * @param storeThreads threads for {@link Pool#STORE}; as many calls may wait for the disk at once
     * @param fatal        is given what a task or a blocking call throws, on that thread
     */
    public RealLoop(int storeThreads, Consumer<Throwable> fatal, TurnObserver turns) {
        this.fatal = fatal;
        this.turns = turns;
        this.thread = Thread.ofPlatform().name("main").unstarted(this::run);
        for (Pool pool : Pool.values()) {
            int threads = switch (pool) {
                case STORE -> storeThreads;
                case LOG -> 1;
                case BULK -> 2;
            };
            String name = switch (pool) {
                case STORE -> "io";
                case LOG -> "log";
                case BULK -> "bulk";
            };
            pools.put(pool, new StripedPool(name, threads, this::failed));
        }
    }

    /** Starts the threads; tasks given before run now. Once. */
    public void start() {
        pools.values().forEach(StripedPool::start);
        thread.start();
    }

    @Override
    public void execute(Runnable task) {
        tasks.add(task);
        if (parked) {
            LockSupport.unpark(thread);
        }
    }

    @Override
    public long nowNanos() {
        return System.nanoTime();
    }

    @Override
    public Cancellable after(Duration delay, Runnable task) {
        checkOnLoop();
        var timer = new Timer(System.nanoTime() + Math.max(0, delay.toNanos()), timerCount++, task);
        timers.add(timer);
        return timer;
    }

    @Override
    public <T> CompletionStage<T> offload(Pool pool, long stripe, Callable<T> blocking) {
        checkOnLoop();
        var stage = new LoopFuture<T>(this);
        pools.get(pool).submit(stripe, () -> {
            try {
                T value = blocking.call();
                execute(() -> stage.complete(value));
            } catch (Exception bug) {
                failed(bug);
            }
        });
        return stage;
    }

    @Override
    public void checkOnLoop() {
        if (Thread.currentThread() != thread) {
            throw new AssertionError("on thread " + Thread.currentThread().getName() + " instead of the loop");
        }
    }

    /** Calls that wait for a thread of {@code pool}. Any thread. */
    public int waiting(Pool pool) {
        return pools.get(pool).waiting();
    }

    /** Tasks that wait for the loop; counts them one by one. Any thread. */
    public int waiting() {
        return tasks.size();
    }

    /**
     * Finishes what the pools have been given, then what the loop has, and ends the threads. Timers that are not due do
     * not run. Not on the loop.
     */
    @Override
    public void close() {
        Invariant.check(Thread.currentThread() != thread, "the loop cannot wait for itself");
        try {
            for (StripedPool pool : pools.values()) {
                if (!pool.close(CLOSE_MILLIS)) {
                    log.warn("blocking calls are still running at the end");
                }
            }
            closing = true;
            LockSupport.unpark(thread);
            thread.join(CLOSE_MILLIS);
        } catch (InterruptedException ending) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            while (true) {
                runDueTimers();
                if (!runTasks() && closing) {
                    return;
                }
                if (tasks.isEmpty()) {
                    park();
                }
            }
        } catch (Throwable thrown) {
            failed(thrown);
        }
    }

    private void runDueTimers() {
        long now = System.nanoTime();
        for (Timer next = timers.peek(); next != null && next.dueNanos - now <= 0; next = timers.peek()) {
            timers.remove();
            Runnable task = next.task;
            next.task = null;
            if (task == null) {
                cancelled--;
            } else {
                turn(task);
            }
        }
    }

    private boolean runTasks() {
        for (int i = 0; i < BATCH; i++) {
            Runnable task = tasks.poll();
            if (task == null) {
                return i > 0;
            }
            turn(task);
        }
        return true;
    }

    private void turn(Runnable task) {
        long start = System.nanoTime();
        task.run();
        long nanos = System.nanoTime() - start;
        turns.turn(nanos);
        if (nanos > SLOW_TURN_NANOS) {
            slow(task, start + nanos, nanos);
        }
    }

    private void slow(Runnable task, long now, long nanos) {
        slowTurns++;
        if (slowTurns == 1 || now - slowLoggedNanos > SLOW_LOG_NANOS) {
            log.warn(
                    "slow turn millis={} task={} since_last_line={}",
                    nanos / 1_000_000,
                    task.getClass().getName(),
                    slowTurns - slowTurnsLogged);
            slowLoggedNanos = now;
            slowTurnsLogged = slowTurns;
        }
    }

    private void park() {
        parked = true;
        if (tasks.isEmpty() && !closing) {
            Timer next = timers.peek();
            if (next == null) {
                LockSupport.park(this);
            } else {
                LockSupport.parkNanos(this, next.dueNanos - System.nanoTime());
            }
        }
        parked = false;
    }

    private void sweep() {
        if (cancelled > CANCELLED_MIN && cancelled > timers.size() / 2) {
            timers.removeIf(timer -> timer.task == null);
            cancelled = 0;
        }
    }

    private void failed(Throwable thrown) {
        fatal.accept(thrown);
    }
}
