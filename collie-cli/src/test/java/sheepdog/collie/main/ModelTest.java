package sheepdog.collie.main;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import sheepdog.collie.command.Model;
import sheepdog.collie.fake.FakeCluster;
import sheepdog.collie.fake.Run;

class ModelTest {
    private static final Model MODEL = Collie.model(InstantSource.system());

    @Test
    void whateverItHasIsDescribed() {
        for (CommandSpec command : commands(MODEL.all())) {
            assertThat(command.usageMessage().description())
                    .as(command.qualifiedName())
                    .hasSize(1);
            for (ArgSpec arg : command.args()) {
                assertThat(arg.description())
                        .as("%s of %s", arg, command.qualifiedName())
                        .hasSize(arg.hidden() ? 0 : 1);
            }
        }
    }

    @Test
    void aCompletionScriptCanBeMadeOfIt() {
        String script = AutoComplete.bash("collie", new CommandLine(MODEL.all()));

        assertThat(script)
                .contains(
                        "'--snapshot'",
                        "'--restore'",
                        "_picocli_collie_vdi_cache_flush",
                        "local commands=\"vdi node cluster\"");
    }

    @Test
    void aLineIsReadWithItsOwnCommandOnly() {
        assertThat(commands(MODEL.only("vdi", "cache")))
                .extracting(CommandSpec::qualifiedName)
                .containsExactly(
                        "collie",
                        "collie vdi",
                        "collie vdi cache",
                        "collie vdi cache flush",
                        "collie vdi cache delete");
        assertThat(commands(MODEL.only("vdi", "nosuch"))).hasSize(2);
        assertThat(commands(MODEL.only("nosuch", "list"))).hasSize(1);
    }

    @Test
    void aValueMayBeWhateverAProcessCanBeGiven() {
        for (String value :
                List.of("--", "-p", "--port=1", "=", "@/etc/passwd", "\"x\"", "'x'", "${sys:user.dir}", "object")) {
            assertThat(collie("vdi", "object", "-s", value, "x").err())
                    .as(value)
                    .isEqualTo("VDI not found\n");
        }
    }

    @Test
    void anOperandMayBeWhateverAProcessCanBeGiven() {
        for (String operand : List.of("--", "-p", "--help", "@/etc/passwd", "\"x\"", "${sys:user.dir}", "\u00ff")) {
            assertThat(collie("vdi", "read", "--", operand).err())
                    .as(operand)
                    .endsWith("Failed to open VDI " + operand + "\n");
        }
    }

    @Test
    void theFirstWrongValueIsTheOneThatIsNamed() {
        assertThat(collie("vdi", "list", "-p", "0", "-p", "7000", "-Z").err()).isEqualTo("Invalid port number '0'\n");
        assertThat(collie("vdi", "object", "-i", "x", "-p", "0").err()).isEqualTo("The index must be an integer\n");
    }

    private static Run collie(String... words) {
        try (var cluster = new FakeCluster(1).formatted()) {
            return Run.collie(cluster, words);
        }
    }

    private static List<CommandSpec> commands(CommandSpec root) {
        var line = root.commandLine() == null ? new CommandLine(root) : root.commandLine();
        var all = new ArrayList<>(List.of(root));
        line.getSubcommands().values().forEach(sub -> all.addAll(commands(sub.getCommandSpec())));
        return all;
    }
}
