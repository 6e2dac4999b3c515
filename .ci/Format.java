import com.palantir.javaformat.java.Formatter;
import com.palantir.javaformat.java.ImportOrderer;
import com.palantir.javaformat.java.JavaFormatterOptions;
import com.palantir.javaformat.java.RemoveUnusedImports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Formats every Java source below the current folder ({@code write}), or names those that are not ({@code check}). */
public final class Format {
    public static void main(String[] args) throws Exception {
        boolean write = args.length == 1 && args[0].equals("write");
        if (!write && !(args.length == 1 && args[0].equals("check"))) {
            System.err.println("usage: Format check|write");
            System.exit(2);
        }
        var formatter = Formatter.createFormatter(JavaFormatterOptions.builder()
                .style(JavaFormatterOptions.Style.PALANTIR)
                .formatJavadoc(false)
                .build());
        List<Path> wrong = new ArrayList<>();
        for (Path source : sources()) {
            String before = Files.readString(source);
            String after;
            try {
                after = formatter.formatSource(ImportOrderer.reorderImports(
                        RemoveUnusedImports.removeUnusedImports(before), JavaFormatterOptions.Style.PALANTIR));
            } catch (Exception broken) {
                System.err.println(source + ": " + broken.getMessage());
                wrong.add(source);
                continue;
            }
            if (!after.equals(before)) {
                wrong.add(source);
                if (write) {
                    Files.writeString(source, after);
                }
            }
        }
        if (!write && !wrong.isEmpty()) {
            wrong.forEach(source -> System.err.println("not formatted: " + source));
            System.err.println("run: mvn -q -N initialize -Dformat.mode=write");
            System.exit(1);
        }
    }

    private static List<Path> sources() throws IOException {
        try (Stream<Path> all = Files.walk(Path.of("."))) {
            return all.filter(p -> p.toString().endsWith(".java"))
                    .filter(p -> !p.toString().contains("/target/"))
                    .sorted()
                    .toList();
        }
    }
}
