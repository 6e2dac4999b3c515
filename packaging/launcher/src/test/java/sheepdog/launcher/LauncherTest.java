package sheepdog.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs a jar as users do, as a process, on this Java and on an older one. */
class LauncherTest {
    private static final int PATIENCE_SECONDS = 60;

    @TempDir
    private static Path folder;

    private static Path jar;

    private record Ended(int exit, String out, String err) {}

    @BeforeAll
    static void aJarLikeOurs() throws IOException {
        jar = folder.resolve("probe.jar");
        var manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().put(Attributes.Name.MAIN_CLASS, Launcher.class.getName());
        manifest.getMainAttributes().putValue("Sheepdog-Main", Probe.class.getName());
        manifest.getMainAttributes().putValue("Enable-Native-Access", "ALL-UNNAMED");
        manifest.getMainAttributes()
                .putValue("Sheepdog-Flags", "--enable-native-access=ALL-UNNAMED -Dprobe.property=given -Xmx64m");
        try (var out = new JarOutputStream(Files.newOutputStream(jar), manifest)) {
            for (String root : List.of("target/classes", "target/test-classes")) {
                try (var files = Files.walk(Path.of(root))) {
                    for (Path file :
                            files.filter(f -> f.toString().endsWith(".class")).toList()) {
                        out.putNextEntry(
                                new JarEntry(Path.of(root).relativize(file).toString()));
                        out.write(Files.readAllBytes(file));
                    }
                }
            }
        }
    }

    @Test
    void runsTheProgramInThisProcessOnANewJava() throws Exception {
        var ended = run(start(newJava(), "report", "a b", "--c"), "");

        assertThat(ended.exit()).isZero();
        assertThat(ended.out().lines())
                .contains("java=" + Runtime.version().feature(), "property=given", "args=report|a b|--c");
        assertThat(ended.err()).isEqualTo("complaint\n");
    }

    @Test
    void runsTheProgramOnANewerJavaWhenStartedOnAnOldOne() throws Exception {
        var ended = run(start(oldJava(), "report", "a b", "--c"), "");

        assertThat(ended.exit()).isZero();
        assertThat(ended.out().lines()).contains("property=given", "args=report|a b|--c");
        assertThat(ended.out().lines().filter(l -> l.startsWith("java=")))
                .allSatisfy(l -> assertThat(Integer.parseInt(l.substring(5))).isGreaterThanOrEqualTo(25));
        assertThat(ended.err()).isEqualTo("complaint\n");
    }

    @Test
    void passesTheInputOn() throws Exception {
        var ended = run(start(oldJava(), "echo"), "line one\nline two");

        assertThat(ended.out()).isEqualTo("line one\nline two");
    }

    @Test
    void exitsAsTheProgramDoes() throws Exception {
        assertThat(run(start(oldJava(), "exit", "37"), "").exit()).isEqualTo(37);
        assertThat(run(start(newJava(), "exit", "37"), "").exit()).isEqualTo(37);
    }

    @Test
    void showsWhatTheProgramThrowsWithoutFramesOfTheLauncher() throws Exception {
        var ended = run(start(newJava(), "throw"), "");

        assertThat(ended.exit()).isEqualTo(1);
        assertThat(ended.err()).contains("thrown by the program").doesNotContain("InvocationTargetException");
    }

    @Test
    void endsTheProgramInOrderOnTermIntAndHup() throws Exception {
        for (var signal : Map.of("HUP", 129, "INT", 130, "TERM", 143).entrySet()) {
            if (isIgnoredHere(signal.getValue() - 128)) {
                // Inherited by what we start (nohup, a shell's background job), and a JVM leaves it so.
                continue;
            }
            var process = start(oldJava(), "wait");
            var out = process.inputReader();
            pidOfProgram(out);

            signal(process.pid(), signal.getKey());

            assertThat(out.readLine()).as(signal.getKey()).isEqualTo("ended in order");
            assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).as(signal.getKey()).isEqualTo(signal.getValue());
        }
    }

    /** Whether this process was started with that signal ignored. */
    private static boolean isIgnoredHere(int signal) throws IOException {
        String mask = Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("SigIgn:"))
                .findFirst()
                .orElseThrow()
                .substring("SigIgn:".length())
                .strip();
        return (Long.parseUnsignedLong(mask, 16) >>> signal - 1 & 1) != 0;
    }

    @Test
    void theProgramDiesWithTheProcessThatWasStarted() throws Exception {
        var process = start(oldJava(), "wait");
        long program = pidOfProgram(process.inputReader());
        assertThat(program).isNotEqualTo(process.pid());

        signal(process.pid(), "KILL");

        ProcessHandle.of(program)
                .ifPresent(alive -> alive.onExit()
                        .orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS)
                        .join());
        assertThat(ProcessHandle.of(program).map(ProcessHandle::isAlive).orElse(false))
                .isFalse();
    }

    @Test
    void saysInOneLineWhatToInstall() throws Exception {
        var builder = builder(oldJava(), "report");
        builder.environment()
                .put("SHEEPDOG_JAVA_HOME", oldJava().getParent().getParent().toString());

        var ended = run(builder.start(), "");

        assertThat(ended.exit()).isEqualTo(1);
        assertThat(ended.out()).isEmpty();
        assertThat(ended.err().lines()).singleElement().asString().startsWith("Java 25 or later is needed");
    }

    private static Process start(Path java, String... args) throws IOException {
        return builder(java, args).start();
    }

    private static ProcessBuilder builder(Path java, String... args) {
        var command = new ArrayList<>(List.of(java.toString(), "-Xmx64m", "-jar", jar.toString()));
        command.addAll(Arrays.asList(args));
        var builder = new ProcessBuilder(command);
        // The Java that runs this test has to be found wherever it is.
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().remove("JAVA_TOOL_OPTIONS");
        return builder;
    }

    private static Path newJava() {
        return Path.of(System.getProperty("java.home"), "bin", "java");
    }

    private static Path oldJava() {
        try (var homes = Files.list(Path.of("/usr/lib/jvm"))) {
            var found = homes.filter(home -> Files.isExecutable(home.resolve("bin/java")))
                    .filter(home -> {
                        int feature = JavaHomes.version(home.toFile())[0];
                        return feature >= 8 && feature < Launcher.FEATURE_MIN;
                    })
                    .sorted()
                    .findFirst();
            assumeTrue(found.isPresent(), "no Java older than 25 is installed");
            return found.get().resolve("bin/java");
        } catch (IOException noFolder) {
            assumeTrue(false, "no Java older than 25 is installed");
            throw new UncheckedIOException(noFolder);
        }
    }

    private static Ended run(Process process, String input) throws Exception {
        try (OutputStream in = process.getOutputStream()) {
            in.write(input.getBytes());
        }
        String out = new String(process.getInputStream().readAllBytes());
        String err = new String(process.getErrorStream().readAllBytes());
        assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        return new Ended(process.exitValue(), out, err);
    }

    private static long pidOfProgram(BufferedReader out) throws IOException {
        return Long.parseLong(out.readLine().substring("pid=".length()));
    }

    private static void signal(long pid, String name) throws Exception {
        assertThat(new ProcessBuilder("sh", "-c", "kill -" + name + " " + pid)
                        .start()
                        .waitFor())
                .isZero();
    }
}
