package sheepdog.membership.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import sheepdog.membership.consensus.Entry;
import sheepdog.membership.consensus.HardState;
import sheepdog.membership.consensus.LogWrite;
import sheepdog.membership.consensus.Restored;

class FileLogStorageTest extends LogStorageContract {
    @TempDir
    Path store;

    private FileLogStorage last;

    @Override
    protected LogStorage open() {
        close();
        last = new FileLogStorage(store.resolve("log"), false);
        return last;
    }

    @AfterEach
    void close() {
        if (last != null) {
            last.close();
        }
    }

    @Test
    void aWriteThatWasCutOffAnywhereIsDroppedAndTheOnesBeforeItStay() throws IOException {
        Path file = threeWrites();
        byte[] whole = used(file);
        int third = thirdFrame(whole);
        for (int length = third; length < whole.length; length++) {
            Files.write(file, Arrays.copyOf(whole, length));

            assertThat(open().load().entries())
                    .as("%d of %d bytes", length, whole.length)
                    .hasSize(2);
        }
    }

    @Test
    void aLogThatIsGoneIsNotTakenForOneThatNeverWas() throws IOException {
        Path file = threeWrites();
        close();
        var again = new FileLogStorage(store.resolve("log"), true);
        assertThat(again.load().entries()).hasSize(3);
        again.close();
        Files.delete(file);

        var lost = new FileLogStorage(store.resolve("log"), true);

        assertThatThrownBy(lost::load)
                .isInstanceOf(LogStorageException.class)
                .hasMessageContaining("is gone")
                .hasMessageContaining("log");
        assertThat(file).doesNotExist();
    }

    @Test
    void aTailOfZerosIsDropped() throws IOException {
        Path file = threeWrites();
        Files.write(file, new byte[3 << 20], StandardOpenOption.APPEND);

        assertThat(open().load().entries()).hasSize(3);
        last.write(write(new HardState(1, 0, 0), null, LogWrite.NOTHING, entries(1, 4, 1)));
        assertThat(open().load().entries()).hasSize(4);
    }

    @Test
    void whatIsLeftOfACutOffWriteIsGoneBeforeTheNextOne() throws IOException {
        Path file = threeWrites();
        byte[] whole = used(file);
        byte[] torn = Arrays.copyOf(whole, whole.length + 4096);
        torn[thirdFrame(whole) + 20] ^= 1;
        Files.write(file, torn);

        open().load();
        last.write(write(new HardState(1, 0, 0), null, LogWrite.NOTHING, List.of()));

        assertThat(open().load().entries()).hasSize(2);
        assertThat(used(file)).hasSizeLessThan(whole.length);
    }

    @Test
    void aJournalOfAnEarlierVersionWithoutZerosGetsThem() throws IOException {
        Path file = threeWrites();
        long length = Files.size(file);
        Files.write(file, used(file));
        Files.delete(store.resolve("log/spare-journal-00"));

        assertThat(open().load().entries()).hasSize(3);

        assertThat(file).hasSize(length);
        assertThat(store.resolve("log/spare-journal-00")).hasSize(length);
    }

    @Test
    void everyFlippedBitBeforeTheLastWriteIsRefusedByName() throws IOException {
        Path file = threeWrites();
        byte[] whole = used(file);
        for (int at = 0; at < thirdFrame(whole); at++) {
            byte[] broken = whole.clone();
            broken[at] ^= 0x10;
            Files.write(file, broken);

            assertThatThrownBy(() -> open().load())
                    .as("byte %d", at)
                    .isInstanceOf(LogStorageException.class)
                    .hasMessageContaining(file.toString());
        }
    }

    @Test
    void aDamagedSnapshotIsRefusedByName() throws IOException {
        LogStorage storage = open();
        storage.load();
        storage.write(write(new HardState(1, 0, 0), snapshot(5), LogWrite.NOTHING, List.of()));
        Path file = store.resolve("log/snapshot-00000002");
        byte[] bytes = used(file);
        bytes[bytes.length - 1] ^= 1;
        Files.write(file, bytes);

        assertThatThrownBy(() -> open().load())
                .isInstanceOf(LogStorageException.class)
                .hasMessageContaining(file.toString());
    }

    @Test
    void aNewerVersionIsRefusedByName() throws IOException {
        Path file = threeWrites();
        byte[] bytes = Files.readAllBytes(file);
        bytes[4] = 2;
        var sum = new CRC32C();
        int length = bytes[8] & 0xff | (bytes[9] & 0xff) << 8;
        sum.update(bytes, 0, 12);
        sum.update(bytes, 16, length);
        for (int i = 0; i < 4; i++) {
            bytes[12 + i] = (byte) (sum.getValue() >>> 8 * i);
        }
        Files.write(file, bytes);

        assertThatThrownBy(() -> open().load())
                .isInstanceOf(LogStorageException.class)
                .hasMessageContaining("version 2");
    }

    @Test
    void aGenerationThatWasNotFinishedIsDropped() throws IOException {
        LogStorage storage = open();
        storage.load();
        storage.write(write(new HardState(1, 0, 0), snapshot(0), LogWrite.NOTHING, entries(1, 1, 2)));
        Files.write(store.resolve("log/snapshot-00000003"), new byte[10]);
        Files.write(store.resolve("log/journal-00000003.tmp"), new byte[10]);

        Restored restored = open().load();

        assertThat(restored.entries()).hasSize(2);
        assertThat(Files.list(store.resolve("log"))
                        .map(file -> file.getFileName().toString()))
                .containsExactlyInAnyOrder(
                        "journal-00000002", "snapshot-00000002", "spare-journal-00", "spare-snapshot-00");
    }

    @Test
    void aSecondGenerationReplacesTheFilesOfTheFirst() throws IOException {
        LogStorage storage = open();
        storage.load();
        storage.write(write(new HardState(1, 0, 0), snapshot(0), LogWrite.NOTHING, entries(1, 1, 2)));
        storage.write(write(new HardState(1, 0, 2), snapshot(2), LogWrite.NOTHING, List.of()));

        assertThat(Files.list(store.resolve("log"))
                        .map(file -> file.getFileName().toString()))
                .containsExactlyInAnyOrder(
                        "journal-00000003", "snapshot-00000003", "spare-journal-00", "spare-snapshot-00");
    }

    @Test
    void afterAFailedWriteEveryOtherFailsToo() throws IOException {
        LogStorage storage = open();
        storage.load();
        LogWrite write = write(new HardState(1, 0, 0), snapshot(5), LogWrite.NOTHING, List.of());
        Files.createDirectories(store.resolve("log/snapshot-00000002/in the way"));
        assertThatThrownBy(() -> storage.write(write)).isInstanceOf(IOException.class);

        assertThatThrownBy(() -> storage.write(write(new HardState(1, 0, 0), null, LogWrite.NOTHING, List.of())))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("failed before");
    }

    private Path threeWrites() throws IOException {
        LogStorage storage = open();
        storage.load();
        for (int i = 1; i <= 3; i++) {
            List<Entry> entries = entries(1, i, 1);
            storage.write(write(new HardState(1, 0, 0), i == 1 ? snapshot(0) : null, LogWrite.NOTHING, entries));
        }
        return store.resolve("log/journal-00000002");
    }

    /** What is in a file, without the zeros behind it. */
    private static byte[] used(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        int used = bytes.length;
        while (bytes[used - 1] == 0) {
            used--;
        }
        return Arrays.copyOf(bytes, used);
    }

    /** Where the third frame begins; frames two and three are of one size. */
    private static int thirdFrame(byte[] journal) {
        int first = FileLogStorage.HEADER_BYTES + (journal[8] & 0xff);
        return first + (journal.length - first) / 2;
    }
}
