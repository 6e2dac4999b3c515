package sheepdog.collie.main;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import sheepdog.collie.fake.FakeCluster;
import sheepdog.collie.fake.Run;
import sheepdog.protocol.wire.Request;

/** What only a process of its own shows: bytes of arguments, real streams, exit statuses. */
class CollieProcessTest {
    private final FakeCluster cluster = new FakeCluster(1).formatted();

    @BeforeEach
    void aDisk() {
        assertThat(Run.collie(cluster, "vdi", "create", "disk", "16M").status()).isZero();
    }

    @AfterEach
    void end() {
        cluster.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"C", "C.UTF-8"})
    void argumentsOfAnyBytesArriveInAnyLocale(String locale) throws Exception {
        // UTF-8, then bytes that are not: the JVM decodes neither of them in the locale C.
        Run run = shell(locale, "collie vdi create \"$(printf 'a\\303\\251 \\377\\200')\" 4M");

        assertThat(run).isEqualTo(new Run("", "", 0));
        assertThat(cluster.requests(Request.NewVdi.class).getLast().name().bytes())
                .containsExactly('a', 0xc3, 0xa9, ' ', 0xff, 0x80);
    }

    @Test
    void whatStdoutIsHoldsBackComesBehindTheErrors() throws Exception {
        Run run = shell("C", "collie cluster format -b nosuch < /dev/null 2>&1 | tail -n 1");
        assertThat(run.out()).as("a cluster with a disk asks first").endsWith("[yes/no]: ");

        run = shell("C", "echo yes | collie cluster format -b nosuch 2>&1");

        assertThat(run.out()).startsWith("Format failed: ").endsWith("farm plain \n");
        assertThat(run.status()).isEqualTo(2);
    }

    @Test
    void aReaderThatStopsEndsItQuietlyWithTheStatusOfSigpipe() throws Exception {
        Run run = shell("C", "{ collie vdi read disk; echo $? >&2; } | head -c 3 | wc -c");

        assertThat(run.out().strip()).isEqualTo("3");
        assertThat(run.err()).isEqualTo("141\n");
    }

    @Test
    void aFullDiskIsNotTakenForSuccess() throws Exception {
        Run run = shell("C", "collie vdi list > /dev/full");

        assertThat(run).isEqualTo(new Run("", "Failed to write to stdout: No space left on device\n", 2));
    }

    @Test
    void dataPassesFromStdinToStdout() throws Exception {
        Run run = shell(
                "C",
                "printf hello | collie vdi write disk 4M 512 && collie vdi read disk 4M 512 | head -c 6 | od -An -c");

        assertThat(run.out().strip().replaceAll(" +", " ")).isEqualTo("h e l l o \\0");
        assertThat(run.err()).isEmpty();
    }

    @Test
    void timesAreThoseOfTheZoneInTheEnvironment() throws Exception {
        assertThat(shell("C", "TZ=Asia/Tokyo collie vdi list").out()).contains(" 2026-11-22 23:09 ");
    }

    /** Runs a script in which {@code collie} is this program, asking the fake cluster. */
    private Run shell(String locale, String script) throws IOException, InterruptedException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        String classes = Arrays.stream(System.getProperty("java.class.path").split(":"))
                .filter(entry ->
                        entry.endsWith("/classes") || entry.matches(".*/(sheep-protocol|commandline|picocli).*"))
                .collect(Collectors.joining(":"));
        String collie = "exec '" + java + "' -XX:TieredStopAtLevel=1 -cp '" + classes + "' " + Collie.class.getName();
        String function = "collie() ( family=$1; name=$2; shift 2; " + collie + " \"$family\" \"$name\" -p "
                + cluster.realPort(7000) + " \"$@\" )\n";
        var builder = new ProcessBuilder("sh", "-c", function + script);
        builder.environment().put("LC_ALL", locale);
        builder.environment().put("TZ", "UTC");
        var process = builder.start();
        process.getOutputStream().close();
        var err = new StringBuilder();
        var reader = Thread.ofVirtual().start(() -> {
            try {
                err.append(new String(process.getErrorStream().readAllBytes(), StandardCharsets.ISO_8859_1));
            } catch (IOException failed) {
                err.append(failed);
            }
        });
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        reader.join();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return new Run(out, err.toString(), process.exitValue());
    }
}
