package sheepdog.membership.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import sheepdog.membership.api.ClusterTransport;
import sheepdog.membership.api.ClusterTransport.Evidence;
import sheepdog.membership.api.ClusterTransport.TransportException;
import sheepdog.membership.api.ClusterTransportContract;
import sheepdog.membership.api.Member;
import sheepdog.membership.api.TestSheep;
import sheepdog.membership.api.TestSheep.Event;
import sheepdog.membership.runtime.Loop;

final class LocalTransportTest extends ClusterTransportContract {
    private static final LocalConfig.Timing QUICK = new LocalConfig.Timing(
            Duration.ofMillis(50),
            Duration.ofMillis(100),
            Duration.ofSeconds(2),
            Duration.ofMillis(100),
            Duration.ofMillis(500),
            Duration.ofMillis(300));

    @TempDir
    private Path folder;

    @Override
    protected ClusterTransport transport(Loop loop, String group) {
        return new LocalTransport(
                loop, LocalConfig.parse(folder.resolve(group).toString()).withTiming(QUICK));
    }

    private Path only(String group) throws IOException {
        try (var files = Files.list(folder.resolve(group))) {
            return files.reduce((_, _) -> {
                        throw new AssertionError("more than one");
                    })
                    .orElseThrow();
        }
    }

    private long sockets(String group) throws IOException {
        try (var files = Files.list(folder.resolve(group))) {
            return files.count();
        }
    }

    private static void awaitTrue(String what, Condition condition) throws Exception {
        long deadline = System.nanoTime() + 20_000_000_000L;
        while (!condition.holds()) {
            assertThat(System.nanoTime()).as(what).isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    @Test
    void folderAndSocketAreForTheOwnerAndItsGroup() throws Exception {
        sheep(1, 1);

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("main"))))
                .isEqualTo("rwxrwx---");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(only("main"))))
                .isEqualTo("rwxrwx---");
    }

    @Test
    void aFileInTheFoldersPlaceIsRefused() throws Exception {
        Files.writeString(folder.resolve("main"), "shared memory of an original sheep");

        assertThatThrownBy(() -> sheep(1, 1))
                .isInstanceOf(TransportException.class)
                .hasMessageContaining(folder.resolve("main") + " is a file");
        assertThat(folder.resolve("main")).hasContent("shared memory of an original sheep");
    }

    @Test
    void aFolderThatEverybodyMayWriteIsRefused() throws Exception {
        Files.createDirectory(folder.resolve("main"));
        Files.setPosixFilePermissions(folder.resolve("main"), PosixFilePermissions.fromString("rwxrwxrwx"));

        assertThatThrownBy(() -> sheep(1, 1))
                .isInstanceOf(TransportException.class)
                .hasMessageContaining("can be written by everybody");
    }

    @Test
    void aFolderBelowNothingIsRefused() {
        assertThatThrownBy(() -> sheep("no/such", 1, 1))
                .isInstanceOf(TransportException.class)
                .hasMessageContaining("no such folder above it");
    }

    @Test
    void leavingDeletesTheSocketAndCrashingLeavesItForTheOthersToDelete() throws Exception {
        List<TestSheep> sheep = sheep(3);

        sheep.get(0).leave();
        sheep.get(1).awaitGone(sheep.get(0));
        sheep.get(1).crash();
        sheep.get(2).awaitGone(sheep.get(1));

        awaitTrue("only the living sheep's socket is left", () -> sockets("main") == 1);
    }

    @Test
    void aStaleSocketIsDeletedByTheNextSheep() throws Exception {
        Files.createDirectory(folder.resolve("main"));
        for (String name : List.of("sheep-00000000000000ff.1.00000000", ".new-sheep-00000000000000ff.1.00000000")) {
            ServerSocketChannel.open(StandardProtocolFamily.UNIX)
                    .bind(UnixDomainSocketAddress.of(folder.resolve("main").resolve(name)))
                    .close();
        }
        Files.writeString(folder.resolve("main").resolve("notes.txt"), "not ours");

        sheep(1, 1);

        awaitTrue("the stale sockets are gone", () -> sockets("main") == 2);
        assertThat(folder.resolve("main").resolve("notes.txt")).hasContent("not ours");
    }

    @Test
    void aSheepWhoseSocketWasDeletedIsSeenAgain() throws Exception {
        TestSheep one = sheep(1, 1);
        Files.delete(only("main"));

        TestSheep two = sheep(2, 1);

        one.awaitSeen(two);
        two.awaitSeen(one);
    }

    @Test
    void aConnectionThatEndsWhileTheProcessLivesIsReportedAsClosedAndMadeAgain() throws Exception {
        TestSheep one = sheep(1, 1);
        try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            String name = "sheep-0000000000000002.77.00000000";
            server.bind(UnixDomainSocketAddress.of(folder.resolve("main").resolve(name)));
            var other = new Member(one.member().node().withVnodes(3), 2, 9);
            Path socket = folder.resolve("main").resolve(only(one));
            try (var out = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
                out.write(Frames.hello(other, name));
                one.await("seen", new Event.Seen(other)::equals);
            }

            Event gone = one.await("gone", Event.Gone.class::isInstance);

            assertThat(gone).isEqualTo(new Event.Gone(other, Evidence.CLOSED));
            one.clear();
            try (var out = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
                out.write(Frames.hello(other, name));
                one.await("seen again", new Event.Seen(other)::equals);
            }
        }
    }

    private String only(TestSheep sheep) throws IOException {
        try (var files = Files.list(folder.resolve("main"))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith(
                            String.format("sheep-%016x", sheep.member().storeId())))
                    .findFirst()
                    .orElseThrow();
        }
    }

    @Test
    void oneThatGivesNoSignOfLifeIsReportedAsSilentAndSeenWhenItDoes() throws Exception {
        TestSheep one = sheep(1, 1);
        try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            String name = "sheep-0000000000000002.77.00000000";
            server.bind(UnixDomainSocketAddress.of(folder.resolve("main").resolve(name)));
            var other = new Member(one.member().node(), 2, 9);
            try (var out = SocketChannel.open(
                    UnixDomainSocketAddress.of(folder.resolve("main").resolve(only(one))))) {
                out.write(Frames.hello(other, name));
                one.await("seen", new Event.Seen(other)::equals);

                Event gone = one.await("gone", Event.Gone.class::isInstance);
                one.clear();
                out.write(Frames.empty(Frames.PING));

                assertThat(gone).isEqualTo(new Event.Gone(other, Evidence.SILENT));
                one.await("seen again", new Event.Seen(other)::equals);
            }
        }
    }

    @Test
    void bytesThatAreNoFramesCloseTheirConnectionAndHarmNobodyElse() throws Exception {
        List<TestSheep> sheep = sheep(2);
        Path socket = folder.resolve("main").resolve(only(sheep.get(0)));
        var bad = List.of(
                ByteBuffer.wrap(new byte[] {-1, -1, -1, -1, Frames.HELLO}),
                ByteBuffer.wrap(new byte[] {0, 0, 0, 0, Frames.HELLO}),
                ByteBuffer.wrap(new byte[] {0, 0, 0, 1, Frames.MESSAGE}),
                ByteBuffer.wrap(new byte[] {0, 0, 0, 1, 99}),
                ByteBuffer.wrap(new byte[] {0, 0, 0, 2, Frames.HELLO, 77}),
                ByteBuffer.wrap("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII)),
                Frames.hello(sheep.get(1).member(), "../../etc/passwd"));

        for (ByteBuffer bytes : bad) {
            try (var out = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
                out.write(bytes);
                assertThat(isClosed(out)).isTrue();
            }
        }

        sheep.get(1).send(sheep.get(0), pattern(33));
        assertThat(sheep.get(0).awaitMessage(sheep.get(1), 33)).isEqualTo(pattern(33));
        assertThat(sheep.get(0).events()).noneMatch(Event.Gone.class::isInstance);
    }

    /** Waits for the other side's close; bytes that it had not read yet make it a reset. */
    private static boolean isClosed(SocketChannel channel) {
        try {
            return channel.read(ByteBuffer.allocate(1)) == -1;
        } catch (IOException reset) {
            return true;
        }
    }

    @Test
    void aConnectionWithoutAHelloIsClosed() throws Exception {
        TestSheep one = sheep(1, 1);

        try (var out = SocketChannel.open(
                UnixDomainSocketAddress.of(folder.resolve("main").resolve(only(one))))) {
            assertThat(out.read(ByteBuffer.allocate(1))).isEqualTo(-1);
        }
    }
}
