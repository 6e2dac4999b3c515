package sheepdog.collie.main;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import sheepdog.collie.fake.FakeCluster;
import sheepdog.collie.fake.Run;

/** Layout of the help, which completions parse: all but the summaries, which are our own. */
class HelpTest {
    private static final List<String> VDI = List.of(
            "check",
            "create",
            "snapshot",
            "clone",
            "delete",
            "rollback",
            "list",
            "tree",
            "graph",
            "object",
            "track",
            "setattr",
            "getattr",
            "resize",
            "read",
            "write",
            "flush",
            "backup",
            "restore",
            "cache");
    private static final List<String> NODE = List.of("kill", "list", "info", "recovery", "cache", "md", "drain");
    private static final List<String> CLUSTER = List.of("info", "format", "shutdown", "snapshot", "recover");

    private static Run collie(String... words) {
        try (var nobody = new FakeCluster(0)) {
            return Run.collie(nobody, words);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "help", "vdi", "debug", "--help", "nosuch"})
    void lessThanTwoWordsGiveTheGeneralHelp(String word) {
        Run run = word.isEmpty() ? collie() : collie(word);

        var expected = new ArrayList<>(List.of(
                "Sheepdog administrator utility",
                "Usage: collie <command> <subcommand> [options]",
                "",
                "Available commands:"));
        VDI.forEach(name -> expected.add("  vdi " + name));
        expected.add("");
        NODE.forEach(name -> expected.add("  node " + name));
        CLUSTER.forEach(name -> expected.add("  cluster " + name));
        expected.addAll(List.of("", "", "For more information, run 'collie <command> <subcommand> --help'."));
        assertThat(withoutSummaries(run.out())).isEqualTo(expected);
        assertThat(run.err()).isEmpty();
        assertThat(run.status()).isZero();
    }

    @Test
    void anUnknownCommandPointsToTheHelp() {
        assertThat(collie("nosuch", "cmd"))
                .isEqualTo(new Run("", "Invalid command 'nosuch'\nTry 'collie --help' for more information.\n", 64));
        assertThat(collie("debug", "help").err()).startsWith("Invalid command 'debug'\n");
    }

    @Test
    void anUnknownSubcommandGetsTheListOfItsFamilyOnStderr() {
        assertThat(collie("node", "nosuch"))
                .isEqualTo(new Run("", "Invalid command 'node nosuch'\n" + family("node", NODE), 64));
        assertThat(collie("cluster", "check", "--help"))
                .isEqualTo(new Run("", "Invalid command 'cluster check'\n" + family("cluster", CLUSTER), 64));
        assertThat(collie("vdi", "help")).isEqualTo(new Run("", family("vdi", VDI), 64));
        assertThat(collie("vdi", "--help")).isEqualTo(new Run("", family("vdi", VDI), 64));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '"',
            value = {
                "vdi check; [-s snapshot] [-a address] [-p port] [-h] <vdiname>",
                "vdi create; [-P] [-c copies] [-a address] [-p port] [-h] <vdiname> <size>",
                "vdi snapshot; [-s snapshot] [-a address] [-p port] [-h] <vdiname>",
                "vdi clone; [-s snapshot] [-P] [-c copies] [-a address] [-p port] [-h] <src vdi> <dst vdi>",
                "vdi delete; [-s snapshot] [-a address] [-p port] [-h] <vdiname>",
                "vdi rollback; [-s snapshot] [-a address] [-p port] [-h] <vdiname>",
                "vdi list; [-a address] [-p port] [-r] [-h] [vdiname]",
                "vdi tree; [-a address] [-p port] [-h]",
                "vdi graph; [-a address] [-p port] [-h]",
                "vdi object; [-i index] [-s snapshot] [-a address] [-p port] [-h] <vdiname>",
                "vdi track; [-i index] [-s snapshot] [-a address] [-p port] [-h] <vdiname>",
                "vdi setattr; [-d] [-x] [-a address] [-p port] [-h] <vdiname> <key> [value]",
                "vdi getattr; [-a address] [-p port] [-h] <vdiname> <key>",
                "vdi resize; [-a address] [-p port] [-h] <vdiname> <new size>",
                "vdi read; [-s snapshot] [-a address] [-p port] [-h] <vdiname> [<offset> [<len>]]",
                "vdi write; [-a address] [-p port] [-w] [-h] <vdiname> [<offset> [<len>]]",
                "vdi flush; [-a address] [-p port] [-h] <vdiname>",
                "vdi backup; [-s snapshot] [-F from] [-a address] [-p port] [-h] <vdiname> <backup>",
                "vdi restore; [-s snapshot] [-a address] [-p port] [-h] <vdiname> <backup>",
                "vdi cache; {flush|delete} [-s snapshot] [-a address] [-p port] [-h] <vdiname>",
                "node kill; [-a address] [-p port] [-r] [-h] <node id>",
                "node list; [-a address] [-p port] [-r] [-h]",
                "node info; [-a address] [-p port] [-r] [-h]",
                "node recovery; [-a address] [-p port] [-r] [-P] [-j] [-A] [-h]"
                        + " [set-throttle|get-throttle [max [interval]]]",
                "node cache; [-a address] [-p port] [-r] [-h] <cache size>",
                "node md; {info|plug|unplug} [-a address] [-p port] [-A] [-h] [disks]",
                "node drain; [-a address] [-c] [-f] [-n] [-p port] [-h] <node id>",
                "cluster info; [-a address] [-p port] [-r] [-v] [-h]",
                "cluster format; [-b store] [-c copies] [-m mode] [-a address] [-p port] [-h]",
                "cluster shutdown; [-a address] [-p port] [-h]",
                "cluster snapshot; [-a address] [-R restore] [-l] [-p port] [-h]",
                "cluster recover; {force|enable|disable|lost} [-a address] [-f] [-p port] [-A] [-l] [-j] [-V vdi] [-h] [oid]",
            })
    void everySubcommandHasItsUsage(String title, String usage) {
        String[] words = title.strip().split(" ");

        Run run = collie(words[0], words[1], "--help");

        List<String> lines = withoutSummaries(run.out());
        assertThat(lines.getFirst()).isEqualTo("Usage: collie " + title.strip() + " " + usage.strip());
        assertThat(lines)
                .contains("Options:", "  -a, --address", "  -p, --port")
                .endsWith("  -h, --help");
        assertThat(run.out().lines().filter(line -> line.startsWith("  -")))
                .allMatch(line -> line.substring(25, 26).isBlank()
                        && !line.substring(26, 27).isBlank());
        assertThat(run.err()).isEmpty();
        assertThat(run.status()).isZero();
    }

    @Test
    void helpIsGivenAsSoonAsItIsMet() {
        assertThat(collie("vdi", "create", "-h", "-Z").status()).isZero();
        assertThat(collie("vdi", "create", "-Z", "-h").status()).isEqualTo(64);
        assertThat(collie("vdi", "list", "-p", "0", "-h")).isEqualTo(new Run("", "Invalid port number '0'\n", 64));
    }

    @Test
    void aMissingArgumentGivesTheUsageOnStdout() {
        Run run = collie("vdi", "snapshot");

        assertThat(run.out()).startsWith("Usage: collie vdi snapshot ");
        assertThat(run.status()).isEqualTo(64);
    }

    @Test
    void secondLevelsTellAMissingWordFromAWrongOne() {
        assertThat(collie("vdi", "cache")).satisfies(run -> {
            assertThat(run.out())
                    .startsWith("Usage: collie vdi cache {flush|delete} ")
                    .contains("\n  flush    ");
            assertThat(run.status()).isEqualTo(64);
        });
        assertThat(collie("node", "md", "nosuch").status()).isEqualTo(1);
        assertThat(collie("vdi", "cache", "flush").status()).isEqualTo(64);
    }

    private static String family(String family, List<String> names) {
        var text = new StringBuilder("Available " + family + " commands:\n");
        names.forEach(name ->
                text.append("  ").append(family).append(" ").append(name).append("\n"));
        return text.toString();
    }

    /** Rows are cut behind their 26th column, where the summary begins. */
    private static List<String> withoutSummaries(String text) {
        return text.lines()
                .map(line -> line.startsWith("  ") ? line.substring(0, Math.min(26, line.length())) : line)
                .map(String::stripTrailing)
                .toList();
    }
}
