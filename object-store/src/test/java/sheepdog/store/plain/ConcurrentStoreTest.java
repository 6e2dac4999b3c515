package sheepdog.store.plain;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;
import sheepdog.store.api.Stamp;
import sheepdog.store.disk.RealDisk;
import sheepdog.store.rocks.RocksMetaStore;

/** Several threads on one store. */
@Timeout(60)
class ConcurrentStoreTest {
    private static final int BLOCK = 4096;
    private static final Vid VID = new Vid(3);

    @TempDir
    Path folder;

    private final ExecutorService pool = Executors.newCachedThreadPool();

    @AfterEach
    void endThreads() {
        pool.shutdownNow();
    }

    private static ByteBuffer bytes(int length, long seed) {
        var bytes = new byte[length];
        new SplittableRandom(seed).nextBytes(bytes);
        return ByteBuffer.wrap(bytes);
    }

    @Test
    void writersOfManyObjectsShareTheJournalThroughManyCheckpoints() throws Exception {
        int objects = 8;
        int rounds = 150;
        try (var directory = StoreDirectory.open(new RealDisk(), folder.resolve("sheep"), () -> 1)) {
            var config = new PlainStoreConfig(1 << 20, 32 << 10, 2, 3, 0, true);
            try (var store = PlainStore.open(
                    directory.disk(),
                    directory.path(),
                    RocksMetaStore.open(directory.database(), directory.nativeCode()),
                    config,
                    pool,
                    () -> 99)) {
                var running = new ArrayList<Future<Void>>();
                for (int index = 0; index < objects; index++) {
                    var oid = ObjectId.ofData(VID, index);
                    running.add(pool.submit(writer(store, oid, rounds)));
                    running.add(pool.submit(reader(store, oid, rounds)));
                }
                for (Future<Void> one : running) {
                    one.get();
                }
            }
            try (var store = PlainStore.open(
                    directory.disk(),
                    directory.path(),
                    RocksMetaStore.open(directory.database(), directory.nativeCode()),
                    config,
                    pool,
                    () -> 99)) {
                for (int index = 0; index < objects; index++) {
                    var into = ByteBuffer.allocate(BLOCK);
                    store.read(ObjectId.ofData(VID, index), rounds % 7 * BLOCK, into);
                    assertThat(into.array()).isEqualTo(bytes(BLOCK, rounds).array());
                }
            }
        }
    }

    @Test
    void writesGoOnWhileAFullSegmentOfTheJournalIsNotWrittenOutYet() throws Exception {
        var writeOuts = new ArrayDeque<Runnable>();
        try (var directory = StoreDirectory.open(new RealDisk(), folder.resolve("sheep"), () -> 1);
                var store = PlainStore.open(
                        directory.disk(),
                        directory.path(),
                        RocksMetaStore.open(directory.database(), directory.nativeCode()),
                        new PlainStoreConfig(1 << 20, 32 << 10, 100, 100, 0, true),
                        writeOuts::add,
                        () -> 99)) {
            int written = 0;
            while (writeOuts.isEmpty()) {
                write(store, ++written);
            }

            for (int more = written / 2; more > 0; more--) { // On this thread, so none of them can wait for the queue.
                write(store, ++written);
            }

            assertThat(writeOuts).hasSize(1);
            writeOuts.poll().run();
            var into = ByteBuffer.allocate(BLOCK);
            assertThat(store.read(ObjectId.ofData(VID, 0), written % 7 * BLOCK, into)
                            .isOk())
                    .isTrue();
            assertThat(into.array()).isEqualTo(bytes(BLOCK, written).array());
            writeOuts.forEach(Runnable::run);
        }
    }

    private static void write(PlainStore store, int round) {
        var stamp = new Stamp(Epoch.FIRST, 1, round);
        assertThat(store.create(ObjectId.ofData(VID, 0), round % 7 * BLOCK, bytes(BLOCK, round), stamp)
                        .isOk())
                .isTrue();
    }

    private static Callable<Void> writer(PlainStore store, ObjectId oid, int rounds) {
        return () -> {
            for (int round = 1; round <= rounds; round++) {
                var stamp = new Stamp(Epoch.FIRST, 1, round);
                assertThat(store.create(oid, round % 7 * BLOCK, bytes(BLOCK, round), stamp)
                                .isOk())
                        .isTrue();
                if (round % 40 == 0) {
                    store.write(oid, 100_000, bytes(100_000, round), stamp);
                }
            }
            return null;
        };
    }

    /** Whatever is read is one of the values written there, whole. */
    private static Callable<Void> reader(PlainStore store, ObjectId oid, int rounds) {
        return () -> {
            var into = ByteBuffer.allocate(BLOCK);
            for (int round = 0; round < rounds; round++) {
                Outcome<Void> outcome = store.read(oid, round % 7 * BLOCK, into.clear());
                assertThat(outcome.code()).isIn(ResultCode.SUCCESS, ResultCode.NO_OBJ);
            }
            return null;
        };
    }

    @Test
    void oneSyncServesAllWhoWaited() throws Exception {
        int writers = 12;
        var folderOfJournal = folder.resolve("meta");
        var disk = new RealDisk();
        disk.makeDirectory(folderOfJournal);
        var go = new CountDownLatch(1);
        try (var journal = new Journal(disk, folderOfJournal, SimMachine.SMALL, 0, 99, Runnable::run, () -> {})) {
            var positions = new ArrayList<Journal.Position>();
            for (int index = 0; index < writers; index++) {
                var entry = JournalRecord.plain(JournalRecord.Kind.FENCE, 0, new Epoch(index), 0, 0);
                positions.add(journal.append(entry, false));
            }
            var running = new ArrayList<Future<?>>();
            for (Journal.Position position : positions) {
                running.add(pool.submit(() -> {
                    await(go);
                    journal.commit(position);
                    return null;
                }));
            }
            go.countDown();
            for (Future<?> one : running) {
                one.get();
            }
        }

        assertThat(Files.readAllBytes(folderOfJournal.resolve("journal0")))
                .as("one batch, and the block after it is empty")
                .satisfies(bytes ->
                        assertThat(Arrays.copyOfRange(bytes, BLOCK, 2 * BLOCK)).containsOnly(0));
    }

    @Test
    void fenceWaitsForTheMutationsUnderWay() throws Exception {
        var machine = new SimMachine();
        var syncing = new CountDownLatch(1);
        var go = new CountDownLatch(1);
        var armed = new AtomicBoolean();
        PlainStore store = machine.open();
        store.create(ObjectId.ofData(VID, 0), 0, bytes(100, 1), new Stamp(Epoch.FIRST, 1, 1));
        armed.set(true);
        machine.disk.hook((call, path) -> {
            if (call.equals("sync") && path.toString().contains("journal") && armed.compareAndSet(true, false)) {
                syncing.countDown();
                await(go);
            }
        });
        var write =
                pool.submit(() -> store.write(ObjectId.ofData(VID, 0), 0, bytes(100, 2), new Stamp(Epoch.FIRST, 1, 2)));
        syncing.await();

        var fence = pool.submit(() -> store.fence(new Epoch(2)));

        assertThat(endsWithin(fence, 100)).isFalse();
        go.countDown();
        fence.get();
        assertThat(write.get()).isEqualTo(Outcome.done());
        assertThat(store.write(ObjectId.ofData(VID, 0), 0, bytes(100, 3), new Stamp(Epoch.FIRST, 1, 3))
                        .code())
                .isEqualTo(ResultCode.OLD_NODE_VER);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException end) {
            throw new AssertionError(end);
        }
    }

    private static boolean endsWithin(Future<?> future, long millis) throws InterruptedException, ExecutionException {
        try {
            future.get(millis, TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException _) {
            return false;
        }
    }

    @Test
    void closeWaitsForCallsUnderWayAndLaterOnesFail() throws Exception {
        var machine = new SimMachine();
        var syncing = new CountDownLatch(1);
        var go = new CountDownLatch(1);
        PlainStore store = machine.open();
        store.create(ObjectId.ofData(VID, 0), 0, bytes(100, 1), new Stamp(Epoch.FIRST, 1, 1));
        machine.disk.hook((call, path) -> {
            if (call.equals("sync") && path.toString().contains("journal") && syncing.getCount() > 0) {
                syncing.countDown();
                await(go);
            }
        });
        var write =
                pool.submit(() -> store.write(ObjectId.ofData(VID, 0), 0, bytes(100, 2), new Stamp(Epoch.FIRST, 1, 2)));
        syncing.await();

        var close = pool.submit(store::close);
        go.countDown();
        close.get();

        assertThat(write.get()).isEqualTo(Outcome.done());
        assertThat(store.read(ObjectId.ofData(VID, 0), 0, ByteBuffer.allocate(1))
                        .code())
                .isEqualTo(ResultCode.EIO);
        assertThat(read(machine.open())).isEqualTo(bytes(100, 2).array());
    }

    private static byte[] read(PlainStore store) {
        var into = ByteBuffer.allocate(100);
        assertThat(store.read(ObjectId.ofData(VID, 0), 0, into)).isEqualTo(Outcome.done());
        return into.array();
    }

    @Test
    void manyThreadsRecoveringTheSameObjectLeaveOneOfTheirContents() throws Exception {
        PlainStore store = new SimMachine().open();
        var oid = ObjectId.ofData(VID, 5);
        List<Callable<Outcome<Void>>> calls = new ArrayList<>();
        var contents = new ArrayList<byte[]>();
        for (int index = 0; index < 8; index++) {
            ByteBuffer whole = bytes(oid.size(), index);
            contents.add(whole.array());
            calls.add(() -> store.recovered(oid, Optional.of(whole), Epoch.FIRST, new Stamp(Epoch.FIRST, 1, 1), false));
        }

        for (Future<Outcome<Void>> one : pool.invokeAll(calls)) {
            assertThat(one.get()).isEqualTo(Outcome.done());
        }

        var into = ByteBuffer.allocate(oid.size());
        assertThat(store.read(oid, 0, into)).isEqualTo(Outcome.done());
        assertThat(contents).anyMatch(content -> Arrays.equals(content, into.array()));
        assertThat(store.stats().objects()).isEqualTo(1);
    }

    @Test
    void removalsInTheMiddleOfCheckpointsHarmNeither() throws Exception {
        var machine = new SimMachine();
        try (PlainStore store = machine.open()) {
            var running = new ArrayList<Future<Void>>();
            for (int index = 0; index < 6; index++) {
                running.add(pool.submit(makerAndRemover(store, ObjectId.ofAttr(VID, index), index % 2 == 0)));
            }
            for (Future<Void> one : running) {
                one.get();
            }
        }
    }

    private static Callable<Void> makerAndRemover(PlainStore store, ObjectId oid, boolean removes) {
        return () -> {
            for (int round = 1; round <= 1500; round++) {
                var stamp = new Stamp(Epoch.FIRST, 1, round);
                assertThat(store.create(oid, 0, bytes(BLOCK, round), stamp)).isEqualTo(Outcome.done());
                assertThat(
                                removes
                                        ? store.remove(oid, stamp)
                                        : store.recovered(oid, Optional.empty(), Epoch.FIRST, stamp, false))
                        .as("round %d", round)
                        .isEqualTo(Outcome.done());
            }
            return null;
        };
    }
}
