package sheepdog.sheep.main;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDateTime;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SheepLogTest {
    @TempDir
    private Path folder;

    @Test
    void linesLookAsScriptsExpectThem() {
        assertThat(LogLine.format(LocalDateTime.of(2013, 4, 5, 7, 3, 9), "gway 2496", "create", 161, "text here"))
                .isEqualTo("Apr 05 07:03:09 [gway 2496] create(161) text here");
        assertThat(LogLine.json(7000, 1366911027, 123, "main", "main", 705, "a \"quoted\" \\ text"))
                .isEqualTo("{ \"user_info\": {\"program_name\": \"sheep\", \"port\": 7000},\"body\": {\"second\":"
                        + " 1366911027, \"usecond\": 123, \"worker_name\": \"main\", \"worker_idx\": 0, \"func\":"
                        + " \"main\", \"line\": 705, \"msg\": \"a \\\"quoted\\\" \\\\ text\"} }");
        assertThat(LogLine.json(7000, 1, 2, "io 3", "f", 4, "x"))
                .contains("\"worker_name\": \"io\", \"worker_idx\": 3,");
    }

    @Test
    void anEventIsOneLineAndAnExceptionOneMoreForEachFrame() {
        var event = event(Level.WARN, "first\nsecond", new IllegalStateException("bug"));

        var lines = SheepLog.lines(event, SheepConfig.LogFormat.DEFAULT, 7000);

        assertThat(lines.getFirst()).matches("\\w{3} \\d\\d \\d\\d:\\d\\d:\\d\\d \\[io 1] caller\\(12\\) first second");
        assertThat(lines.get(1)).endsWith("java.lang.IllegalStateException: bug");
        assertThat(lines).hasSizeGreaterThan(3).allMatch(line -> !line.contains("\n"));
    }

    @Test
    void levelsAreTheOriginals() {
        assertThat(List.of(0, 3, 4, 5, 6, 7).stream().map(SheepLog::level))
                .containsExactly(Level.ERROR, Level.ERROR, Level.WARN, Level.INFO, Level.INFO, Level.DEBUG);
    }

    @Test
    void aFullFileIsPutAsideUnderTheTime() throws Exception {
        Path path = folder.resolve("sheep.log");
        Files.writeString(path, "older line\n");
        try (var log = new LogFile(path, 30, () -> LocalDateTime.of(2013, 4, 25, 17, 30))) {
            log.add("fits behind it");
            log.add("starts a new file");
            log.add("and so does this one");
        }

        assertThat(path).hasContent("and so does this one\n");
        assertThat(folder.resolve("sheep.log.2013-04-25-17-30")).hasContent("older line\nfits behind it\n");
        assertThat(folder.resolve("sheep.log.2013-04-25-17-30.1")).hasContent("starts a new file\n");
    }

    @Test
    void aLinkIsFollowedAndStays() throws Exception {
        Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
        Path path = Files.createSymbolicLink(folder.resolve("sheep.log"), elsewhere.resolve("big.log"));
        try (var log = new LogFile(path, 10, () -> LocalDateTime.of(2013, 4, 25, 17, 30))) {
            log.add("one");
            log.add("two, in a new file");
        }

        assertThat(path).isSymbolicLink();
        assertThat(elsewhere.resolve("big.log")).hasContent("two, in a new file\n");
        assertThat(elsewhere.resolve("sheep.log.2013-04-25-17-30")).hasContent("one\n");
    }

    private static LoggingEvent event(Level level, String text, Throwable thrown) {
        var context = new LoggerContext();
        var event = new LoggingEvent("x", context.getLogger("sheepdog"), level, text, thrown, null);
        event.setInstant(Instant.ofEpochSecond(1366911027));
        event.setThreadName("io 1");
        event.setCallerData(
                new StackTraceElement[] {new StackTraceElement("sheepdog.X", "lambda$caller$3", "X.java", 12)});
        return event;
    }
}
