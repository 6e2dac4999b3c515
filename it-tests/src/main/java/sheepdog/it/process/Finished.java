package sheepdog.it.process;

import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * A command that has ended.
 *
 * @param exit status
 */
public record Finished(List<String> command, int exit, byte[] stdout, byte[] stderr) {
    /** What it printed, as UTF-8. */
    public String out() {
        return new String(stdout, StandardCharsets.UTF_8);
    }

    /** What it complained about, as UTF-8. */
    public String err() {
        return new String(stderr, StandardCharsets.UTF_8);
    }

    /**
     * This, if the exit status is 0.
     *
     * @throws AssertionError otherwise, with all that was printed
     */
    public Finished succeeded() {
        if (exit != 0) {
            throw new AssertionError(toString());
        }
        return this;
    }

    @Override
    public String toString() {
        String shown = stdout.length > 4_000 ? "(" + stdout.length + " bytes)" : out();
        return String.join(" ", command) + "\nexit " + exit + "\n--- stdout\n" + shown + "\n--- stderr\n" + err();
    }
}
