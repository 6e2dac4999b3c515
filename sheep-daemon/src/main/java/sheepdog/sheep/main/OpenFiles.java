package sheepdog.sheep.main;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/** How many files, sockets among them, this process may have open at once. */
final class OpenFiles {
    private static final Pattern LINE = Pattern.compile("Max open files +([0-9]{1,18}) .*");
    private static final Path LIMITS = Path.of("/proc/self/limits");

    private OpenFiles() {}

    /** Empty if there is no limit, or the system does not say. */
    static OptionalLong most() {
        return most(LIMITS);
    }

    /** @param limits in the layout of {@code /proc/self/limits} */
    static OptionalLong most(Path limits) {
        try (var lines = Files.lines(limits)) {
            return lines.map(LINE::matcher)
                    .filter(line -> line.matches())
                    .mapToLong(line -> Long.parseLong(line.group(1)))
                    .findFirst();
        } catch (IOException _) {
            return OptionalLong.empty();
        }
    }
}
