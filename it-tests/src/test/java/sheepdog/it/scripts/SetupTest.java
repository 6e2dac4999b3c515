package sheepdog.it.scripts;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import sheepdog.it.process.Command;
import sheepdog.it.process.Finished;
import sheepdog.it.process.Tools;

/**
 * {@code packaging/lib/setup.sh} on machines that lack Java or Maven: the only programs on PATH are those of the test, of
 * which the package managers write down how they were called, and install what they are told to.
 */
class SetupTest {
    private static final String APT_INSTALL = "DEBIAN_FRONTEND=noninteractive apt-get install -y -q ";

    @TempDir
    Path folder;

    private Path bin;
    private Path called;
    private Path jdk;

    @BeforeEach
    void machineWithNothing() throws IOException {
        bin = Files.createDirectory(folder.resolve("bin"));
        called = folder.resolve("called");
        jdk = folder.resolve("home/.jdks/jdk-25");
        for (String needed : List.of("sed", "env", "mkdir", "chmod", "cat", "sh")) {
            program(needed, "exec " + Tools.find(needed).orElseThrow() + " \"$@\"");
        }
        user(0);
    }

    @Test
    void nothingIsInstalledWhereAllIsThere() throws IOException {
        java25();
        program("mvn", "exit 0");
        packageManager("apt-get");

        Finished run = needBuildTools();

        assertThat(run.exit()).as("%s", run).isZero();
        assertThat(run.out()).isEqualTo("jdk=" + jdk + "\n");
        assertThat(called).doesNotExist();
    }

    @Test
    void debianAndUbuntuInstallMavenByApt() throws IOException {
        java25();
        packageManager("apt-get");

        Finished run = needBuildTools();

        assertThat(run.exit()).as("%s", run).isZero();
        assertThat(run.out()).startsWith("installing Maven from the system's packages\n");
        assertThat(called).hasContent(APT_INSTALL + "maven");
    }

    @Test
    void debianAndUbuntuInstallJavaByApt() throws IOException {
        program("mvn", "exit 0");
        packageManager("apt-get");

        Finished run = needBuildTools();

        assertThat(run.exit()).as("%s", run).isZero();
        assertThat(run.out()).isEqualTo("installing Java 25 from the system's packages\njdk=" + jdk + "\n");
        assertThat(called).hasContent(APT_INSTALL + "openjdk-25-jdk-headless");
    }

    @Test
    void aptThatKnowsNoPackagesYetIsToldToLook() throws IOException {
        java25();
        packageManager(
                "apt-get",
                "[ \"$1\" = update ] && { : >\"$CALLED.updated\"; exit 0; }",
                "[ -e \"$CALLED.updated\" ] || exit 100");

        Finished run = needBuildTools();

        assertThat(run.exit()).as("%s", run).isZero();
        assertThat(called).hasContent(APT_INSTALL + "maven\n apt-get update -q\n" + APT_INSTALL + "maven");
    }

    @Test
    void fedoraInstallsBothByDnf() throws IOException {
        packageManager("dnf");

        Finished run = needBuildTools();

        assertThat(run.exit()).as("%s", run).isZero();
        assertThat(called).hasContent(" dnf install -y -q java-25-openjdk-devel\n dnf install -y -q maven");
    }

    @Test
    void anOrdinaryUserInstallsBySudoWhereItAsksForNoPassword() throws IOException {
        user(1000);
        java25();
        packageManager("apt-get");
        program("sudo", "[ \"$1\" = -n ] && exit 0", "echo \"sudo $1\" >>\"$CALLED\"", "exec \"$@\"");

        Finished run = needBuildTools();

        assertThat(run.exit()).as("%s", run).isZero();
        assertThat(called).hasContent("sudo env\n" + APT_INSTALL + "maven");
    }

    @Test
    void anOrdinaryUserWhoMayNotIsToldWhatToInstall() throws IOException {
        user(1000);
        java25();
        packageManager("apt-get");
        program("sudo", "exit 1");

        Finished run = needBuildTools();

        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.out().lines())
                .last()
                .asString()
                .startsWith("needs Maven 3.8.7 or later: install it")
                .contains("apt install maven", "dnf install maven");
        assertThat(called).doesNotExist();
    }

    @Test
    void onAnotherSystemItIsSaidWhatToInstall() throws IOException {
        Finished run = needBuildTools();

        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.out().lines())
                .last()
                .asString()
                .startsWith("needs a JDK 25 or later: install it")
                .contains("apt install openjdk-25-jdk-headless", "dnf install java-25-openjdk-devel");
    }

    @Test
    void packageManagerThatFailsIsNoSuccess() throws IOException {
        java25();
        packageManager("dnf", "exit 1");

        Finished run = needBuildTools();

        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.out().lines()).last().asString().startsWith("needs Maven 3.8.7 or later");
    }

    /** Without the Java and the Maven of the machine that runs this test. */
    private Finished needBuildTools() throws IOException {
        Path setup = folder.resolve("setup.sh");
        String text = Files.readString(Tools.repository().resolve("packaging/lib/setup.sh"));
        String elsewhere = folder.resolve("none").toString();
        assertThat(text).contains("/usr/lib/jvm/*");
        Files.writeString(setup, text.replace("/usr/", elsewhere + "/usr/").replace("/opt/", elsewhere + "/opt/"));
        String script = "say() { echo \"$1\"; }; . '" + setup + "'; need_build_tools && echo \"jdk=$jdk\"";
        return Command.of(Tools.find("sh").orElseThrow().toString(), "-c", script)
                .with("PATH", bin.toString())
                .with("HOME", folder.resolve("home").toString())
                .with("JAVA_HOME", "")
                .with("SHEEPDOG_JAVA_HOME", "")
                .with("DEBIAN_FRONTEND", "")
                .with("CALLED", called.toString())
                .with("BIN", bin.toString())
                .with("JDK", jdk.toString())
                .run();
    }

    private void user(int id) throws IOException {
        program("id", "echo " + id);
    }

    private void java25() throws IOException {
        Files.createDirectories(jdk.resolve("bin"));
        program(jdk.resolve("bin/java"), List.of("exit 0"));
        program(jdk.resolve("bin/javac"), List.of("exit 0"));
        Files.writeString(jdk.resolve("release"), "JAVA_VERSION=\"25.0.1\"\n");
    }

    /** Writes down its call, does {@code first}, and then installs what one of the words names. */
    private void packageManager(String name, String... first) throws IOException {
        String how = name.equals("apt-get") ? "${DEBIAN_FRONTEND:+DEBIAN_FRONTEND=$DEBIAN_FRONTEND}" : "";
        program(
                name,
                "echo \"" + how + " " + name + " $*\" >>\"$CALLED\"",
                String.join("\n", first),
                "for word in \"$@\"; do",
                "  case $word in",
                "  maven) printf '#!/bin/sh\\nexit 0\\n' >\"$BIN/mvn\"; chmod +x \"$BIN/mvn\" ;;",
                "  *openjdk*)",
                "    mkdir -p \"$JDK/bin\"",
                "    for tool in java javac; do printf '#!/bin/sh\\nexit 0\\n' >\"$JDK/bin/$tool\"; chmod +x \"$JDK/bin/$tool\"; done",
                "    echo 'JAVA_VERSION=\"25.0.1\"' >\"$JDK/release\" ;;",
                "  esac",
                "done");
    }

    private void program(String name, String... lines) throws IOException {
        program(bin.resolve(name), List.of(lines));
    }

    private static void program(Path path, List<String> lines) throws IOException {
        Files.deleteIfExists(path);
        Files.writeString(path, "#!/bin/sh\n" + String.join("\n", lines) + "\n");
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
