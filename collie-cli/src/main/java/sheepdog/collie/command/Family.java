package sheepdog.collie.command;

import java.util.List;
import java.util.function.Predicate;
import java.util.function.Supplier;
import picocli.CommandLine.Model.CommandSpec;

/**
 * A family of commands, such as {@code vdi}.
 *
 * @param commands makes picocli's description of each, in the order of the help
 */
public record Family(String name, String summary, Supplier<List<CommandSpec>> commands) {
    /** The family's description with the commands of the names that are wanted. */
    CommandSpec model(Predicate<String> wanted) {
        var made = commands.get().stream()
                .filter(command -> wanted.test(command.name()))
                .toList();
        return Commands.group(name, summary, made);
    }
}
