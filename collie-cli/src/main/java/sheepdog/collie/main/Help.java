package sheepdog.collie.main;

import java.util.List;
import sheepdog.collie.cli.Columns;
import sheepdog.collie.cli.Console;
import sheepdog.collie.cli.OptionSpec;
import sheepdog.collie.command.Command;

/** The general help and the usage of one subcommand, laid out as scripts and completions parse them. */
final class Help {
    private static final int NAME_COLUMNS = 24;

    private final Console console;

    Help(Console console) {
        this.console = console;
    }

    /** Everything there is, by family. */
    void all(List<Command> commands) {
        console.line("Sheepdog administrator utility");
        console.line("Usage: collie <command> <subcommand> [options]");
        console.line("");
        console.line("Available commands:");
        for (Command command : commands) {
            row(command.title(), command.summary());
            if (command == lastOf("vdi", commands)) {
                console.line("");
            }
        }
        console.line("");
        console.line("");
        console.line("For more information, run 'collie <command> <subcommand> --help'.");
    }

    /** The subcommands of a family, as a complaint. */
    void family(String family, List<Command> commands) {
        console.error("Available " + family + " commands:");
        commands.stream()
                .filter(command -> command.family().equals(family))
                .forEach(command -> console.error("  " + command.title()));
    }

    /** How one subcommand is called. */
    void usage(Command command) {
        var line = new StringBuilder("Usage: collie ").append(command.title());
        if (!command.words().isEmpty()) {
            var names = command.words().stream().map(Command.Word::name).toList();
            line.append(" {").append(String.join("|", names)).append("}");
        }
        for (OptionSpec option : command.options()) {
            line.append(" [-").append(option.letter());
            line.append(option.takesValue() ? " " + option.name() : "").append("]");
        }
        line.append(command.argument().isEmpty() ? "" : " " + command.argument());
        console.line(line.toString());
        if (!command.words().isEmpty()) {
            console.line("Available subcommands:");
            command.words().forEach(word -> row(word.name(), word.summary()));
        }
        console.line("Options:");
        command.options().forEach(option -> row("-" + option.letter() + ", --" + option.name(), option.summary()));
    }

    private void row(String name, String summary) {
        console.line("  " + Columns.left(NAME_COLUMNS, name) + summary);
    }

    private static Command lastOf(String family, List<Command> commands) {
        return commands.stream()
                .filter(command -> command.family().equals(family))
                .toList()
                .getLast();
    }
}
