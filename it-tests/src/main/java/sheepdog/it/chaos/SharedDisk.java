package sheepdog.it.chaos;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntUnaryOperator;

/**
 * A disk that some clients use at the same time, all through one gateway: that is what the register is promised for. When
 * one of them loses the gateway all of them leave it, and only when the last has left does the first go to another.
 *
 * <p>Keeps the history. Any thread.
 */
final class SharedDisk {
    /**
     * A client's permission for one operation.
     *
     * @param generation grows each time the gateway changes
     */
    record Turn(long generation, int gateway) {}

    private final String name;
    private final IntUnaryOperator nextGateway;
    private final AtomicLong lastValue = new AtomicLong();
    private final List<Operation> history = new ArrayList<>();
    private final Map<Integer, Long> waitingSinceNanos = new HashMap<>();
    private final List<AutoCloseable> open = new ArrayList<>();
    private long generation = 1;
    private int gateway;
    private boolean moving;
    private int turns;

    /** @param nextGateway names the host to go to from one that is lost */
    SharedDisk(String name, int gateway, IntUnaryOperator nextGateway) {
        this.name = name;
        this.gateway = gateway;
        this.nextGateway = nextGateway;
    }

    String name() {
        return name;
    }

    synchronized int gateway() {
        return gateway;
    }

    /** A value that no other write has. */
    long newValue() {
        return lastValue.incrementAndGet();
    }

    /** Begins an operation; waits while the gateway changes. */
    synchronized Turn begin(int client) throws InterruptedException {
        while (moving && turns > 0) {
            wait();
        }
        if (moving) {
            moving = false;
            gateway = nextGateway.applyAsInt(gateway);
        }
        turns++;
        waitingSinceNanos.put(client, System.nanoTime());
        return new Turn(generation, gateway);
    }

    /** Ends it. */
    synchronized void end(int client) {
        turns--;
        waitingSinceNanos.remove(client);
        notifyAll();
    }

    /**
     * Remembers what is to be closed when the gateway changes.
     *
     * @throws IOException if it changed meanwhile
     */
    synchronized void opened(Turn turn, AutoCloseable port) throws IOException {
        if (turn.generation != generation) {
            close(port);
            throw new IOException("closed: the gateway changed");
        }
        open.add(port);
    }

    /** Whether the gateway of a turn is not the present one any more. */
    synchronized boolean hasLeft(Turn turn) {
        return turn.generation != generation;
    }

    /** Leaves the gateway of a turn, if that is not done yet; what is under way there ends with an exception. */
    synchronized void leave(Turn turn) {
        leave(turn.generation);
    }

    /**
     * Leaves the present gateway.
     *
     * @return which it was
     */
    synchronized int leave() {
        int left = gateway;
        leave(generation);
        return left;
    }

    private void leave(long left) {
        if (left == generation) {
            generation++;
            moving = true;
            open.forEach(SharedDisk::close);
            open.clear();
        }
    }

    /** Goes to another gateway while nobody uses the disk. */
    synchronized void moveTo(int host) {
        leave(generation);
        moving = false;
        gateway = host;
    }

    /** How long the operation that has waited longest has waited, 0 if there is none. */
    synchronized long longestWaitNanos() {
        long now = System.nanoTime();
        return waitingSinceNanos.values().stream()
                .mapToLong(since -> now - since)
                .max()
                .orElse(0);
    }

    synchronized void record(Operation operation) {
        history.add(operation);
    }

    synchronized List<Operation> history() {
        return List.copyOf(history);
    }

    /** Writes the history, an operation on a line. */
    void write(Path file) throws IOException {
        try (var out = new PrintWriter(Files.newBufferedWriter(file))) {
            history().forEach(out::println);
        }
    }

    private static void close(AutoCloseable port) {
        try {
            port.close();
        } catch (Exception failed) {
            throw new IllegalStateException("ports close without exceptions", failed);
        }
    }
}
