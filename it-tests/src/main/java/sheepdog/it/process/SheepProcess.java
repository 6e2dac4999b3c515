package sheepdog.it.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import sheepdog.it.client.RawReply;
import sheepdog.it.client.RawRequest;
import sheepdog.it.client.WireClient;

/** One sheep as its own process, in the foreground, with its output kept in a file beside its store. */
public final class SheepProcess implements AutoCloseable {
    private static final int LOG_TAIL_BYTES = 8_000;
    private static final int NODES_MAX = 1024;
    private static final int NODE_BYTES = 56;

    private final Spec spec;
    private final Process process;
    private final Path output;

    /**
     * What to start.
     *
     * @param prefix  words before {@code java}, such as {@code ip netns exec NAME}; usually none
     * @param store   the store directory
     * @param address where clients and other sheep reach it
     * @param driver  the text after {@code -c}
     * @param more    further options
     */
    public record Spec(
            List<String> prefix, Path store, String address, int port, int zone, String driver, List<String> more) {
        public Spec {
            prefix = List.copyOf(prefix);
            more = List.copyOf(more);
        }
    }

    private SheepProcess(Spec spec, Process process, Path output) {
        this.spec = spec;
        this.process = process;
        this.output = output;
    }

    /** The command that runs a sheep in the foreground, for one that is not expected to stay. */
    public static Command command(Spec spec) {
        return Command.of(words(spec));
    }

    private static List<String> words(Spec spec) {
        var words = new ArrayList<>(spec.prefix());
        words.add(Tools.java().toString());
        words.add("-Xmx256m");
        words.add("-jar");
        words.add(Tools.sheepJar().toString());
        words.addAll(List.of("-f", "-p", Integer.toString(spec.port()), "-c", spec.driver()));
        words.addAll(List.of("-y", spec.address(), "-z", Integer.toString(spec.zone())));
        words.addAll(spec.more());
        words.add(spec.store().toString());
        return words;
    }

    /** Starts a sheep; it is up when {@link #awaitAnswer} returns. */
    public static SheepProcess start(Spec spec) {
        Path output = spec.store().resolveSibling(spec.store().getFileName() + ".out");
        try {
            Process process = new ProcessBuilder(words(spec))
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()))
                    .start();
            return new SheepProcess(spec, Processes.watched(process), output);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** What it was started with. */
    public Spec spec() {
        return spec;
    }

    public long pid() {
        return process.pid();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** A connection to it, by its unix socket if its network is not that of this process. */
    public WireClient connect() throws IOException {
        return isInAnotherNetwork()
                ? WireClient.connect(spec.store().resolve("sock"))
                : WireClient.connect(spec.address(), spec.port());
    }

    private boolean isInAnotherNetwork() {
        return spec.prefix().contains("netns");
    }

    /** Waits until it answers a question, formatted or not. */
    public Duration awaitAnswer(Duration limit) {
        return Waiting.timeUntil("an answer of the sheep at port " + spec.port(), limit, () -> {
            if (!isAlive()) {
                throw new AssertionError("it ended with " + process.exitValue() + "\n" + logs());
            }
            try (var client = connect()) {
                client.patience(Duration.ofSeconds(2));
                return client.call(RawRequest.of(RawRequest.STAT_CLUSTER).length(0))
                                .header()
                                .length
                        > 0;
            }
        });
    }

    /** How many nodes its node list has. */
    public int nodeCount() throws IOException {
        return nodeList().nodeCount();
    }

    /** The epoch it says it is in. */
    public int epoch() throws IOException {
        return nodeList().epoch();
    }

    /** What STAT_CLUSTER says of the cluster's state: 0 when it serves. */
    public int clusterStatus() throws IOException {
        try (var client = connect()) {
            client.patience(Duration.ofSeconds(2));
            return client.call(RawRequest.of(RawRequest.STAT_CLUSTER).length(57_376))
                    .result();
        }
    }

    /** Waits until it serves in an epoch of that many nodes. */
    public void awaitServing(int nodes, Duration limit) {
        Waiting.until(
                "the sheep at port " + spec.port() + " to serve with " + nodes + " nodes",
                limit,
                () -> clusterStatus() == RawReply.SUCCESS && nodeCount() == nodes);
    }

    /** Ends it as a crash does. */
    public void kill() {
        signal("KILL");
        awaitExit(Duration.ofSeconds(10));
    }

    /** SIGSTOP: it lives and does nothing. */
    public void pause() {
        signal("STOP");
    }

    /** SIGCONT. */
    public void resume() {
        signal("CONT");
    }

    /** SIGTERM: it leaves in order. */
    public void terminate() {
        signal("TERM");
    }

    /**
     * Waits for its end.
     *
     * @return its exit status
     */
    public int awaitExit(Duration limit) {
        try {
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError("pid " + pid() + " still runs after " + limit + "\n" + logs());
            }
            return process.exitValue();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", interrupted);
        }
    }

    /** The end of what it printed and logged. */
    public String logs() {
        return "sheep at port " + spec.port() + " pid " + pid() + (isAlive() ? "" : " (ended)") + "\n" + tail(output)
                + tail(spec.store().resolve("sheep.log"));
    }

    /** What it printed so far. */
    public String output() {
        try {
            return Files.readString(output, StandardCharsets.UTF_8);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    @Override
    public void close() {
        if (isAlive()) {
            kill();
        }
    }

    private RawReply nodeList() throws IOException {
        try (var client = connect()) {
            client.patience(Duration.ofSeconds(2));
            return client.call(RawRequest.of(RawRequest.GET_NODE_LIST).length(NODES_MAX * NODE_BYTES));
        }
    }

    private void signal(String name) {
        Command.of("kill", "-" + name, Long.toString(pid())).run().succeeded();
    }

    private static String tail(Path file) {
        try {
            if (!Files.isReadable(file)) {
                return "--- no " + file + "\n";
            }
            byte[] all = Files.readAllBytes(file);
            int from = Math.max(0, all.length - LOG_TAIL_BYTES);
            return "--- " + file + "\n" + new String(all, from, all.length - from, StandardCharsets.UTF_8);
        } catch (IOException failed) {
            return "--- " + file + ": " + failed + "\n";
        }
    }
}
