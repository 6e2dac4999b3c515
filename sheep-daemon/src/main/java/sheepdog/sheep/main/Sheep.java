package sheepdog.sheep.main;

import java.util.function.Consumer;

/**
 * A running sheep: the parts of {@link Wiring} over real threads, disks and sockets.
 *
 * <p>For the thread that starts it, but for {@link #leave}.
 */
final class Sheep implements AutoCloseable {
    private Sheep() {}

    /**
     * Opens the store, listens, and joins the others. Blocks until the sheep serves, or waits for others to.
     *
     * @param lockHeld called once the store directory is known to be good and ours, and before anything slow
     * @param ended    called once, on any thread, when the sheep has come to its end: true if something broke
     * @throws StartFailure with one line for the user
     */
    static Sheep start(SheepConfig config, Runnable lockHeld, Consumer<Boolean> ended) throws StartFailure {
        throw new StartFailure("this build cannot start a sheep on " + config.base() + " yet");
    }

    /** Leaves the cluster in order; {@code ended} is called when that is done. Any thread. */
    void leave() {}

    /** Lets go of sockets, threads and the store. After {@code ended} was called. */
    @Override
    public void close() {}
}
