package sheepdog.collie.main;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.Console;
import sheepdog.collie.cli.Dates;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.cli.Getopt;
import sheepdog.collie.cli.Options;
import sheepdog.collie.client.Cluster;
import sheepdog.collie.command.Command;
import sheepdog.collie.command.Handler;
import sheepdog.collie.command.Invocation;

/**
 * Finds the command of a line, parses its options, sees to what it needs, and runs it. The order of the checks is an
 * interface: it decides which complaint a wrong line gets.
 */
final class Dispatch {
    private static final String PROGRAM = "collie";
    private static final String TRY_HELP = "Try 'collie --help' for more information.";

    private final List<Command> commands;
    private final Console console;
    private final Dates dates;
    private final boolean permute;
    private final Function<Options, Cluster> connect;
    private final Help help;

    /**
     * @param permute whether options may follow operands
     * @param connect makes the cluster that the options name; opens no connection yet
     */
    Dispatch(
            List<Command> commands, Console console, Dates dates, boolean permute, Function<Options, Cluster> connect) {
        this.commands = List.copyOf(commands);
        this.console = console;
        this.dates = dates;
        this.permute = permute;
        this.connect = connect;
        this.help = new Help(console);
    }

    /** Runs one line, prints what there is to print but for the held-back output, and returns the exit status. */
    ExitCode run(List<String> words) {
        try {
            return find(words);
        } catch (CommandException ended) {
            ended.lines().forEach(console::error);
            return ended.code();
        }
    }

    private ExitCode find(List<String> words) {
        if (words.size() < 2) {
            help.all(commands);
            return ExitCode.SUCCESS;
        }
        String family = words.get(0);
        String name = words.get(1);
        if (commands.stream().noneMatch(known -> known.family().equals(family))) {
            throw new CommandException(ExitCode.USAGE, "Invalid command '" + family + "'", TRY_HELP);
        }
        var command = commands.stream()
                .filter(known -> known.family().equals(family) && known.name().equals(name))
                .findFirst();
        if (command.isEmpty()) {
            if (!name.equals("help") && !name.equals("--help")) {
                console.error("Invalid command '" + family + " " + name + "'");
            }
            help.family(family, commands);
            return ExitCode.USAGE;
        }
        return parse(command.get(), words.subList(2, words.size()));
    }

    private ExitCode parse(Command command, List<String> words) {
        var options = new Options();
        var getopt = new Getopt(PROGRAM, words, command.options(), permute);
        try {
            for (var found = getopt.next(); found.isPresent(); found = getopt.next()) {
                found.get().option().store().accept(options, found.get().value());
                if (options.help()) {
                    help.usage(command);
                    return ExitCode.SUCCESS;
                }
            }
        } catch (Getopt.Complaint complaint) {
            throw new CommandException(ExitCode.USAGE, complaint.getMessage(), TRY_HELP);
        }
        List<String> operands = getopt.operands();
        if (command.words().isEmpty()) {
            return execute(command, command.needs(), command.handler(), options, operands);
        }
        if (operands.isEmpty()) {
            return usage(command, ExitCode.USAGE);
        }
        Optional<Command.Word> word = command.word(operands.getFirst());
        if (word.isEmpty()) {
            return usage(command, ExitCode.FAILURE);
        }
        List<String> arguments = operands.subList(1, operands.size());
        return execute(command, word.get().needs(), word.get().handler(), options, arguments);
    }

    private ExitCode execute(
            Command command, Set<Command.Need> needs, Handler handler, Options options, List<String> arguments) {
        try (Cluster cluster = connect.apply(options)) {
            if (needs.contains(Command.Need.NODES)) {
                cluster.fetchNodes();
            }
            if (needs.contains(Command.Need.ARGUMENT) && arguments.isEmpty()) {
                return usage(command, ExitCode.USAGE);
            }
            return handler.run(new Invocation(options, arguments, console, dates, cluster));
        }
    }

    private ExitCode usage(Command command, ExitCode code) {
        help.usage(command);
        return code;
    }
}
