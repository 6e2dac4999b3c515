package sheepdog.sheep.main;

import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Optional;

/**
 * The program {@code sheep}: reads the options, and runs a sheep or says why not.
 *
 * <p>Exit codes: 0 for an orderly end (a command, TERM, INT, HUP) and after {@code -h} and {@code -v}; 1 for every
 * error. What fails before the sheep leaves the terminal is said on standard error in one line; later failures are in
 * the log only.
 */
public final class SheepMain {
    private SheepMain() {}

    /** Does not return before the sheep has ended; ends the process. */
    public static void main(String[] args) {
        // Set by the start script only.
        String pipe = System.getProperty(Background.PROPERTY);
        Optional<Background> background =
                pipe == null ? Optional.empty() : Optional.of(new Background(Integer.parseInt(pipe)));
        Path workingDirectory = Path.of("").toAbsolutePath();
        boolean permute = System.getenv("POSIXLY_CORRECT") == null;
        var parsed = SheepOptions.parse(
                List.of(args), background.isPresent(), workingDirectory, LocalDateTime::now, permute);
        // No switch over patterns: to link it takes as long as to read the options.
        if (parsed instanceof SheepOptions.Parsed.Run(SheepConfig config)) {
            new SheepProcess(background).run(config);
        } else if (parsed instanceof SheepOptions.Parsed.End(String out, String err, int exit)) {
            System.out.print(out);
            System.out.flush();
            System.err.print(err);
            System.err.flush();
            background.ifPresent(terminal -> terminal.failed(exit));
            System.exit(exit);
        }
    }
}
