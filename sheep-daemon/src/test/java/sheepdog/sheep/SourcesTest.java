package sheepdog.sheep;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Rules that show in the sources only. */
class SourcesTest {
    private static final List<String> FEATURES =
            List.of("gateway", "peer", "vdi", "cluster", "recovery", "cache", "snapshot");

    /** Blocks of {@code synchronized} do not show in the bytecode's model. */
    @Test
    void featuresHaveNoSynchronizedBlocks() throws IOException {
        var block = Pattern.compile("\\bsynchronized\\s*\\(");
        for (String feature : FEATURES) {
            Path folder = Path.of("src/main/java/sheepdog/sheep", feature);
            if (Files.isDirectory(folder)) {
                try (var files = Files.walk(folder)) {
                    for (Path file : files.filter(Files::isRegularFile).toList()) {
                        assertThat(Files.readString(file)).as(file.toString()).doesNotContainPattern(block);
                    }
                }
            }
        }
    }

    @Test
    void everyPackageSaysWhatItIsFor() throws IOException {
        try (var folders = Files.walk(Path.of("src/main/java/sheepdog"))) {
            for (Path folder : folders.filter(Files::isDirectory).toList()) {
                try (var files = Files.list(folder)) {
                    if (files.anyMatch(file -> file.toString().endsWith(".java"))) {
                        assertThat(folder.resolve("package-info.java")).exists();
                    }
                }
            }
        }
    }
}
