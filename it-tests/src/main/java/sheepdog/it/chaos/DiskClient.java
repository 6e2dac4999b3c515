package sheepdog.it.chaos;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import sheepdog.it.client.RawReply;
import sheepdog.it.client.RefusedException;

/**
 * A client that reads and writes a disk at random, one operation after another, and records each. Requests stay within an
 * object; writes of all sizes collide with those of the disk's other clients.
 */
final class DiskClient {
    private static final int OBJECT_SECTORS = 8192;
    private static final int PAUSE_MICROS_MAX = 8_000;
    private static final int REOPEN_MILLIS = 100;
    private static final int TRIES_MAX = 50;

    private final int number;
    private final SharedDisk disk;
    private final SectorData data;
    private final Shape shape;
    private final Port.Opener opener;
    private final Trouble trouble;
    private final StoryLog log;
    private final Waits waits;
    private final Random random;
    private final CountDownLatch stopping;
    private final Thread thread;

    private Optional<Port> port = Optional.empty();
    private long generation;

    /**
     * Where it writes.
     *
     * @param objects    of which the first sectors are used
     * @param hotSectors so many of each object
     * @param sectorsMax of one request
     */
    record Shape(int objects, int hotSectors, int sectorsMax) {}

    /** Is told what took how long, and through which gateway. */
    interface Waits {
        void took(int gateway, long fromNanos, long untilNanos);
    }

    DiskClient(
            int number,
            SharedDisk disk,
            SectorData data,
            Shape shape,
            Port.Opener opener,
            Trouble trouble,
            StoryLog log,
            Waits waits,
            long seed,
            CountDownLatch stopping) {
        this.number = number;
        this.disk = disk;
        this.data = data;
        this.shape = shape;
        this.opener = opener;
        this.trouble = trouble;
        this.log = log;
        this.waits = waits;
        this.random = new Random(seed);
        this.stopping = stopping;
        thread = Thread.ofPlatform().daemon().name("client " + number).unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /** Waits until it has ended, which it does after the operation under way once it was told to stop. */
    boolean awaitEnd(Duration limit) throws InterruptedException {
        return thread.join(limit);
    }

    /** Writes once into each object. */
    void fillAll() throws InterruptedException {
        for (int object = 0; object < shape.objects; object++) {
            persist(true, object * (long) OBJECT_SECTORS, 1);
        }
    }

    /** Reads every sector that is used. */
    void readAll() throws InterruptedException {
        for (int object = 0; object < shape.objects; object++) {
            for (int at = 0; at < shape.hotSectors; at += shape.sectorsMax) {
                int sectors = Math.min(shape.sectorsMax, shape.hotSectors - at);
                persist(false, object * (long) OBJECT_SECTORS + at, sectors);
            }
        }
    }

    private void persist(boolean write, long first, int sectors) throws InterruptedException {
        for (int tries = 0; !step(write, first, sectors); tries++) {
            if (tries == TRIES_MAX) {
                throw new IllegalStateException("%s of sector %d of %s failed again and again"
                        .formatted(write ? "write" : "read", first, disk.name()));
            }
        }
    }

    private void run() {
        try {
            do {
                int sectors = random.nextInt(8) > 0
                        ? 1 + random.nextInt(Math.min(8, shape.sectorsMax))
                        : 1 + random.nextInt(shape.sectorsMax);
                int at = random.nextInt(shape.hotSectors - sectors + 1);
                long first = (long) random.nextInt(shape.objects) * OBJECT_SECTORS + at;
                step(random.nextInt(3) > 0, first, sectors);
            } while (!stopping.await(random.nextInt(PAUSE_MICROS_MAX), TimeUnit.MICROSECONDS));
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error wrong) {
            log.error("client %d: %s", number, wrong);
        }
    }

    /**
     * One operation. When it returns its outcome is recorded, or it came to nothing.
     *
     * @return whether it was acknowledged
     */
    private boolean step(boolean write, long first, int sectors) throws InterruptedException {
        SharedDisk.Turn turn = disk.begin(number);
        long invoked = System.nanoTime();
        try {
            Port through = portOf(turn);
            invoked = System.nanoTime();
            if (write) {
                write(through, first, sectors, invoked);
            } else {
                byte[] found = through.read(first * SectorData.BYTES, sectors * SectorData.BYTES);
                long returned = System.nanoTime();
                disk.record(Operation.read(number, invoked, returned, first, data.values(found, first)));
            }
            waits.took(turn.gateway(), invoked, System.nanoTime());
            return true;
        } catch (RefusedException | Port.MediumException refused) {
            if (!isForWantOfSpace(refused) || !trouble.wasAnyIn(Trouble.Kind.FULL, invoked)) {
                failed(turn, invoked, refused);
            }
        } catch (IOException ended) {
            failed(turn, invoked, ended);
        } finally {
            disk.end(number);
        }
        if (isClosed(turn)) {
            stopping.await(REOPEN_MILLIS, TimeUnit.MILLISECONDS);
        }
        return false;
    }

    private static boolean isForWantOfSpace(IOException refusal) {
        return !(refusal instanceof RefusedException refused) || refused.result() == RawReply.NO_SPACE;
    }

    private boolean isClosed(SharedDisk.Turn turn) {
        return port.isEmpty() || generation != turn.generation();
    }

    private void write(Port through, long first, int sectors, long invoked) throws IOException {
        long value = disk.newValue();
        byte[] bytes = data.of(value, first, sectors);
        LongConsumer record =
                returned -> disk.record(Operation.write(number, invoked, returned, first, sectors, value));
        try {
            through.write(first * SectorData.BYTES, bytes);
        } catch (IOException | RuntimeException unknown) {
            record.accept(Operation.NEVER);
            throw unknown;
        }
        record.accept(System.nanoTime());
    }

    private Port portOf(SharedDisk.Turn turn) throws IOException {
        if (port.isEmpty() || generation != turn.generation()) {
            port.ifPresent(Port::close);
            port = Optional.empty();
            Port.Opening opening = opener.open(turn.gateway());
            disk.opened(turn, opening);
            Port ready = opening.ready();
            port = Optional.of(ready);
            generation = turn.generation();
        }
        return port.get();
    }

    /** The connection, or the gateway, is gone. That is an error unless the gateway's host had trouble that explains it. */
    private void failed(SharedDisk.Turn turn, long invoked, IOException why) {
        boolean opening = isClosed(turn);
        boolean left = disk.hasLeft(turn);
        if (!left && !opening && !trouble.wasIn(turn.gateway(), Trouble.Kind.ENDS, invoked)) {
            log.error("client %d of %s at host %d: %s", number, disk.name(), turn.gateway(), why.getMessage());
        }
        if (!left) {
            log.say("%s leaves host %d: %s", disk.name(), turn.gateway(), why.getMessage());
        }
        disk.leave(turn);
    }
}
