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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three sheep as on three hosts: each in a network namespace, joined by a bridge that carries the multicast group, with
 * the default driver, addresses and ports.
 */
class NamespacesIT {
    private static final String NAME = "sd" + ProcessHandle.current().pid() % 1_000_000;
    private static final int PORT = 7000;
    private static final Duration LIMIT = Duration.ofSeconds(40);

    @TempDir
    Path folder;

    private final List<SheepProcess> sheep = new ArrayList<>();
    private boolean up;

    @RegisterExtension
    final FailureLogs logs = new FailureLogs(
            () -> String.join("\n", sheep.stream().map(SheepProcess::logs).toList()));

    @BeforeEach
    void joinThreeHosts() {
        assumeTrue(Tools.isRoot(), "network namespaces need root");
        assumeTrue(Tools.find("ip").isPresent(), "network namespaces need ip (package iproute2)");
        Finished made = hosts("up", "3").run();
        assumeTrue(made.exit() == 0, () -> "no network namespaces here: " + made.err());
        up = true;
        for (int i = 1; i <= 3; i++) {
            sheep.add(SheepProcess.start(new SheepProcess.Spec(
                    on(i), folder.resolve("sheep" + i), "10.77.0." + i, PORT, i, "jgroups", List.of())));
        }
        for (int i = 1; i <= 3; i++) {
            awaitNodes(i, 3);
        }
        collie(1, "cluster", "format", "--copies=3").run().succeeded();
    }

    @AfterEach
    void takeDown() {
        sheep.forEach(SheepProcess::close);
        if (up) {
            hosts("down").run();
        }
    }

    @Test
    void threeHostsFormAClusterAndOneThatIsCutOffIsLeftOutUntilItIsBack() {
        byte[] content = new byte[5 << 20];
        new Random(7).nextBytes(content);
        collie(1, "vdi", "create", "monkey", "64M").run().succeeded();
        collie(1, "vdi", "write", "monkey").input(content).run().succeeded();
        for (int i = 1; i <= 3; i++) {
            assertThat(Stores.sha256(read(i, content.length))).isEqualTo(Stores.sha256(content));
        }
        assertThat(collie(2, "cluster", "info").run().succeeded().out())
                .contains("[10.77.0.1:7000, 10.77.0.2:7000, 10.77.0.3:7000]");

        hosts("partition", "1", "2,3").run().succeeded();
        awaitNodes(2, 2);
        new Random(8).nextBytes(content);
        collie(2, "vdi", "write", "monkey").input(content).run().succeeded();
        assertThat(Stores.sha256(read(3, content.length))).isEqualTo(Stores.sha256(content));

        hosts("heal").run().succeeded();
        for (int i = 1; i <= 3; i++) {
            awaitNodes(i, 3);
            assertThat(Stores.sha256(read(i, content.length))).isEqualTo(Stores.sha256(content));
        }
    }

    @Test
    void ofTwoHostsThatDoNotReachEachOtherOneIsKeptOutUntilTheyDo() throws IOException {
        assumeTrue(Tools.find("nft").isPresent(), "needs nft (it-tests/clients/ensure brings it)");
        try (Load load = Load.on(sheep.get(0), "monkey")) {
            load.awaitWrites(20);
            Duration usual = load.longestGapAndReset();

            hosts("block", "1", "2").run().succeeded();
            // The first host leads, because it has formatted: so it stays, and its clients with it.
            awaitNodes(3, 2);
            load.awaitWrites(50);
            Duration longest = load.longestGapAndReset();
            System.out.println("two of three do not reach each other: writes waited " + longest.toMillis() + " ms");
            assertThat(longest).isLessThan(Duration.ofSeconds(8).plus(usual.multipliedBy(10)));
            Waiting.until(
                    "the one that is put out to say that it waits",
                    LIMIT,
                    () -> collie(2, "cluster", "info", "-v").run().out().contains("This node waits "));

            hosts("heal").run().succeeded();
            for (int i = 1; i <= 3; i++) {
                awaitNodes(i, 3);
            }
            load.awaitWrites(50);
            load.stop();
            load.verify(sheep.get(1));
        }
    }

    @Test
    void ofTwoHostsThatFollowAThirdAndDoNotReachEachOtherOneIsKeptOutAndSaysWhy() throws IOException {
        assumeTrue(Tools.find("nft").isPresent(), "needs nft (it-tests/clients/ensure brings it)");
        try (Load load = Load.on(sheep.get(1), "monkey")) {
            load.awaitWrites(20);
            Duration usual = load.longestGapAndReset();

            hosts("block", "2", "3").run().succeeded();
            awaitNodes(1, 2);
            assertThat(sheep.get(1).nodeCount())
                    .as("the later one of two is put out")
                    .isEqualTo(2);
            load.awaitWrites(50);
            Duration longest = load.longestGapAndReset();
            System.out.println("two followers do not reach each other: writes waited " + longest.toMillis() + " ms");
            assertThat(longest).isLessThan(Duration.ofSeconds(8).plus(usual.multipliedBy(10)));
            Waiting.until(
                    "the one that is kept out to say why",
                    LIMIT,
                    () -> collie(3, "cluster", "info", "-v").run().out().contains("not reached by [10.77.0.2:7000]"));

            hosts("heal").run().succeeded();
            for (int i = 1; i <= 3; i++) {
                awaitNodes(i, 3);
            }
            load.stop();
            load.verify(sheep.get(2));
        }
    }

    @Test
    void aNodeHandsOverWhatItHoldsAndIsTheOnlyOneThatGoesOnWhenTheOthersAreGone() throws IOException {
        byte[] content = new byte[9 << 20];
        new Random(9).nextBytes(content);
        collie(1, "vdi", "create", "monkey", "64M").run().succeeded();
        collie(1, "vdi", "write", "monkey").input(content).run().succeeded();

        Finished drained = collie(1, "node", "drain", "2", "--force").run().succeeded();

        assertThat(drained.err()).contains("too few zones").contains("it is done all the same");
        assertThat(collie(2, "cluster", "info", "-v").run().out()).contains("Drained: 10.77.0.3:7000");
        Waiting.until(
                "the drained host to hold nothing",
                LIMIT,
                () -> Stores.objects(sheep.get(2).spec().store()).isEmpty());
        assertThat(Stores.sha256(read(3, content.length))).isEqualTo(Stores.sha256(content));

        collie(2, "node", "drain", "2", "--cancel").run().succeeded();
        Waiting.until(
                "the host to hold everything again",
                LIMIT,
                () -> collie(2, "node", "recovery")
                                        .run()
                                        .succeeded()
                                        .out()
                                        .lines()
                                        .count()
                                == 2
                        && Stores.objects(sheep.get(2).spec().store())
                                .equals(Stores.objects(sheep.get(0).spec().store())));
        sheep.get(0).kill();
        sheep.get(1).kill();
        Waiting.until("the one that is left to wait", LIMIT, () -> sheep.get(2).clusterStatus() != 0);
        assertThat(collie(3, "cluster", "info", "-v").run().out())
                .contains("Missing of the 3 nodes of epoch 3: 10.77.0.1:7000");

        Finished forced =
                collie(3, "cluster", "recover", "force", "-f", "--json").run().succeeded();

        assertThat(forced.out()).contains("\"withoutCopy\": 0, \"waiting\": 0, \"vdis\": []");
        assertThat(Stores.sha256(read(3, content.length))).isEqualTo(Stores.sha256(content));
        sheep.add(SheepProcess.start(sheep.get(0).spec()));
        awaitNodes(3, 2);
        try (var files = Files.list(sheep.get(0).spec().store())) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .anyMatch(file -> file.startsWith("set-aside-by-recover-force-"));
        }
    }

    private void awaitNodes(int host, int count) {
        Waiting.until(
                "host " + host + " to list " + count + " nodes",
                LIMIT,
                () -> collie(host, "node", "list", "-r")
                                .run()
                                .out()
                                .lines()
                                .filter(line -> line.contains(":" + PORT))
                                .count()
                        == count);
    }

    private static byte[] read(int host, int length) {
        return collie(host, "vdi", "read", "monkey", "0", Integer.toString(length))
                .run()
                .succeeded()
                .stdout();
    }

    private static Command collie(int host, String... arguments) {
        return CollieProcess.command(on(host), arguments);
    }

    private static List<String> on(int host) {
        return List.of("ip", "netns", "exec", NAME + "-" + host);
    }

    private static Command hosts(String... arguments) {
        var words =
                new ArrayList<>(List.of("bash", Tools.script("netns-cluster").toString()));
        words.addAll(List.of(arguments));
        return Command.of(words).with("NETNS_CLUSTER", NAME).with("PATH", Tools.pathVariable());
    }
}
