package sheepdog.sheep.main;

import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.runtime.Cancellable;
import sheepdog.membership.runtime.Loop;
import sheepdog.membership.runtime.Pool;

/**
 * The loop, with an eye on what it gives to {@link Pool#STORE}: a disk that hangs gives no error, and nobody would ever know.
 *
 * <p>It hangs if one call has run for {@link #LIMIT}, or if none has ended for that long though some were waiting; calls
 * that only queue behind others prove nothing. Time is counted in looks, so that a process that was stopped, or a loop that
 * was busy, does not blame its disk. Loop-owned.
 */
final class DiskWatch implements Loop {
    private static final Logger LOG = LoggerFactory.getLogger(DiskWatch.class);

    /** A disk that takes so long for one call is as good as none: an I14 of 8 s has to hold for the others. */
    static final Duration LIMIT = Duration.ofSeconds(3);

    private static final Duration LOOK = Duration.ofMillis(250);

    private final Loop loop;
    private final Consumer<Duration> hangs;
    private final Set<Call> calls = new LinkedHashSet<>();
    private boolean someEnded;
    private int quietLooks;
    private boolean hanging;

    private static final class Call {
        /** Set on the pool's thread. */
        volatile boolean begun;

        int looks;
    }

    /** @param hangs called on the loop at each look while the disk hangs, with the time that it has */
    DiskWatch(Loop loop, Consumer<Duration> hangs) {
        this.loop = loop;
        this.hangs = hangs;
    }

    /** Starts the timer. Once, on the loop. */
    void start() {
        loop.after(LOOK, () -> {
            look();
            start();
        });
    }

    private void look() {
        quietLooks = calls.isEmpty() || someEnded ? 0 : quietLooks + 1;
        someEnded = false;
        int most = quietLooks;
        for (Call call : calls) {
            if (call.begun) {
                call.looks++;
                most = Math.max(most, call.looks);
            }
        }
        Duration since = LOOK.multipliedBy(most);
        boolean hangsNow = since.compareTo(LIMIT) >= 0;
        if (hangsNow != hanging) {
            hanging = hangsNow;
            LOG.warn(hanging ? "the disk does not answer calls={}" : "the disk answers again calls={}", calls.size());
        }
        if (hanging) {
            hangs.accept(since);
        }
    }

    @Override
    public <T> CompletionStage<T> offload(Pool pool, long stripe, Callable<T> blocking) {
        if (pool != Pool.STORE) {
            return loop.offload(pool, stripe, blocking);
        }
        var call = new Call();
        calls.add(call);
        CompletionStage<T> stage = loop.offload(pool, stripe, () -> {
            call.begun = true;
            return blocking.call();
        });
        stage.thenRun(() -> {
            calls.remove(call);
            someEnded = true;
        });
        return stage;
    }

    @Override
    public void execute(Runnable task) {
        loop.execute(task);
    }

    @Override
    public long nowNanos() {
        return loop.nowNanos();
    }

    @Override
    public Cancellable after(Duration delay, Runnable task) {
        return loop.after(delay, task);
    }

    @Override
    public void checkOnLoop() {
        loop.checkOnLoop();
    }
}
