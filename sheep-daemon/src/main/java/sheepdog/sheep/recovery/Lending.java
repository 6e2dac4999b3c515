package sheepdog.sheep.recovery;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import sheepdog.membership.runtime.Loop;

/**
 * Copies that other sheep's sweeps ask for: while clients use this store they are read one after the other, at its own
 * {@link Pace}, for the one who asks cannot know that there are clients here. None waits longer than {@link #HOLD}. Loop-owned.
 */
final class Lending {
    /** Others must not take this node for one that does not answer. */
    private static final Duration HOLD = Duration.ofSeconds(1);

    private final Loop loop;
    private final Pace pace;
    private final Deque<Runnable> waiting = new ArrayDeque<>();
    private boolean lending;

    Lending(Loop loop, Pace pace) {
        this.loop = loop;
        this.pace = pace;
    }

    /** @param read begins to read a copy; called once */
    void lend(Supplier<CompletionStage<Void>> read) {
        Runnable begin = () -> {
            lending = true;
            long began = loop.nowNanos();
            read.get()
                    .thenRun(() -> loop.after(pace.rest(Duration.ofNanos(loop.nowNanos() - began)), () -> {
                        lending = false;
                        next();
                    }));
        };
        waiting.add(begin);
        next();
        if (waiting.contains(begin)) {
            loop.after(HOLD, () -> {
                if (waiting.remove(begin)) {
                    begin.run();
                }
            });
        }
    }

    private void next() {
        while (!waiting.isEmpty() && !(lending && pace.isBusy())) {
            waiting.poll().run();
        }
    }
}
