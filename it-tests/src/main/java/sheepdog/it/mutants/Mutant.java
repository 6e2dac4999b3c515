package sheepdog.it.mutants;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import sheepdog.protocol.model.Invariant;

/**
 * One planted bug, as a file in it-tests/mutants says it: lines {@code key: value}, then for each place a line
 * {@code --- file}, the lines that are there, each behind a {@code -}, and those that take their place, behind a {@code +}.
 *
 * @param name      of the file
 * @param invariant which it breaks, as I1
 * @param rule      which it breaks, as R1; {@code -} if none
 * @param hunter    what is to see it
 * @param among     the class of tests, if it is a test; the faults that matter for it, for stories of nothing else; or empty
 */
public record Mutant(String name, String invariant, String rule, Hunter hunter, String among, List<Edit> edits) {
    private static final String ENDING = ".mutant";

    /** What looks for it. */
    public enum Hunter {
        /** Stories of whole clusters. */
        STORIES,
        /** Storms over the cluster's log. */
        LOG,
        /** One class of tests. */
        TEST
    }

    /** One place in one file, relative to the project. */
    public record Edit(String file, String old, String changed) {}

    /** All mutants of a folder, by name. */
    public static List<Mutant> all(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(ENDING))
                    .sorted()
                    .map(Mutant::read)
                    .toList();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static Mutant read(Path file) {
        var fields = new TreeMap<String, String>();
        var edits = new ArrayList<Edit>();
        for (String part : ("\n" + text(file)).split("\n--- ")) {
            List<String> lines = part.lines().toList();
            if (part.startsWith("\n")) {
                lines.stream().filter(line -> !line.isBlank()).forEach(line -> {
                    String[] field = line.split(": ", 2);
                    Invariant.check(field.length == 2, "%s: not a field: %s", file, line);
                    fields.put(field[0], field[1]);
                });
            } else {
                edits.add(new Edit(lines.getFirst(), behind('-', lines), behind('+', lines)));
            }
        }
        String name = file.getFileName().toString();
        String[] hunter = fields.get("hunted by").split(" ", 2);
        return new Mutant(
                name.substring(0, name.length() - ENDING.length()),
                fields.get("invariant"),
                fields.get("rule"),
                Hunter.valueOf(hunter[0].toUpperCase(java.util.Locale.ROOT)),
                hunter.length > 1 ? hunter[1] : "",
                List.copyOf(edits));
    }

    private static String behind(char sign, List<String> lines) {
        return String.join(
                "\n",
                lines.stream()
                        .skip(1)
                        .filter(line -> line.charAt(0) == sign)
                        .map(line -> line.substring(1))
                        .toList());
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /**
     * The changed sources, by their files.
     *
     * @param project where the sources are
     * @throws AssertionError if a text is not there exactly once
     */
    public Map<String, String> apply(Path project) {
        var sources = new LinkedHashMap<String, String>();
        for (Edit edit : edits) {
            String source = sources.computeIfAbsent(edit.file, file -> text(project.resolve(file)));
            int at = source.indexOf(edit.old);
            Invariant.check(
                    at >= 0 && source.indexOf(edit.old, at + 1) < 0,
                    "mutant %s no longer applies: its text must be in %s exactly once:\n%s",
                    name,
                    edit.file,
                    edit.old);
            sources.put(edit.file, source.substring(0, at) + edit.changed + source.substring(at + edit.old.length()));
        }
        return sources;
    }
}
