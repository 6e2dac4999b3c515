package sheepdog.collie.main;

import java.util.List;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;
import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.Console;
import sheepdog.collie.cli.Dates;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.client.Cluster;
import sheepdog.collie.client.SheepAddress;
import sheepdog.collie.command.Invocation;
import sheepdog.collie.command.Model;
import sheepdog.collie.command.Task;
import sheepdog.commandline.Line;

/**
 * Finds the command of a line in the model, lets the model's parser read its options and operands, sees to what the
 * command needs, and runs it. The order of the checks is an interface: it decides which complaint a wrong line gets.
 *
 * <p>Runs the command by itself, not by {@link CommandLine#execute}, which prints whatever is thrown on its own.
 */
final class Dispatch {
    private static final String TRY_HELP = "Try 'collie --help' for more information.";

    private final Model model;
    private final Console console;
    private final Dates dates;
    private final boolean permute;
    private final Function<SheepAddress, Cluster> connect;

    /**
     * @param permute whether options may follow operands
     * @param connect makes the cluster that a sheep belongs to; opens no connection yet
     */
    Dispatch(Model model, Console console, Dates dates, boolean permute, Function<SheepAddress, Cluster> connect) {
        this.model = model;
        this.console = console;
        this.dates = dates;
        this.permute = permute;
        this.connect = connect;
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
            console.print(Usage.general(new CommandLine(model.all())));
            return ExitCode.SUCCESS;
        }
        String name = words.get(1);
        var root = new CommandLine(model.only(words.get(0), name));
        CommandLine family = root.getSubcommands().get(words.get(0));
        if (family == null) {
            throw new CommandException(ExitCode.USAGE, "Invalid command '" + words.get(0) + "'", TRY_HELP);
        }
        CommandLine command = family.getSubcommands().get(name);
        if (command == null) {
            if (!name.equals("help") && !name.equals("--help")) {
                console.error("Invalid command '" + words.get(0) + " " + name + "'");
            }
            CommandLine whole = new CommandLine(model.all()).getSubcommands().get(words.get(0));
            throw new CommandException(ExitCode.USAGE, Usage.family(whole).stripTrailing());
        }
        return parse(root, command.getCommandSpec(), words);
    }

    private ExitCode parse(CommandLine root, CommandSpec command, List<String> words) {
        var line =
                Line.of(root.getCommandName(), words.subList(0, 2), words.subList(2, words.size()), command, permute);
        ParseResult parsed = line.readBy(root).subcommand().subcommand();
        if (line.complaint().isPresent()) {
            throw new CommandException(ExitCode.USAGE, line.complaint().get(), TRY_HELP);
        }
        if (parsed.isUsageHelpRequested()) {
            return usage(command, ExitCode.SUCCESS);
        }
        ParseResult last = parsed.hasSubcommand() ? parsed.subcommand() : parsed;
        List<String> operands = Line.operands(last);
        if (last.commandSpec().userObject() instanceof Task task) {
            return execute(command, task, operands);
        }
        return usage(command, operands.isEmpty() ? ExitCode.USAGE : ExitCode.FAILURE);
    }

    private ExitCode execute(CommandSpec command, Task task, List<String> operands) {
        String address = command.findOption("--address").getValue();
        int port = command.findOption("--port").getValue();
        try (Cluster cluster = connect.apply(new SheepAddress(address, port))) {
            if (task.needs().contains(Task.Need.NODES)) {
                cluster.fetchNodes();
            }
            if (task.needs().contains(Task.Need.OPERAND) && operands.isEmpty()) {
                return usage(command, ExitCode.USAGE);
            }
            return task.handler().run(new Invocation(command, operands, console, dates, cluster));
        }
    }

    private ExitCode usage(CommandSpec command, ExitCode code) {
        console.print(Usage.command(command));
        return code;
    }
}
