package sheepdog.it.chaos;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import sheepdog.it.process.Tools;

/** The command: story after story, each of a minute, until the time is over or one fails. */
public final class ChaosMain {
    private static final Duration STORY = Duration.ofSeconds(60);

    private ChaosMain() {}

    /**
     * Exit status 0 if all went well, 1 if a story failed, 2 if the machine cannot do it.
     *
     * @param arguments minutes, 0 for one story; the seed of the first story, of which the others follow; {@code several} if
     *                  two hosts may join at once; {@code all} if known faults are not left out, or names of faults if
     *                  there shall be no others
     */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        List<String> missing = Chaos.missing();
        if (!missing.isEmpty()) {
            System.err.println("chaos needs: " + missing + "; it-tests/clients/ensure brings nft");
            System.exit(2);
        }
        long minutes = arguments.length > 0 ? Long.parseLong(arguments[0]) : 0;
        long seed = arguments.length > 1 ? Long.parseLong(arguments[1]) : new SecureRandom().nextInt(1_000_000_000);
        var more = new ArrayList<>(List.of(arguments).subList(Math.min(2, arguments.length), arguments.length));
        String rest = String.join(" ", more);
        int spare = more.remove("several") ? 2 : 1;
        var kinds = new ArrayList<>(Fault.takingOut());
        if (!more.remove("all")) {
            kinds.removeAll(Fault.known());
        }
        if (!more.isEmpty()) {
            kinds = new ArrayList<>(more.stream().map(Fault::valueOf).toList());
        }
        long end = System.nanoTime() + Duration.ofMinutes(minutes).toNanos();
        int stories = 0;
        do {
            Path keep = Tools.repository().resolve("it-tests/target/chaos/" + seed);
            Path folder = Files.createTempDirectory("ch");
            Chaos.Report report = Chaos.run(new Chaos.Options(seed, STORY, kinds, spare), folder, keep, System.out);
            delete(folder);
            stories++;
            if (!report.failures().isEmpty()) {
                report.failures().stream().limit(20).forEach(System.out::println);
                System.out.println("chaos: story " + stories + " FAILED; the logs are in " + keep + "; again: "
                        + "it-tests/chaos/run 0 " + seed + " " + rest);
                System.exit(1);
            }
            seed++;
        } while (System.nanoTime() < end);
        System.out.println("chaos: " + stories + " stories, all is well");
        System.exit(0);
    }

    /** With all that is in it. */
    static void delete(Path folder) throws IOException {
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, IOException failed) throws IOException {
                Files.delete(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
