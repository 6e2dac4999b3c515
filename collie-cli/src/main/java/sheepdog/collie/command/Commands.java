package sheepdog.collie.command;

import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.ParserSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import sheepdog.commandline.Line;

/**
 * Makes picocli's description of commands: the one model that lines are parsed by, that help is printed from, and that
 * completions and manuals can be made of. By its programmatic interface, for annotations are read by reflection, which
 * a command that lives for a tenth of a second does not have the time for.
 *
 * <p>Its parser gets lines that {@link Line} has put in order. Operands are optional to it, whatever the usage says: whether
 * one is missing is asked only when the node list is there.
 */
public final class Commands {
    private static final ParserSpec PARSER = Line.parser();

    private Commands() {}

    /** The root, or a family of commands: does nothing itself. */
    static CommandSpec group(String name, String summary, List<CommandSpec> commands) {
        var spec = described(CommandSpec.create(), name, summary);
        commands.forEach(command -> spec.addSubcommand(command.name(), command));
        return spec;
    }

    /** A command. Options and operands are in the order of the usage line. */
    public static CommandSpec command(
            String name,
            String summary,
            List<OptionSpec> options,
            List<PositionalParamSpec> operands,
            Handler handler,
            Task.Need... needs) {
        var task = Task.of(handler, needs);
        return withLine(described(CommandSpec.wrapWithoutInspection(task), name, summary), options, operands);
    }

    /**
     * A command whose first operand is one of {@code words}: they are its subcommands, and its options are theirs, too.
     *
     * @param operands those of the words, for the usage line
     */
    public static CommandSpec withWords(
            String name,
            String summary,
            List<OptionSpec> options,
            List<PositionalParamSpec> operands,
            List<CommandSpec> words) {
        var spec = withLine(described(CommandSpec.create(), name, summary), options, operands);
        words.forEach(word -> spec.addSubcommand(word.name(), word));
        return spec;
    }

    /** An operand that the usage line has as it is. */
    public static PositionalParamSpec operand(String label, String summary) {
        return operand("1", label, summary);
    }

    /** An operand that the usage line has in brackets, together with what follows it. */
    public static PositionalParamSpec optional(String label, String summary) {
        return operand("0..1", label, summary);
    }

    private static PositionalParamSpec operand(String arity, String label, String summary) {
        return PositionalParamSpec.builder()
                .type(String.class)
                .arity(arity)
                .paramLabel(label)
                .description(summary)
                .build();
    }

    private static CommandSpec described(CommandSpec spec, String name, String summary) {
        spec.name(name).parser(PARSER).usageMessage().description(summary);
        return spec;
    }

    private static CommandSpec withLine(
            CommandSpec spec, List<OptionSpec> options, List<PositionalParamSpec> operands) {
        options.forEach(spec::addOption);
        for (int index = 0; index < operands.size(); index++) {
            spec.addPositional(operands.get(index).toBuilder().index("" + index).build());
        }
        // More operands than there should be do no harm.
        return spec.addPositional(PositionalParamSpec.builder()
                .type(List.class)
                .auxiliaryTypes(String.class)
                .index(operands.size() + "..*")
                .arity("0..*")
                .hidden(true)
                .build());
    }
}
