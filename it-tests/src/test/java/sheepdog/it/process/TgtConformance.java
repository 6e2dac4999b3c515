package sheepdog.it.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * tgtd with its sheepdog store on three sheep, and iSCSI clients on tgtd: QEMU's and libiscsi's. Each disk's target
 * talks to another sheep, one of them by its unix socket.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TgtConformance {
    private static final List<String> DISKS = List.of("pattern", "image", "suite");
    private static final int MIB = 1 << 20;

    private Path folder;
    private ProcessCluster cluster;
    private TgtProcess tgt;

    @RegisterExtension
    final FailureLogs logs = new FailureLogs(() -> cluster.logs());

    @BeforeAll
    void start(@TempDir Path empty) throws IOException {
        folder = empty;
        List<String> missing = Tools.missing("tgtd", "tgtadm", "qemu-io", "qemu-img", "iscsi-test-cu");
        assumeTrue(missing.isEmpty(), () -> "not there: " + missing + "; run it-tests/clients/ensure");
        cluster = ProcessCluster.local(folder, 3).startAll().format(3);
        String[] stores = new String[DISKS.size()];
        for (int i = 0; i < stores.length; i++) {
            cluster.collie(i, "vdi", "create", DISKS.get(i), "64M").run().succeeded();
            stores[i] = i == 0
                    ? "unix:" + cluster.store(i).resolve("sock") + ":" + DISKS.get(i)
                    : "tcp:127.0.0.1:" + cluster.port(i) + ":" + DISKS.get(i);
        }
        tgt = TgtProcess.start(Files.createDirectory(folder.resolve("tgt")), stores);
    }

    @AfterAll
    void end() {
        if (tgt != null) {
            tgt.close();
        }
        if (cluster != null) {
            cluster.close();
        }
    }

    @Test
    void patternsThatQemuWritesAreReadBackByItAndByCollieThroughEveryNode() {
        String url = url("pattern");

        qemuIo(url, "write -P 0xa5 0 4M", "write -P 0x5a 5M 64k", "write -P 0x11 8191k 2k", "flush");
        qemuIo(url, "read -P 0xa5 0 4M", "read -P 0 4M 1M", "read -P 0x5a 5M 64k", "read -P 0x11 8191k 2k");

        for (int i = 0; i < 3; i++) {
            byte[] read = vdiRead(i, "pattern", 9 * MIB);
            for (int at = 0; at < read.length; at++) {
                int expected = at < 4 * MIB
                        ? 0xa5
                        : at >= 5 * MIB && at < 5 * MIB + 65_536
                                ? 0x5a
                                : at >= 8191 * 1024 && at < 8193 * 1024 ? 0x11 : 0;
                if ((read[at] & 0xff) != expected) {
                    assertThat(read[at] & 0xff)
                            .as("byte %d through sheep %d", at, i)
                            .isEqualTo(expected);
                }
            }
        }
    }

    @Test
    void imageThatMadeTheRoundTripIsTheSame() throws IOException {
        byte[] image = new byte[64 * MIB];
        var random = new Random(42);
        for (int at = 0; at < image.length; at += 3 * MIB) {
            byte[] part = new byte[MIB / 2 + random.nextInt(MIB / 2)];
            random.nextBytes(part);
            System.arraycopy(part, 0, image, at, Math.min(part.length, image.length - at));
        }
        Path original = Files.write(folder.resolve("original"), image);
        Path back = folder.resolve("back");

        qemuImg("convert", "-n", "-f", "raw", "-O", "raw", original.toString(), url("image"));
        qemuImg("convert", "-f", "raw", "-O", "raw", url("image"), back.toString());

        String expected = Stores.sha256(image);
        assertThat(Stores.sha256(Files.readAllBytes(back))).isEqualTo(expected);
        for (int i = 0; i < 3; i++) {
            assertThat(Stores.sha256(vdiRead(i, "image", image.length))).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Read6",
                "Read10",
                "Read12",
                "Read16",
                "Write10",
                "Write12",
                "Write16",
                "ReadCapacity10",
                "ReadCapacity16"
            })
    void familyOfTestsThatMovesDataPasses(String family) {
        Finished done = tool("iscsi-test-cu", "--dataloss", "-t", "ALL." + family, url("suite"))
                .run();

        assertThat(done.out()).contains("Suite: " + family).doesNotContain("FAILED");
        assertThat(done.exit()).as(done.toString()).isZero();
    }

    private String url(String disk) {
        return tgt.url(DISKS.indexOf(disk));
    }

    private static void qemuIo(String url, String... commands) {
        var words = new ArrayList<>(List.of("-f", "raw"));
        for (String command : commands) {
            words.add("-c");
            words.add(command);
        }
        words.add(url);
        Finished done = tool("qemu-io", words.toArray(String[]::new)).run().succeeded();
        assertThat(done.out() + done.err()).doesNotContain("failed");
    }

    private static void qemuImg(String... arguments) {
        tool("qemu-img", arguments).within(Duration.ofSeconds(120)).run().succeeded();
    }

    private byte[] vdiRead(int i, String vdi, int length) {
        return cluster.collie(i, "vdi", "read", vdi, "0", Integer.toString(length))
                .run()
                .succeeded()
                .stdout();
    }

    private static Command tool(String program, String... arguments) {
        var words = new ArrayList<>(List.of(Tools.find(program).orElseThrow().toString()));
        words.addAll(List.of(arguments));
        return Command.of(words);
    }
}
