package sheepdog.sheep.runtime.real;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Threads for blocking calls. Tasks of one stripe run one after another in the order given; a stripe that waits for the
 * disk holds up one thread and no other stripe. A thread takes one task of a stripe, then the next stripe in turn.
 *
 * <p>What does not fit waits; the number waiting is limited by those who admit requests. Any thread.
 */
final class StripedPool {
    private final Object lock = new Object();
    /** A stripe is in here while it has a task waiting or running. */
    private final Map<Long, Stripe> stripes = new HashMap<>();

    private final ArrayDeque<Stripe> ready = new ArrayDeque<>();
    private final List<Thread> threads = new ArrayList<>();
    private int waiting;
    private boolean closed;

    private static final class Stripe {
        final long key;
        final ArrayDeque<Runnable> tasks = new ArrayDeque<>();

        Stripe(long key) {
            this.key = key;
        }
    }

    /** @param fault is given what a task throws; the pool then goes on */
    StripedPool(String name, int threadCount, Consumer<Throwable> fault) {
        for (int i = 0; i < threadCount; i++) {
            String threadName = threadCount == 1 ? name : name + " " + i;
            threads.add(Thread.ofPlatform().name(threadName).daemon().unstarted(() -> work(fault)));
        }
    }

    void start() {
        threads.forEach(Thread::start);
    }

    void submit(long stripeKey, Runnable task) {
        synchronized (lock) {
            var stripe = stripes.get(stripeKey);
            if (stripe == null) {
                stripe = new Stripe(stripeKey);
                stripes.put(stripeKey, stripe);
                ready.add(stripe);
                lock.notify();
            }
            stripe.tasks.add(task);
            waiting++;
        }
    }

    /** Tasks that no thread has taken yet. */
    int waiting() {
        synchronized (lock) {
            return waiting;
        }
    }

    /** Lets the threads finish what was submitted, then end; waits for them, at most {@code millis}. */
    boolean close(long millis) throws InterruptedException {
        synchronized (lock) {
            closed = true;
            lock.notifyAll();
        }
        long deadline = System.nanoTime() + millis * 1_000_000;
        for (Thread thread : threads) {
            thread.join(Math.max(1, (deadline - System.nanoTime()) / 1_000_000));
        }
        return threads.stream().noneMatch(Thread::isAlive);
    }

    private void work(Consumer<Throwable> fault) {
        Stripe stripe = null;
        try {
            while (true) {
                Runnable task;
                synchronized (lock) {
                    if (stripe != null) {
                        putBack(stripe);
                    }
                    while (ready.isEmpty()) {
                        if (closed && stripes.isEmpty()) {
                            lock.notifyAll();
                            return;
                        }
                        lock.wait();
                    }
                    stripe = ready.remove();
                    task = stripe.tasks.remove();
                    waiting--;
                }
                try {
                    task.run();
                } catch (Throwable thrown) {
                    fault.accept(thrown);
                }
            }
        } catch (InterruptedException ending) {
            Thread.currentThread().interrupt();
        }
    }

    private void putBack(Stripe stripe) {
        if (stripe.tasks.isEmpty()) {
            stripes.remove(stripe.key);
        } else {
            ready.add(stripe);
            lock.notify();
        }
    }
}
