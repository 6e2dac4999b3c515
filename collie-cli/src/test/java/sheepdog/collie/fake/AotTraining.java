package sheepdog.collie.fake;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Makes the AOT cache that lies beside {@code collie.jar}: runs a command of it on a fake cluster and lets the JVM
 * write down which classes it loaded and linked. {@code cluster info} is the command, for it takes the way that most
 * commands take: options, connection, node list, dates, output.
 *
 * <p>Run by the build when the jar is there; the JVM uses a cache only with the jar it was made with, and goes on
 * without if it does not fit.
 */
public final class AotTraining {
    private AotTraining() {}

    /** @param args the jar, the cache to write, then the JVM's flags, which the cache will be used with */
    public static void main(String[] args) throws IOException, InterruptedException {
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        try (var cluster = new FakeCluster(3).formatted()) {
            var command = new ArrayList<>(List.of(java.toString(), "-XX:AOTCacheOutput=" + args[1]));
            command.addAll(Arrays.asList(args).subList(2, args.length));
            command.addAll(List.of("-cp", args[0], "sheepdog.collie.main.Collie", "cluster", "info"));
            command.addAll(List.of("-p", Integer.toString(cluster.realPort(7000))));
            var process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (process.waitFor() != 0) {
                throw new IOException("the training run ended with " + process.exitValue());
            }
        }
        System.exit(0); // The fake's threads may still wait for connections.
    }
}
