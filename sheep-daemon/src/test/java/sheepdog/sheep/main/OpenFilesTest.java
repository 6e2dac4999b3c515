package sheepdog.sheep.main;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OpenFilesTest {
    @TempDir
    Path folder;

    private Path limits(String soft) throws IOException {
        return Files.writeString(folder.resolve("limits"), """
                Limit                     Soft Limit           Hard Limit           Units
                Max processes             63399                63399                processes
                Max open files            %-20s 524288               files
                Max locked memory         8388608              8388608              bytes
                """.formatted(soft));
    }

    @Test
    void softLimitIsTheOneThatCounts() throws IOException {
        assertThat(OpenFiles.most(limits("1024"))).hasValue(1024);
    }

    @Test
    void withoutALimitThereIsNone() throws IOException {
        assertThat(OpenFiles.most(limits("unlimited"))).isEmpty();
        assertThat(OpenFiles.most(folder.resolve("nothing"))).isEmpty();
    }

    @Test
    void thisSystemSaysItsLimit() {
        assertThat(OpenFiles.most().orElse(1)).isPositive();
    }
}
