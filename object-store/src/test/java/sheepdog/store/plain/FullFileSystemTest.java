package sheepdog.store.plain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
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

/** The store of production on a small file system of its own, which another program fills. Needs the right to mount. */
@Timeout(180)
class FullFileSystemTest {
    private static final int BLOCK = 4096;
    private static final int OBJECTS = 64;
    private static final PlainStoreConfig CONFIG =
            new PlainStoreConfig(1 << 20, 64 << 10, 256, 8, PlainStoreConfig.RESERVED_BYTES, true);

    @TempDir
    Path folder;

    private Path mounted;
    private Path others;
    private long sequence;

    @BeforeEach
    void mount() throws Exception {
        mounted = Files.createDirectory(folder.resolve("mounted"));
        others = mounted.resolve("others.log");
        assumeTrue(
                run("mount", "-t", "tmpfs", "-o", "size=128m", "none", mounted.toString()) == 0,
                "no file system can be mounted here");
    }

    @AfterEach
    void unmount() throws Exception {
        run("umount", mounted.toString());
    }

    private static int run(String... command) throws InterruptedException {
        try {
            return new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
        } catch (IOException _) {
            return -1; // There is no such program.
        }
    }

    private Stamp stamp() {
        return new Stamp(Epoch.FIRST, 1, ++sequence);
    }

    private static ByteBuffer bytes(long seed) {
        var bytes = new byte[BLOCK];
        new SplittableRandom(seed).nextBytes(bytes);
        return ByteBuffer.wrap(bytes);
    }

    private static ObjectId oid(int index) {
        return ObjectId.ofData(new Vid(7), index);
    }

    private void fillUp() throws IOException {
        try (OutputStream log = Files.newOutputStream(others)) {
            var chunk = new byte[64 << 10];
            while (true) {
                log.write(chunk);
            }
        } catch (IOException full) {
            assertThat(full).hasMessageContaining("No space");
        }
    }

    private PlainStore open(StoreDirectory directory) throws IOException {
        var meta = RocksMetaStore.open(directory.database(), folder.resolve("native"));
        return PlainStore.open(directory.disk(), directory.path(), meta, CONFIG, Runnable::run, () -> 99);
    }

    /** Some twenty checkpoints, and more metadata than the database's log had space for beforehand. */
    private void overwrite(PlainStore store) {
        for (int count = 0; count < 5_000; count++) {
            assertThat(store.write(oid(count % OBJECTS), 0, bytes(count), stamp())
                            .code())
                    .as("overwrite %d", count)
                    .isEqualTo(ResultCode.SUCCESS);
        }
    }

    @Test
    void removalsGoOnAndWritesComeBackWithTheSpace() throws IOException {
        Path base = mounted.resolve("sheep");
        try (var directory = StoreDirectory.open(new RealDisk(), base, () -> 0x1234L);
                var store = open(directory)) {
            for (int index = 0; index < OBJECTS; index++) {
                assertThat(store.create(oid(index), 0, bytes(index), stamp())).isEqualTo(Outcome.done());
            }
            fillUp();

            overwrite(store);

            assertThat(base.resolve("meta/ballast")).doesNotExist();
            assertThat(store.create(oid(OBJECTS), 0, bytes(1), stamp()).code()).isEqualTo(ResultCode.NO_SPACE);
            assertThat(store.remove(oid(0), stamp())).isEqualTo(Outcome.done());
        }
        try (var directory = StoreDirectory.open(new RealDisk(), base, () -> 0x1234L);
                var store = open(directory)) {
            assertThat(store.stats().objects()).isEqualTo(OBJECTS - 1);
            assertThat(store.remove(oid(1), stamp())).isEqualTo(Outcome.done());

            Files.delete(others);

            assertThat(store.create(oid(OBJECTS), 0, bytes(2), stamp())).isEqualTo(Outcome.done());
            assertThat(base.resolve("meta/ballast")).hasSize(PlainStoreConfig.RESERVED_BYTES);
            var into = ByteBuffer.allocate(BLOCK);
            assertThat(store.read(oid(7), 0, into)).isEqualTo(Outcome.done());
            assertThat(into.array())
                    .isEqualTo(bytes(5_000 - (5_000 - 7 - 1) % OBJECTS - 1).array());
        }
    }
}
