package sheepdog.sheep.main;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PidFileTest {
    @TempDir
    private Path folder;

    @Test
    void holdsTheProcessWhileItRunsAndIsGoneAfterwards() throws Exception {
        Path path = folder.resolve("pid");

        try (var file = PidFile.write(path, 4711)) {
            assertThat(path).hasContent("4711\n");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                    .isEqualTo("rw-------");
            assertThat(file).isNotNull();
        }

        assertThat(path).doesNotExist();
    }

    @Test
    void replacesWhatAKilledProcessLeft() throws Exception {
        Path path = Files.writeString(folder.resolve("pid"), "1234567890\n");

        try (var file = PidFile.write(path, 42)) {
            assertThat(path).hasContent("42\n");
            assertThat(file).isNotNull();
        }
    }

    @Test
    void saysWhyItCannotBeWritten() {
        Path path = folder.resolve("missing/pid");

        assertThatThrownBy(() -> PidFile.write(path, 1))
                .isInstanceOf(StartFailure.class)
                .hasMessage("failed to pid file '" + path + "' - No such file or directory");
    }
}
