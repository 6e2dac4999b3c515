package sheepdog.sheep.net;

import java.util.ArrayDeque;

/**
 * How many bytes the requests of all connections may hold. Who finds it used up waits for its turn; taking is never
 * refused in the middle, so that the limit may be passed by one step of each thread.
 *
 * <p>Any thread.
 */
final class ByteBudget {
    private final long bytesMax;
    private final ArrayDeque<Runnable> waiting = new ArrayDeque<>();
    private long inUse;

    ByteBudget(long bytesMax) {
        this.bytesMax = bytesMax;
    }

    synchronized boolean isUsedUp() {
        return inUse >= bytesMax;
    }

    synchronized long inUse() {
        return inUse;
    }

    synchronized void take(long bytes) {
        inUse += bytes;
    }

    void giveBack(long bytes) {
        synchronized (this) {
            inUse -= bytes;
        }
        wakeNext();
    }

    /**
     * @param resume called once, on any thread, when there is room. It ends with a call of {@link #wakeNext}, since it
     *               may have had no use for the room
     */
    void whenAvailable(Runnable resume) {
        synchronized (this) {
            waiting.add(resume);
        }
        wakeNext();
    }

    /** Lets the next one go on, if there is room. */
    void wakeNext() {
        Runnable next;
        synchronized (this) {
            next = inUse < bytesMax ? waiting.poll() : null;
        }
        if (next != null) {
            next.run();
        }
    }
}
