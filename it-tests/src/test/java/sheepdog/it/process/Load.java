package sheepdog.it.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedSelectorException;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import sheepdog.it.client.WireClient;
import sheepdog.it.client.WireDisk;

/** A client that writes 4 KiB blocks one after another to one sheep, and remembers what was acknowledged. */
final class Load implements AutoCloseable {
    private static final int BLOCK = 4096;
    private static final int OBJECTS = 4;
    private static final int BLOCKS = 64;
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final String vdi;
    private final WireClient client;
    private final WireDisk disk;
    private final Thread thread;
    private final ConcurrentSkipListMap<Integer, Integer> acknowledged = new ConcurrentSkipListMap<>();
    private volatile int sent;
    private volatile long writes;
    private final AtomicLong longestNanos = new AtomicLong();
    private volatile boolean stopping;

    private Load(String vdi, WireClient client, WireDisk disk) {
        this.vdi = vdi;
        this.client = client;
        this.disk = disk;
        thread = Thread.ofPlatform().daemon().name("load").unstarted(this::run);
    }

    /** Makes a VDI and begins to write. */
    static Load on(SheepProcess sheep, String vdi) throws IOException {
        WireClient client = sheep.connect().patience(LIMIT);
        var load = new Load(vdi, client, WireDisk.create(client, vdi, OBJECTS, 1));
        load.thread.start();
        return load;
    }

    /** Waits until that many more writes are acknowledged than are now. */
    void awaitWrites(int more) {
        long goal = writes + more;
        Waiting.until("write " + goal + " of " + vdi, LIMIT, () -> {
            assertThat(thread.isAlive()).as("the client lost its gateway").isTrue();
            return writes >= goal;
        });
    }

    /** The longest that a write took since this was last asked; one under way counts when it is done. */
    Duration longestGapAndReset() {
        return Duration.ofNanos(longestNanos.getAndSet(0));
    }

    /** Ends after the write under way. */
    void stop() {
        stopping = true;
        awaitEnd();
    }

    /** Waits until it has ended, by {@link #stop} or because its gateway is gone. */
    void awaitEnd() {
        Waiting.until("the load to end", LIMIT, () -> !thread.isAlive());
    }

    /** Reads every block through {@code sheep}: what was acknowledged is there, and the last one sent is old or new. */
    void verify(SheepProcess sheep) throws IOException {
        try (WireClient reader = sheep.connect().patience(LIMIT)) {
            WireDisk same = WireDisk.open(reader, vdi, OBJECTS, 1);
            for (int number = 0; number < BLOCKS; number++) {
                byte[] found = same.read(offset(number), BLOCK);
                int expected = acknowledged.getOrDefault(number, 0);
                if (sent % BLOCKS != number || !Arrays.equals(found, block(sent))) {
                    assertThat(found)
                            .as("block %d of write %d", number, expected)
                            .isEqualTo(block(expected));
                }
            }
        }
    }

    @Override
    public void close() throws IOException {
        stopping = true;
        client.close();
        awaitEnd();
    }

    private void run() {
        try {
            while (!stopping) {
                int number = sent + 1;
                sent = number;
                long start = System.nanoTime();
                disk.write(offset(number % BLOCKS), block(number));
                longestNanos.accumulateAndGet(System.nanoTime() - start, Math::max);
                acknowledged.put(number % BLOCKS, number);
                writes++;
            }
        } catch (IOException | ClosedSelectorException ended) {
            stopping = true;
        }
    }

    /** Blocks lie spread over the objects, and away from their beginnings. */
    private static long offset(int block) {
        return (long) (block % OBJECTS) * WireDisk.OBJECT_BYTES + 8 * BLOCK * (1 + block / OBJECTS);
    }

    private static byte[] block(int write) {
        var bytes = ByteBuffer.allocate(BLOCK);
        while (write != 0 && bytes.hasRemaining()) {
            bytes.putInt(write);
        }
        return bytes.array();
    }
}
