package sheepdog.collie.fake;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Replays a file of recorded commands, one after the other, and compares all they print.
 *
 * <pre>
 *  # comment
 *  $ [echo TEXT | | head -c N data |] collie WORD... [ 'quoted word' ]
 *  --- stdout
 *  --- stderr
 *  --- exit N
 * </pre>
 *
 * The {@code data} of {@code head} are pseudo-random bytes.
 */
public final class Golden {
    private record Step(String command, String out, String err, int status) {}

    private final List<Step> steps = new ArrayList<>();

    private Golden() {}

    /** Runs every command of a file on a cluster; gives how many there were. */
    public static int replay(String file, FakeCluster cluster) {
        var golden = new Golden();
        golden.parse(file);
        for (Step step : golden.steps) {
            Run run = run(cluster, step.command);
            assertThat(new Step(step.command, run.out(), run.err(), run.status()))
                    .as("%s: %s", file, step.command)
                    .isEqualTo(step);
        }
        return golden.steps.size();
    }

    private void parse(String file) {
        String command = "";
        var out = new StringBuilder();
        var err = new StringBuilder();
        StringBuilder section = out;
        for (String line : read(file).split("\n")) {
            if (line.startsWith("$ ")) {
                command = line.substring(2);
                out.setLength(0);
                err.setLength(0);
            } else if (line.equals("--- stdout")) {
                section = out;
            } else if (line.equals("--- stderr") || line.endsWith("--- stderr")) {
                // Output without a newline at its end has the next heading on its line.
                section.append(line, 0, line.length() - "--- stderr".length());
                section = err;
            } else if (line.startsWith("--- exit ")) {
                steps.add(new Step(command, out.toString(), err.toString(), Integer.parseInt(line.substring(9))));
                command = "";
            } else if (!command.isEmpty()) {
                section.append(line).append('\n');
            }
        }
    }

    private static String read(String file) {
        try (var in = Golden.class.getResourceAsStream("/golden/" + file)) {
            return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private static Run run(FakeCluster cluster, String command) {
        byte[] stdin = new byte[0];
        String collie = command;
        if (command.startsWith("echo ")) {
            int bar = command.indexOf(" | ");
            stdin = (command.substring(5, bar) + "\n").getBytes(StandardCharsets.ISO_8859_1);
            collie = command.substring(bar + 3);
        } else if (command.startsWith("head -c ")) {
            int bar = command.indexOf(" | ");
            stdin = new byte[Integer.parseInt(command.substring(8, command.indexOf(" data")))];
            new Random(1).nextBytes(stdin);
            collie = command.substring(bar + 3);
        }
        List<String> words = split(collie);
        assertThat(words.getFirst()).isEqualTo("collie");
        return Run.collie(
                cluster.network(), stdin, words.subList(1, words.size()).toArray(String[]::new));
    }

    private static List<String> split(String command) {
        var words = new ArrayList<String>();
        int at = 0;
        while (at < command.length()) {
            boolean quoted = command.charAt(at) == '\'';
            int end = command.indexOf(quoted ? '\'' : ' ', at + 1);
            end = end < 0 ? command.length() : end;
            words.add(command.substring(quoted ? at + 1 : at, end));
            at = end + (quoted ? 2 : 1);
        }
        return words;
    }
}
