package sheepdog.membership.log;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.consensus.LogWrite;
import sheepdog.membership.files.NoSpaceException;
import sheepdog.membership.runtime.Loop;
import sheepdog.membership.runtime.LoopFuture;
import sheepdog.membership.runtime.Pool;

/**
 * Writes to the log's disk, one after the other. One that finds no space, not even what is kept for the log, is tried again
 * until it does; the others wait behind it. Loop-owned; what blocks goes to {@link Pool#LOG}.
 */
final class LogDisk {
    private static final Logger LOG = LoggerFactory.getLogger(LogDisk.class);
    private static final Duration FULL_RETRY = Duration.ofSeconds(1);
    /** As for a disk that hangs: the others must be able to go on within 8 s (I14). */
    private static final Duration FULL_MAX = Duration.ofSeconds(3);

    private final Loop loop;
    private final LogStorage storage;
    private final Runnable fullForLong;
    private final ArrayDeque<Unstored> unstored = new ArrayDeque<>();
    private OptionalLong fullSince = OptionalLong.empty();
    private boolean closed;

    private record Unstored(LogWrite write, LoopFuture<Optional<String>> done) {}

    private sealed interface Attempted {
        record Done(Optional<String> failure) implements Attempted {}

        record Full(String reason) implements Attempted {}
    }

    /** @param fullForLong called again and again while there has been no space for some seconds */
    LogDisk(Loop loop, LogStorage storage, Runnable fullForLong) {
        this.loop = loop;
        this.storage = storage;
        this.fullForLong = fullForLong;
    }

    /** Empty when it is done, else why not. */
    CompletionStage<Optional<String>> store(LogWrite write) {
        var waiting = new Unstored(write, new LoopFuture<>(loop));
        unstored.add(waiting);
        if (unstored.size() == 1) {
            storeNext();
        }
        return waiting.done;
    }

    /** After what is being written now. */
    void close() {
        closed = true;
        loop.offload(Pool.LOG, 0, () -> {
            storage.close();
            return true;
        });
    }

    private void storeNext() {
        LogWrite write = unstored.getFirst().write;
        loop.offload(Pool.LOG, 0, () -> tryToStore(write)).thenAccept(result -> {
            switch (result) {
                case Attempted.Done(Optional<String> failure) -> {
                    if (fullSince.isPresent()) {
                        fullSince = OptionalLong.empty();
                        LOG.info("the cluster log is written again");
                    }
                    Unstored first = unstored.removeFirst();
                    if (!unstored.isEmpty()) {
                        storeNext();
                    }
                    first.done.complete(failure);
                }
                case Attempted.Full(String reason) -> waitForSpace(reason);
            }
        });
    }

    private void waitForSpace(String reason) {
        if (fullSince.isEmpty()) {
            fullSince = OptionalLong.of(loop.nowNanos());
            LOG.warn("the cluster log waits for space, and this sheep answers for nothing new error=\"{}\"", reason);
        }
        if (loop.nowNanos() - fullSince.getAsLong() >= FULL_MAX.toNanos() && !closed) {
            fullForLong.run();
        }
        loop.after(FULL_RETRY, () -> {
            if (!closed) {
                storeNext();
            }
        });
    }

    private Attempted tryToStore(LogWrite write) {
        try {
            storage.write(write);
            return new Attempted.Done(Optional.empty());
        } catch (NoSpaceException full) {
            return new Attempted.Full(full.getMessage());
        } catch (IOException failure) {
            return new Attempted.Done(Optional.of(failure.toString()));
        }
    }
}
