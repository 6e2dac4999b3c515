package sheepdog.it.mutants;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import sheepdog.protocol.model.Invariant;

/** The command: plants each bug into classes of its own, and hunts it; it-tests/mutants/run starts it. */
public final class MutantsMain {
    private static final int STORIES_MAX = 150;
    private static final int STORMS_MAX = 300;
    private static final Pattern STORIES_TOLD = Pattern.compile("(\\d+) stories,.* 1 failed.*");
    private static final Pattern STORM_FAILED = Pattern.compile("seed (\\d+): (.*)");

    private MutantsMain() {}

    /** What came of a hunt: how many seeds it took, or which test failed, none if it was not seen, and what was seen first. */
    private record Hunt(Optional<String> seeds, String seen) {}

    /**
     * Exit status 0 if all were seen, 1 if one was not.
     *
     * @param arguments names of mutants; all if there are none
     */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        Path project = Path.of("").toAbsolutePath();
        var chosen = Mutant.all(project.resolve("it-tests/mutants")).stream()
                .filter(mutant -> arguments.length == 0 || List.of(arguments).contains(mutant.name()))
                .toList();
        boolean all = true;
        System.out.println("| mutant | breaks | hunted by | seeds | seen as |");
        System.out.println("|---|---|---|---|---|");
        for (Mutant mutant : chosen) {
            Hunt hunt = hunt(mutant, project);
            all &= hunt.seeds.isPresent();
            String rule = mutant.rule().equals("-") ? "" : ", " + mutant.rule();
            System.out.println("| " + mutant.name() + " | " + mutant.invariant() + rule + " | "
                    + (mutant.hunter().name().toLowerCase(java.util.Locale.ROOT) + " "
                                    + mutant.among().replaceAll(".*\\.", ""))
                            .strip()
                    + " | " + hunt.seeds.orElse("SURVIVED") + " | " + hunt.seen + " |");
        }
        System.exit(all && !chosen.isEmpty() ? 0 : 1);
    }

    private static Hunt hunt(Mutant mutant, Path project) throws IOException, InterruptedException {
        Path scratch = Files.createTempDirectory("mutant");
        try {
            compile(mutant, project, scratch);
            var command = new ArrayList<>(List.of(
                    System.getProperty("java.home") + "/bin/java",
                    "-Xmx700m",
                    "-XX:+UseSerialGC",
                    "-Dlogback.configurationFile=it-logback.xml",
                    "-cp",
                    scratch.resolve("classes") + ":" + System.getProperty("java.class.path")));
            command.addAll(
                    switch (mutant.hunter()) {
                        case STORIES ->
                            List.of(("sheepdog.it.sim.SimMain hunt 0 " + STORIES_MAX + " " + mutant.among())
                                    .strip()
                                    .split(" +"));
                        case LOG ->
                            List.of("sheepdog.membership.log.StormMain", "0", String.valueOf(STORMS_MAX), "hunt");
                        case TEST -> List.of("sheepdog.it.mutants.TestMain", mutant.among());
                    });
            Path said = scratch.resolve("said");
            var process = new ProcessBuilder(command)
                    .directory(project.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(said.toFile())
                    .start();
            process.waitFor();
            return read(mutant.hunter(), Files.readAllLines(said));
        } finally {
            try (Stream<Path> files = Files.walk(scratch)) {
                for (Path file :
                        files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    private static void compile(Mutant mutant, Path project, Path scratch) throws IOException {
        Path classes = Files.createDirectories(scratch.resolve("classes"));
        var arguments = new ArrayList<>(
                List.of("-nowarn", "-cp", System.getProperty("java.class.path"), "-d", classes.toString()));
        for (var source : mutant.apply(project).entrySet()) {
            Path file = scratch.resolve(source.getKey().replaceAll(".*/src/main/java", "sources"));
            Files.createDirectories(file.getParent());
            arguments.add(Files.writeString(file, source.getValue()).toString());
        }
        int failed = ToolProvider.getSystemJavaCompiler()
                .run(null, System.out, System.err, arguments.toArray(String[]::new));
        Invariant.check(failed == 0, "mutant %s does not compile", mutant.name());
    }

    private static Hunt read(Mutant.Hunter hunter, List<String> said) {
        for (int i = 0; i < said.size(); i++) {
            Matcher test = TestMain.FAILED.matcher(said.get(i));
            if (hunter == Mutant.Hunter.TEST && test.matches()) {
                return new Hunt(Optional.of(test.group(1)), shortened(test.group(2)));
            }
            Matcher storm = STORM_FAILED.matcher(said.get(i));
            if (hunter == Mutant.Hunter.LOG && storm.matches()) {
                return new Hunt(Optional.of(next(storm.group(1))), shortened(storm.group(2)));
            }
        }
        Matcher told = STORIES_TOLD.matcher(said.isEmpty() ? "" : said.getLast());
        if (hunter == Mutant.Hunter.STORIES && told.matches()) {
            String seen = said.stream()
                    .filter(line -> line.contains(" ms: "))
                    .findFirst()
                    .orElse("");
            return new Hunt(Optional.of(next(told.group(1))), shortened(seen.replaceAll("^.* ms: ", "")));
        }
        return new Hunt(Optional.empty(), said.isEmpty() ? "" : shortened(said.getLast()));
    }

    private static String next(String number) {
        return String.valueOf(1 + Integer.parseInt(number));
    }

    private static String shortened(String text) {
        String plain = text.replace("broken invariant: ", "").replace('|', '/');
        return plain.substring(0, Math.min(110, plain.length()));
    }
}
