package sheepdog.sheep.testkit;

import java.time.Duration;
import java.util.PriorityQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import sheepdog.membership.runtime.Cancellable;
import sheepdog.membership.runtime.Loop;
import sheepdog.membership.runtime.LoopFuture;
import sheepdog.membership.runtime.Pool;

/** A loop on the test's thread and on time that only the test moves. What a task throws, the test gets. */
public final class StepLoop implements Loop {
    private static final int TASKS_MAX = 1_000_000;

    private final PriorityQueue<Task> tasks = new PriorityQueue<>();
    private long now;
    private long count;

    private static final class Task implements Comparable<Task> {
        private final long due;
        private final long number;
        private final Runnable run;
        private boolean cancelled;

        Task(long due, long number, Runnable run) {
            this.due = due;
            this.number = number;
            this.run = run;
        }

        @Override
        public int compareTo(Task other) {
            return due != other.due ? Long.compare(due, other.due) : Long.compare(number, other.number);
        }
    }

    @Override
    public void execute(Runnable task) {
        tasks.add(new Task(now, count++, task));
    }

    @Override
    public long nowNanos() {
        return now;
    }

    @Override
    public Cancellable after(Duration delay, Runnable run) {
        var task = new Task(now + Math.max(0, delay.toNanos()), count++, run);
        tasks.add(task);
        return () -> task.cancelled = true;
    }

    @Override
    public <T> CompletionStage<T> offload(Pool pool, long stripe, Callable<T> blocking) {
        var result = new LoopFuture<T>(this);
        execute(() -> {
            try {
                T value = blocking.call();
                execute(() -> result.complete(value));
            } catch (Exception bug) {
                throw new AssertionError("a blocking step must return an Outcome", bug);
            }
        });
        return result;
    }

    @Override
    public void checkOnLoop() {}

    /** Runs what is due now, and what that makes due now. */
    public void settle() {
        advance(Duration.ZERO);
    }

    /** Moves time forward, running what becomes due in order. */
    public void advance(Duration time) {
        long until = now + time.toNanos();
        for (int run = 0; !tasks.isEmpty() && tasks.peek().due <= until; run++) {
            if (run > TASKS_MAX) {
                throw new AssertionError("it never comes to rest");
            }
            Task task = tasks.poll();
            now = task.due;
            if (!task.cancelled) {
                task.run.run();
            }
        }
        now = until;
    }
}
