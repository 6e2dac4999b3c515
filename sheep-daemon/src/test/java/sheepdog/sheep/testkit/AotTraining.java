package sheepdog.sheep.testkit;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import sheepdog.protocol.model.VdiName;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.Request;
import sheepdog.sheep.net.TestClient;

/**
 * Makes the AOT cache that lies beside {@code sheep.jar}: starts a sheep of it on this machine alone, formats, makes a
 * VDI, writes and reads, ends it, and lets the JVM write down which classes it loaded and linked.
 *
 * <p>Run by the build when the jar is there; the JVM uses a cache only with the jar it was made with, and goes on
 * without if it does not fit.
 */
public final class AotTraining {
    private static final int PATIENCE_SECONDS = 120;
    private static final int OBJECT_BYTES = 4096;

    private AotTraining() {}

    /** @param args the jar, the cache to write, then the JVM's flags, which the cache will be used with */
    public static void main(String[] args) throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("sheep-aot");
        try {
            train(args, folder);
        } finally {
            delete(folder);
        }
    }

    private static void train(String[] args, Path folder) throws IOException, InterruptedException {
        int port = freePort();
        Path output = folder.resolve("output");
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        var command = new ArrayList<>(List.of(java.toString(), "-XX:AOTCacheOutput=" + args[1]));
        command.addAll(Arrays.asList(args).subList(2, args.length));
        command.addAll(List.of("-cp", args[0], "sheepdog.sheep.main.SheepMain", "-f"));
        command.addAll(List.of("-b", "127.0.0.1", "-y", "127.0.0.1", "-p", Integer.toString(port)));
        command.addAll(List.of("-c", "jgroups:bind=127.0.0.1,ttl=0,group=aot-training-" + port));
        command.add(folder.resolve("store").toString());
        Process sheep = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            use(sheep, port);
            sheep.destroy();
            if (!sheep.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS) || !Files.exists(Path.of(args[1]))) {
                throw new IOException("no cache came of the training run: " + Files.readString(output));
            }
        } catch (IOException failed) {
            throw new IOException("training run: " + failed.getMessage() + ": " + Files.readString(output), failed);
        } finally {
            sheep.destroyForcibly().waitFor();
        }
    }

    private static void use(Process sheep, int port) throws IOException, InterruptedException {
        try (TestClient client = connect(sheep, port)) {
            ok(client, new Request.MakeFs(TestClient.header(Opcode.MAKE_FS, 1), 1, 1L << 32, "farm"));
            var name = new VdiName("training");
            int size = 4 << 20;
            ok(
                    client,
                    new Request.NewVdi(TestClient.header(Opcode.NEW_VDI, 2), name, size, Vid.NONE, 0, false, 0, 0, 0));
            ok(client, new Request.GetVdiInfo(TestClient.header(Opcode.GET_VDI_INFO, 3), name, new VdiName(""), 0));
            ok(client, new Request.StatCluster(TestClient.header(Opcode.STAT_CLUSTER, 4), OBJECT_BYTES));
            ok(client, new Request.GetNodeList(TestClient.header(Opcode.GET_NODE_LIST, 5), OBJECT_BYTES));
        }
    }

    private static void ok(TestClient client, Request request) throws IOException {
        client.send(request);
        TestClient.Reply reply = client.read();
        if (reply.result() != 0) {
            throw new IOException(request + " was answered with " + reply.code());
        }
    }

    private static TestClient connect(Process sheep, int port) throws IOException, InterruptedException {
        var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (true) {
            try {
                return new TestClient(address);
            } catch (ConnectException notYet) {
                if (sheep.waitFor(50, TimeUnit.MILLISECONDS) || System.nanoTime() > end) {
                    throw notYet;
                }
            }
        }
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static void delete(Path folder) throws IOException {
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, IOException failed) throws IOException {
                Files.delete(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
