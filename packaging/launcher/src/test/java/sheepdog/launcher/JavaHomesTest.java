package sheepdog.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JavaHomesTest {
    @TempDir
    private Path folder;

    @Test
    void takesTheNewestThatIsNewEnough() throws IOException {
        var homes = JavaHomes.of(home("a", "25"), home("b", "26.0.1"), home("c", "26.0.10"), home("d", "17.0.15"));

        assertThat(homes.newest(25)).isEqualTo(folder.resolve("c/bin/java").toFile());
    }

    @Test
    void findsNothingAmongOlderOnes() throws IOException {
        var homes = JavaHomes.of(home("a", "1.8.0_402"), home("b", "24.0.2"));

        assertThat(homes.newest(25)).isNull();
    }

    @Test
    void passesOverWhatIsNoJava() throws IOException {
        File empty = Files.createDirectory(folder.resolve("empty")).toFile();
        File noBinary = home("no-binary", "27");
        Files.delete(folder.resolve("no-binary/bin/java"));
        File garbage = home("garbage", "many");
        Files.writeString(folder.resolve("garbage/release"), "JAVA_VERSION=\\uzzzz");

        assertThat(JavaHomes.of(
                                empty,
                                noBinary,
                                garbage,
                                folder.resolve("missing").toFile())
                        .newest(25))
                .isNull();
    }

    @Test
    void readsBothFormsOfVersions() {
        assertThat(JavaHomes.numbers("25.0.3")).containsExactly(25, 0, 3);
        assertThat(JavaHomes.numbers("1.8.0_402")).containsExactly(8, 0, 402);
        assertThat(JavaHomes.numbers("26-ea")).containsExactly(26);
        assertThat(JavaHomes.numbers("")).containsExactly(0);
        assertThat(Launcher.feature("1.8")).isEqualTo(8);
        assertThat(Launcher.feature("25")).isEqualTo(25);
    }

    @Test
    void looksWhereTheEnvironmentPoints() throws IOException {
        home("elsewhere", "99");

        var homes = JavaHomes.ofMachine(
                Map.of("JAVA_HOME", folder.resolve("elsewhere").toString()));

        assertThat(homes.newest(25))
                .isEqualTo(folder.resolve("elsewhere/bin/java").toFile());
    }

    private File home(String name, String version) throws IOException {
        Path bin = Files.createDirectories(folder.resolve(name).resolve("bin"));
        Files.writeString(
                folder.resolve(name).resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + "\"\n");
        Path java = Files.writeString(bin.resolve("java"), "");
        assertThat(java.toFile().setExecutable(true)).isTrue();
        return folder.resolve(name).toFile();
    }
}
