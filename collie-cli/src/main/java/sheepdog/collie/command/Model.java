package sheepdog.collie.command;

import java.util.List;
import java.util.function.Predicate;
import picocli.CommandLine.Model.CommandSpec;

/**
 * Everything that collie understands, as picocli's description of commands. To describe and attach them all takes
 * longer than the rest of a command, so a line is read with its own command only.
 *
 * @param families in the order of the help
 */
public record Model(String program, String summary, List<Family> families) {
    public Model {
        families = List.copyOf(families);
    }

    /** All there is: for help, completions, manuals. A new description each time. */
    public CommandSpec all() {
        return of(_ -> true, _ -> true);
    }

    /** The way to one command. Where there is none of that name, the description ends above it. */
    public CommandSpec only(String family, String command) {
        return of(family::equals, command::equals);
    }

    private CommandSpec of(Predicate<String> family, Predicate<String> command) {
        var made = families.stream()
                .filter(known -> family.test(known.name()))
                .map(known -> known.model(command))
                .toList();
        return Commands.group(program, summary, made);
    }
}
