package sheepdog.store.plain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import sheepdog.store.disk.PowerCut;
import sheepdog.store.disk.RealDisk;
import sheepdog.store.disk.SimDisk;
import sheepdog.store.disk.SimPower;

class StoreDirectoryTest {
    @TempDir
    Path folder;

    private StoreDirectory open(Path directory) throws IOException {
        return StoreDirectory.open(new RealDisk(), directory, () -> 0x7c2b25L);
    }

    @Test
    void firstOpeningMakesTheDirectoryAndItsId() throws IOException {
        try (var directory = open(folder.resolve("sheep"))) {
            assertThat(directory.id()).isEqualTo(0x7c2b25L);
            assertThat(directory.incarnation()).isEqualTo(1);
            assertThat(folder.resolve("sheep/obj")).isDirectory();
            assertThat(folder.resolve("sheep/epoch")).isDirectory();
            assertThat(folder.resolve("sheep/meta/version")).hasContent("3");
        }
    }

    @Test
    void nameOfANewDirectoryIsOnDiskBeforeItsId() throws IOException {
        var disk = new SimDisk(new SimPower());
        var calls = new ArrayList<String>();
        disk.hook((call, path) -> calls.add(call + " " + path));

        StoreDirectory.open(disk, Path.of("/var/sheep"), () -> 5).close();

        assertThat(calls).containsSubsequence("mkdir /var/sheep", "syncdir /var", "rename /var/sheep/id");
    }

    @Test
    void laterOpeningsKeepTheIdAndCountUp() throws IOException {
        open(folder).close();

        try (var again = StoreDirectory.open(new RealDisk(), folder, () -> 99)) {
            assertThat(again.id()).isEqualTo(0x7c2b25L);
            assertThat(again.incarnation()).isEqualTo(2);
        }
    }

    @Test
    void secondDaemonOnADirectoryIsRefused() throws IOException {
        try (var _ = open(folder)) {
            assertThatThrownBy(() -> open(folder))
                    .isInstanceOf(StoreRefusedException.class)
                    .hasMessage("another sheep daemon is using " + folder);
        }
        open(folder).close();
    }

    @Test
    void parentsAreNotMade() {
        assertThatThrownBy(() -> open(folder.resolve("no/sheep")))
                .isInstanceOf(StoreRefusedException.class)
                .hasMessage(
                        "cannot create the directory " + folder.resolve("no/sheep") + " (No such file or directory)");
    }

    @Test
    void fileInPlaceOfTheDirectoryIsRefused() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "precious");

        assertThatThrownBy(() -> open(file)).isInstanceOf(StoreRefusedException.class);
        assertThat(file).hasContent("precious");
    }

    @Test
    void unknownVersionIsRefusedByNameAndTheLockGivenBack() throws IOException {
        open(folder).close();
        Files.writeString(folder.resolve("meta/version"), "1\n");

        assertThatThrownBy(() -> open(folder))
                .isInstanceOf(StoreRefusedException.class)
                .hasMessage("the store in " + folder + " has format version 1, this sheep knows 3");

        Files.writeString(folder.resolve("meta/version"), "3\n");
        open(folder).close();
    }

    @Test
    void damagedIdIsRefused() throws IOException {
        open(folder).close();
        Files.writeString(folder.resolve("id"), "sheepdog store 2\n");

        assertThatThrownBy(() -> open(folder))
                .isInstanceOf(StoreRefusedException.class)
                .hasMessageContaining("id is damaged or of an unknown version");
    }

    @Test
    void incarnationNeverFallsThroughPowerCuts() throws IOException {
        var power = new SimPower();
        var disk = new SimDisk(power);
        var random = new SplittableRandom(3);
        var home = Path.of("/sheep");
        long last = 0;
        for (int count = 0; count < 60; count++) {
            power.cutAt(power.changes() + 1 + random.nextInt(10));
            try (var directory = StoreDirectory.open(disk, home, () -> 5)) {
                assertThat(directory.incarnation()).isGreaterThan(last);
                last = directory.incarnation();
            } catch (PowerCut _) {
                assertThat(power.isOff()).isTrue();
            }
            power.restore();
            disk.restart(random);
        }
        assertThat(last).isGreaterThan(10);
    }
}
