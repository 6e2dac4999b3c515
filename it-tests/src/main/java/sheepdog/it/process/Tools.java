package sheepdog.it.process;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Where things are: the repository, what it built, the clients that {@code it-tests/clients/ensure} installed. */
public final class Tools {
    private Tools() {}

    /** The top of the repository: the nearest folder above the current one that holds {@code it-tests}. */
    public static Path repository() {
        Path here = Path.of("").toAbsolutePath();
        for (Path folder = here; folder != null; folder = folder.getParent()) {
            if (Files.isDirectory(folder.resolve("it-tests/clients"))) {
                return folder;
            }
        }
        throw new IllegalStateException("not inside of the repository: " + here);
    }

    /** The daemon, as the build left it. */
    public static Path sheepJar() {
        return built("sheep-daemon/target/sheep.jar");
    }

    /** The command-line tool, as the build left it. */
    public static Path collieJar() {
        return built("collie-cli/target/collie.jar");
    }

    /** The Java that runs the tests runs the programs, too. */
    public static Path java() {
        return Path.of(System.getProperty("java.home"), "bin", "java");
    }

    /** One of our scripts. */
    public static Path script(String name) {
        return repository().resolve("it-tests/clients").resolve(name);
    }

    /** Finds a program among the installed clients, then on the PATH and in /usr/sbin. */
    public static Optional<Path> find(String program) {
        return searchPath().stream()
                .map(folder -> folder.resolve(program))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** PATH for a script that calls the clients. */
    public static String pathVariable() {
        return String.join(":", searchPath().stream().map(Path::toString).toList());
    }

    /** Names of those programs that are not there. */
    public static List<String> missing(String... programs) {
        var missing = new ArrayList<String>();
        for (String program : programs) {
            if (find(program).isEmpty()) {
                missing.add(program);
            }
        }
        return missing;
    }

    /** Whether the tests run as root. */
    public static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }

    /** A TCP port of this machine that nobody uses now. */
    public static int freePort() {
        try (var socket = new ServerSocket()) {
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            return socket.getLocalPort();
        } catch (IOException none) {
            throw new IllegalStateException("no free TCP port", none);
        }
    }

    /**
     * A TCP port of four digits that nobody uses now: tgt reads no more of them, and then connects to another port.
     */
    public static int freeShortPort() {
        var random = new SecureRandom();
        for (int tries = 0; tries < 1_000; tries++) {
            int port = random.nextInt(7_100, 10_000);
            try (var socket = new ServerSocket()) {
                socket.bind(new InetSocketAddress(port));
                return port;
            } catch (IOException taken) {
                // Then another.
            }
        }
        throw new IllegalStateException("no free TCP port between 7100 and 9999");
    }

    /** A UDP port of this machine that nobody uses now. */
    public static int freeUdpPort() {
        try (var socket = new DatagramSocket()) {
            return socket.getLocalPort();
        } catch (IOException none) {
            throw new IllegalStateException("no free UDP port", none);
        }
    }

    private static Path built(String path) {
        Path jar = repository().resolve(path);
        if (!Files.isRegularFile(jar)) {
            throw new IllegalStateException(jar + " is not there: run mvn package");
        }
        return jar;
    }

    private static List<Path> searchPath() {
        var folders = new ArrayList<Path>();
        String own = System.getenv("SHEEPDOG_CLIENTS");
        folders.add(own == null ? repository().resolve(".clients/bin") : Path.of(own, "bin"));
        for (String folder : System.getenv("PATH").split(":")) {
            folders.add(Path.of(folder));
        }
        folders.add(Path.of("/usr/sbin"));
        folders.add(Path.of("/sbin"));
        return folders;
    }
}
