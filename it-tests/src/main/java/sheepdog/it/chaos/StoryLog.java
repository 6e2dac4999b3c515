package sheepdog.it.chaos;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;

/**
 * What happened and when, a line each: the time of day, as the sheep log it, and seconds since the beginning. Goes to a
 * file and to a stream. Any thread.
 */
final class StoryLog implements AutoCloseable {
    private final PrintStream file;
    private final PrintStream copy;
    private final long startNanos = System.nanoTime();
    private final List<String> errors = new ArrayList<>();

    StoryLog(Path file, PrintStream copy) {
        try {
            this.file = new PrintStream(Files.newOutputStream(file), true);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
        this.copy = copy;
    }

    /** Adds a line. */
    synchronized void say(String format, Object... arguments) {
        String line = "%s %7.3f %s"
                .formatted(
                        LocalTime.now().truncatedTo(ChronoUnit.MILLIS),
                        elapsed().toMillis() / 1000.0,
                        arguments.length == 0 ? format : format.formatted(arguments));
        file.println(line);
        copy.println(line);
    }

    /** Adds a line about what must not happen. */
    synchronized void error(String format, Object... arguments) {
        String line = format.formatted(arguments);
        say("ERROR %s", line);
        errors.add("after %.3f s: %s".formatted(elapsed().toMillis() / 1000.0, line));
    }

    /** What must not happen and did. */
    synchronized List<String> errors() {
        return List.copyOf(errors);
    }

    Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - startNanos);
    }

    @Override
    public void close() {
        file.close();
    }
}
