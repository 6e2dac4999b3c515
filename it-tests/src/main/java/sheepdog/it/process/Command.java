package sheepdog.it.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/** A command to be run to its end, with its output kept. */
public final class Command {
    private final List<String> words = new ArrayList<>();
    private final Map<String, String> environment = new TreeMap<>();
    private byte[] input = new byte[0];
    private Duration limit = Duration.ofSeconds(60);

    private Command() {}

    public static Command of(String... words) {
        return of(List.of(words));
    }

    public static Command of(List<String> words) {
        var command = new Command();
        command.words.addAll(words);
        return command;
    }

    public Command with(String variable, String value) {
        environment.put(variable, value);
        return this;
    }

    /** What it reads from its standard input. */
    public Command input(byte[] bytes) {
        input = bytes.clone();
        return this;
    }

    /** How long it may take. */
    public Command within(Duration limit) {
        this.limit = limit;
        return this;
    }

    /**
     * Runs it. Output goes by way of files, so that a command which prints much never waits for its reader.
     *
     * @throws AssertionError if it does not end in time; it is killed then
     */
    public Finished run() {
        try {
            Path folder = Files.createTempDirectory("sheepdog-it");
            try {
                return run(folder);
            } finally {
                for (String name : List.of("in", "out", "err")) {
                    Files.deleteIfExists(folder.resolve(name));
                }
                Files.deleteIfExists(folder);
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private Finished run(Path folder) throws IOException {
        Path in = folder.resolve("in");
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        Files.write(in, input);
        var builder = new ProcessBuilder(words)
                .redirectInput(in.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().putAll(environment);
        Process process = Processes.watched(builder.start());
        try {
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly().waitFor();
                throw new AssertionError(
                        "not done within " + limit + ": " + new Finished(words, -1, read(out), read(err)));
            }
        } catch (InterruptedException interrupted) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for " + words, interrupted);
        }
        return new Finished(List.copyOf(words), process.exitValue(), read(out), read(err));
    }

    private static byte[] read(Path file) throws IOException {
        return Files.readAllBytes(file);
    }
}
