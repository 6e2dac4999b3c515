package sheepdog.it.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ListAssert;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** What keeps a sheep from starting is said in one line and ends it with 1; its directory is as good as before. */
class StartRefusedIT {
    private static final Duration LIMIT = Duration.ofSeconds(40);
    private static final byte[] CONTENT =
            "what must still be there\n".repeat(512).getBytes();

    @TempDir
    Path folder;

    private final List<SheepProcess> started = new ArrayList<>();

    @RegisterExtension
    final FailureLogs logs = new FailureLogs(
            () -> String.join("\n", started.stream().map(SheepProcess::logs).toList()));

    @AfterEach
    void end() {
        started.forEach(SheepProcess::close);
    }

    @Test
    void secondSheepOnOneDirectory() throws IOException {
        SheepProcess first = formatted("store", "meet");

        int port = Tools.freeShortPort();
        refused(on("store", "meet", "-p", Integer.toString(port)))
                .containsExactly("another sheep daemon is using " + folder.resolve("store"));

        assertThat(Files.readAllLines(folder.resolve("store/sheep.log")))
                .as("the first one's, from its options on")
                .anyMatch(line -> line.contains("port=" + first.spec().port()))
                .noneMatch(line -> line.contains("another sheep daemon") || line.contains("port=" + port));
        assertThat(read(first)).isEqualTo(CONTENT);
        startsAgain(first);
    }

    @Test
    void portThatIsTaken() throws IOException {
        SheepProcess sheep = formatted("store", "meet");
        sheep.kill();

        try (var taken = new ServerSocket()) {
            taken.setReuseAddress(true);
            taken.bind(new InetSocketAddress(
                    InetAddress.ofLiteral("0.0.0.0"), sheep.spec().port()));
            refused(sheep.spec()).containsExactly("failed to create a listening port (Address already in use)");
        }

        startsAgain(sheep);
    }

    @Test
    void clusterDriverThatNobodyKnows() {
        SheepProcess sheep = formatted("store", "meet");
        sheep.kill();

        refused(with(sheep.spec(), "nosuch"))
                .startsWith("Invalid cluster driver 'nosuch'")
                .anyMatch(line -> line.startsWith("Supported drivers:") && line.contains(" local"));

        startsAgain(sheep);
    }

    @Test
    void optionsThatAreWrong() {
        for (var wrong : List.of(
                List.of("-p", "70000", "Invalid port number '70000'"),
                List.of("-z", "-1", "Invalid zone id '-1': must be an integer between 0 and 4294967295"),
                List.of("-y", "nowhere", "Invalid address: 'nowhere'"),
                List.of("-i", "hots=1.2.3.4", "invalid paramters hots=1.2.3.4. Use '-i host=a.b.c.d,port=xxx'"))) {
            refused(on("never", "meet", wrong.get(0), wrong.get(1))).containsExactly(wrong.get(2));
        }
        refused(with(on("never", "meet"), "jgroups:foo=bar"))
                .singleElement()
                .asString()
                .startsWith("jgroups: 'foo=bar' is not known; allowed are bind=, ");
        refused(with(on("never", "meet"), "jgroups:bind=192.0.2.77"))
                .singleElement()
                .asString()
                .startsWith("jgroups: 'bind=192.0.2.77' is neither an IPv4 address nor an interface of this host");
        refused(on("never", "meet", "--nosuch")).last().isEqualTo("Try `sheep --help' for more information.");

        assertThat(folder.resolve("never")).as("options are looked at first").doesNotExist();
    }

    @Test
    void inTheBackgroundWhoStartsItIsToldWhatIsWrongWithItsOptions() {
        Path script = Tools.repository().resolve("packaging/bin/sheep");
        for (String driver : List.of("jgroups:foo=bar", "corosync:ttl=x", "jgroups:bind=192.0.2.77", "local:here")) {
            Finished run = Command.of(
                            script.toString(),
                            "-c",
                            driver,
                            folder.resolve("never").toString())
                    .within(LIMIT)
                    .run();

            assertThat(run.exit()).as("%s", run).isEqualTo(1);
            assertThat(run.out()).isEmpty();
            String option = driver.substring(driver.indexOf(':') + 1);
            assertThat(run.err().lines()).singleElement().asString().contains("'" + option + "'");
        }
        assertThat(folder.resolve("never")).doesNotExist();
    }

    @Test
    void storeOfAnotherCluster() throws IOException {
        SheepProcess stranger = formatted("store", "meet");
        stranger.terminate();
        assertThat(stranger.awaitExit(LIMIT)).isZero();
        SheepProcess host = formatted("other", "there");

        // It has left the terminal by then, or would have: its log says why.
        SheepProcess.Spec lost = with(stranger.spec(), "local:" + folder.resolve("there"));
        Finished run = SheepProcess.command(lost).within(LIMIT).run();
        assertThat(run.exit()).as("%s", run).isEqualTo(1);
        assertThat(Files.readAllLines(lost.store().resolve("sheep.log")))
                .filteredOn(line -> line.contains("leaving sheepdog cluster: this store belongs to cluster "))
                .hasSize(1);

        host.awaitServing(1, LIMIT);
        assertThat(read(host)).isEqualTo(CONTENT);
        startsAgain(stranger);
    }

    @Test
    void directoryRestoredFromAnOldCopy() throws IOException {
        SheepProcess host = formatted("host", "meet", 2); // It keeps a replica of everything, so it stays sure alone.
        var joining = SheepProcess.start(inZone(2, on("store", "meet")));
        started.add(joining);
        joining.awaitServing(2, LIMIT);
        Path store = joining.spec().store();
        awaitAge(host, store, 1);
        stop(joining);
        Command.of("cp", "-a", store.toString(), store + ".old").run().succeeded();
        var again = SheepProcess.start(joining.spec());
        started.add(again);
        again.awaitServing(2, LIMIT);
        awaitAge(host, store, 2);
        stop(again);
        Command.of("mv", store.toString(), store + ".new").run().succeeded();
        Command.of("mv", store + ".old", store.toString()).run().succeeded();

        for (int start = 1; start <= 2; start++) {
            Finished run = SheepProcess.command(joining.spec()).within(LIMIT).run();
            assertThat(run.exit()).as("%s", run).isEqualTo(1);
            assertThat(Files.readAllLines(store.resolve("sheep.log")))
                    .filteredOn(
                            line -> line.contains("leaving sheepdog cluster: this directory is an old copy of store "))
                    .hasSize(start);
        }

        host.awaitServing(1, LIMIT);
        assertThat(read(host)).isEqualTo(CONTENT);
    }

    /** Waits until the cluster, whose member {@code host} is, knows that the store is as old as that. */
    private static void awaitAge(SheepProcess host, Path store, int age) throws IOException {
        String id = Files.readAllLines(store.resolve("id")).get(1).substring("id ".length());
        Path log = host.spec().store().resolve("sheep.log");
        Waiting.until(
                "the cluster to know the age of " + store,
                LIMIT,
                () -> Files.readString(log).contains("store=" + id + " age=" + age));
    }

    private static void stop(SheepProcess sheep) {
        sheep.terminate();
        assertThat(sheep.awaitExit(LIMIT)).isZero();
    }

    @Test
    void directoryThatMayOnlyBeRead() throws IOException {
        SheepProcess sheep = formatted("store", "meet");
        sheep.kill();
        Path store = sheep.spec().store();

        if (Tools.isRoot()) { // Whom permissions do not keep from writing.
            assumeMounts();
            refused(inside(sheep.spec(), "mount --bind \"$0\" \"$0\" && mount -o remount,ro,bind \"$0\"", store))
                    .singleElement()
                    .asString()
                    .contains(store.toString())
                    .contains("Read-only file system");
        } else {
            var before = Files.getPosixFilePermissions(store);
            Files.setPosixFilePermissions(store, PosixFilePermissions.fromString("r-xr-x---"));
            Files.setPosixFilePermissions(store.resolve("sheep.log"), PosixFilePermissions.fromString("r--r-----"));
            refused(sheep.spec()).singleElement().asString().contains("Permission denied");
            Files.setPosixFilePermissions(store, before);
            Files.setPosixFilePermissions(store.resolve("sheep.log"), PosixFilePermissions.fromString("rw-r-----"));
        }

        startsAgain(sheep);
    }

    @Test
    void directoryThatIsFullAndThatStartsWhenThereIsSpace() {
        assumeTrue(Tools.isRoot(), "a small file system needs root");
        assumeMounts();
        Path disk = folder.resolve("disk");
        SheepProcess.Spec spec = on("disk/store", "meet");
        String small = "mkdir -p \"$0\" && mount -t tmpfs -o size=2m none \"$0\"";

        refused(inside(spec, small, disk)).singleElement().asString().contains("No space left on device");

        // The same once more, and then with more space, on one and the same file system.
        var sheep = SheepProcess.start(
                inside(spec, small + " && { \"$@\"; test $? -eq 1; } && mount -o remount,size=400m \"$0\"", disk));
        started.add(sheep);
        sheep.awaitAnswer(LIMIT);
    }

    private ListAssert<String> refused(SheepProcess.Spec spec) {
        Finished run = SheepProcess.command(spec).within(LIMIT).run();
        assertThat(run.exit()).as("%s", run).isEqualTo(1);
        assertThat(run.out()).isEmpty();
        return assertThat(run.err().lines()).as("%s", run);
    }

    private void assumeMounts() {
        assumeTrue(Tools.find("unshare").isPresent(), "mounts need unshare (package util-linux)");
        assumeTrue(Command.of("unshare", "-m", "true").run().exit() == 0, "no mount namespaces here");
    }

    /** The sheep in a mount namespace of its own, after a shell script that gets {@code path} as $0. */
    private static SheepProcess.Spec inside(SheepProcess.Spec spec, String script, Path path) {
        var prefix = List.of("unshare", "-m", "sh", "-c", script + " && exec \"$@\"", path.toString());
        return new SheepProcess.Spec(
                prefix, spec.store(), spec.address(), spec.port(), spec.zone(), spec.driver(), spec.more());
    }

    private static SheepProcess.Spec inZone(int zone, SheepProcess.Spec spec) {
        return new SheepProcess.Spec(
                spec.prefix(), spec.store(), spec.address(), spec.port(), zone, spec.driver(), spec.more());
    }

    private SheepProcess.Spec on(String store, String meet, String... more) {
        return new SheepProcess.Spec(
                List.of(),
                folder.resolve(store),
                "127.0.0.1",
                Tools.freeShortPort(),
                1,
                "local:" + folder.resolve(meet),
                List.of(more));
    }

    private static SheepProcess.Spec with(SheepProcess.Spec spec, String driver) {
        return new SheepProcess.Spec(
                spec.prefix(), spec.store(), spec.address(), spec.port(), spec.zone(), driver, spec.more());
    }

    /** A sheep that serves a formatted cluster of its own, with a disk. */
    private SheepProcess formatted(String store, String meet) {
        return formatted(store, meet, 1);
    }

    private SheepProcess formatted(String store, String meet, int copies) {
        var sheep = SheepProcess.start(on(store, meet));
        started.add(sheep);
        sheep.awaitAnswer(LIMIT);
        collie(sheep, "cluster", "format", "--copies=" + copies).run().succeeded();
        sheep.awaitServing(1, LIMIT);
        collie(sheep, "vdi", "create", "monkey", "16M").run().succeeded();
        collie(sheep, "vdi", "write", "monkey").input(CONTENT).run().succeeded();
        return sheep;
    }

    private void startsAgain(SheepProcess before) {
        before.close();
        var again = SheepProcess.start(before.spec());
        started.add(again);
        again.awaitServing(1, LIMIT);
        assertThat(read(again)).isEqualTo(CONTENT);
    }

    private static byte[] read(SheepProcess sheep) {
        return collie(sheep, "vdi", "read", "monkey", "0", Integer.toString(CONTENT.length))
                .run()
                .succeeded()
                .stdout();
    }

    private static Command collie(SheepProcess sheep, String... words) {
        var all = new ArrayList<>(List.of(words));
        all.addAll(2, List.of("-p", Integer.toString(sheep.spec().port())));
        return CollieProcess.command(all.toArray(String[]::new));
    }
}
