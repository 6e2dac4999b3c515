package sheepdog.store.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import sheepdog.protocol.model.ResultCode;

class RealDiskTest {
    @TempDir
    Path folder;

    private final RealDisk disk = new RealDisk();

    private static byte[] bytes(int length) {
        var bytes = new byte[length];
        new SplittableRandom(length).nextBytes(bytes);
        return bytes;
    }

    @Test
    void directAndHeapMemoryAreWrittenAndReadAlike() throws IOException {
        byte[] data = bytes(300_001);
        ByteBuffer direct = ByteBuffer.allocateDirect(data.length).put(data).flip();
        try (DiskFile file = disk.create(folder.resolve("f"))) {
            file.write(ByteBuffer.wrap(data), 7);
            file.write(direct, 400_000);

            var heap = ByteBuffer.allocate(data.length);
            var other = ByteBuffer.allocateDirect(data.length);
            assertThat(file.read(heap, 400_000)).isEqualTo(data.length);
            assertThat(file.read(other, 7)).isEqualTo(data.length);
            assertThat(heap.array()).isEqualTo(data);
            assertThat(other.flip()).isEqualTo(ByteBuffer.wrap(data));
            assertThat(direct.position()).as("left as it was").isZero();
            assertThat(file.length()).isEqualTo(400_000 + data.length);
        }
    }

    @Test
    void sliceOfABufferIsWrittenFromItsPosition() throws IOException {
        try (DiskFile file = disk.create(folder.resolve("f"))) {
            file.write(ByteBuffer.wrap(bytes(100)).position(10).limit(20), 0);
            file.write(
                    ByteBuffer.allocateDirect(100).put(bytes(100)).position(20).limit(30), 10);
        }

        assertThat(Files.readAllBytes(folder.resolve("f"))).isEqualTo(Arrays.copyOfRange(bytes(100), 10, 30));
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "1, 0", "4096, 0", "4097, 4096", "3145733, 8192", "2097152, 7"})
    void whatIsWrittenPastTheCacheIsThereWhateverItsLengthAndPlace(int length, int offset) throws IOException {
        byte[] data = bytes(length);
        Path path = folder.resolve("f");
        try (DiskFile file = disk.create(path)) {
            file.writeThrough(
                    ByteBuffer.allocate(length + 3).position(3).put(data).position(3), offset);
            file.writeThrough(ByteBuffer.allocateDirect(length).put(data).flip(), 4 << 20);
            file.sync();

            file.write(ByteBuffer.wrap(bytes(3)), (8 << 20) + 1L);
            var odd = ByteBuffer.allocate(3);
            file.read(odd, (8 << 20) + 1L);
            assertThat(odd.array()).as("an odd place is as good as ever").isEqualTo(bytes(3));
        }

        byte[] all = Files.readAllBytes(path);
        assertThat(Arrays.copyOfRange(all, offset, offset + length)).isEqualTo(data);
        assertThat(Arrays.copyOfRange(all, 4 << 20, (4 << 20) + length)).isEqualTo(data);
    }

    @Test
    void readEndsWithTheFile() throws IOException {
        try (DiskFile file = disk.create(folder.resolve("f"))) {
            file.write(ByteBuffer.wrap(bytes(10)), 0);

            assertThat(file.read(ByteBuffer.allocate(20), 4)).isEqualTo(6);
            assertThat(file.read(ByteBuffer.allocateDirect(20), 10)).isZero();
        }
    }

    @Test
    void punchedRangeReadsAsZerosAndTheRestStays() throws IOException {
        Path path = folder.resolve("f");
        try (DiskFile file = disk.create(path)) {
            file.write(ByteBuffer.wrap(bytes(1 << 20)), 0);
            file.sync();
            file.punch(4096, (1 << 20) - 8192);
            file.sync();

            var into = ByteBuffer.allocate(1 << 20);
            file.read(into, 0);
            assertThat(Arrays.copyOfRange(into.array(), 4096, (1 << 20) - 4096)).containsOnly(0);
            assertThat(Arrays.copyOf(into.array(), 4096)).isEqualTo(Arrays.copyOf(bytes(1 << 20), 4096));
            assertThat(file.length()).isEqualTo(1 << 20);
        }
    }

    @Test
    void reservedRangesOfAllSizesReadAsZeros() throws IOException {
        try (DiskFile file = disk.create(folder.resolve("f"))) {
            file.resize(1 << 20);
            file.reserve(0, 4096);
            file.reserve(4096, 512 << 10);

            var into = ByteBuffer.allocate(1 << 20);
            assertThat(file.read(into, 0)).isEqualTo(1 << 20);
            assertThat(into.array()).containsOnly(0);
        }
    }

    @Test
    void missingFileIsToldFromOtherErrors() {
        assertThatThrownBy(() -> disk.open(folder.resolve("none")))
                .isInstanceOfSatisfying(DiskException.class, failure -> {
                    assertThat(failure.kind()).isEqualTo(DiskException.Kind.NOT_FOUND);
                    assertThat(failure.reason()).isEqualTo("No such file or directory");
                    assertThat(DiskErrors.code(failure)).isEqualTo(ResultCode.EIO);
                });
        assertThatThrownBy(() -> disk.list(folder.resolve("none"))).isInstanceOf(DiskException.class);
        assertThatThrownBy(() -> disk.rename(folder.resolve("none"), folder.resolve("x")))
                .isInstanceOf(DiskException.class);
        assertThatThrownBy(() -> disk.syncDirectory(folder.resolve("none"))).isInstanceOf(DiskException.class);
    }

    @Test
    void deviceThatIsFullAnswersNoSpace() throws IOException {
        Assumptions.assumeTrue(Files.isWritable(Path.of("/dev/full")), "no /dev/full here");
        try (DiskFile file = disk.open(Path.of("/dev/full"))) {
            assertThatThrownBy(() -> file.write(ByteBuffer.wrap(bytes(10)), 0))
                    .isInstanceOfSatisfying(
                            DiskException.class,
                            failure -> assertThat(DiskErrors.code(failure)).isEqualTo(ResultCode.NO_SPACE));
        }
    }

    @Test
    void interruptedThreadWritesOn() throws IOException {
        try (DiskFile file = disk.create(folder.resolve("f"))) {
            Thread.currentThread().interrupt();
            file.write(ByteBuffer.wrap(bytes(10)), 0);
            file.sync();
            assertThat(Thread.interrupted()).isTrue();
            assertThat(file.length()).isEqualTo(10);
        }
    }

    @Test
    void namesComeAndGo() throws IOException {
        disk.create(folder.resolve("b")).close();
        disk.create(folder.resolve("a")).close();
        disk.makeDirectory(folder.resolve("d"));
        disk.makeDirectory(folder.resolve("d"));
        disk.rename(folder.resolve("b"), folder.resolve("c"));
        disk.syncDirectory(folder);

        assertThat(disk.list(folder)).containsExactly("a", "c", "d");
        assertThat(disk.delete(folder.resolve("c"))).isTrue();
        assertThat(disk.delete(folder.resolve("c"))).isFalse();
        assertThat(disk.exists(folder.resolve("c"))).isFalse();
        assertThat(disk.isDirectory(folder.resolve("d"))).isTrue();
        assertThatThrownBy(() -> disk.makeDirectory(folder.resolve("a"))).isInstanceOf(DiskException.class);
    }

    @Test
    void othersHaveNoAccess() throws IOException {
        disk.makeDirectory(folder.resolve("d"));
        disk.create(folder.resolve("d/f")).close();

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("d"))))
                .startsWith("rwx")
                .endsWith("---");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("d/f"))))
                .startsWith("rw-")
                .endsWith("---");
    }

    @Test
    void lockIsHeldOnceAndGivenBack() throws IOException {
        Path path = folder.resolve("lock");
        var held = disk.lock(path).orElseThrow();

        assertThat(disk.lock(path)).isEmpty();
        held.close();

        disk.lock(path).orElseThrow().close();
    }

    @Test
    void spaceIsThatOfTheFileSystem() throws IOException {
        Disk.Space space = disk.space(folder);

        assertThat(space.freeBytes()).isBetween(1L, space.totalBytes());
    }

    @Test
    void whatCannotBeLookedAtIsNotTakenForAbsent() throws IOException {
        Path loop = Files.createSymbolicLink(folder.resolve("loop"), Path.of("loop"));
        Path nowhere = Files.createSymbolicLink(folder.resolve("nowhere"), Path.of("not-there"));

        assertThatThrownBy(() -> disk.exists(loop)).isInstanceOf(DiskException.class);
        assertThat(disk.exists(nowhere)).isFalse();
        assertThat(disk.exists(folder)).isTrue();
    }
}
