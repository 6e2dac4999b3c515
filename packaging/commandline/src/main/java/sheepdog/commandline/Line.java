package sheepdog.commandline;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.ParserSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * A command line in the order in which the model's parser reads it. What getopt finds wrong, and what follows a demand
 * for help or the version, is left out: the values before it are still read, and refused first.
 *
 * @param words     the path to the command, its options, each by its long name with the value attached, the word of a
 *                  further level, the mark of the options' end, the operands
 * @param complaint what getopt says of the line
 */
public record Line(List<String> words, Optional<String> complaint) {
    /** Stands between options and operands: what no argument of a process can be. */
    private static final String END_OF_OPTIONS = "\0";

    public Line {
        words = List.copyOf(words);
    }

    /** How picocli has to read lines; a new description each time. */
    public static ParserSpec parser() {
        return new ParserSpec()
                .endOfOptionsDelimiter(END_OF_OPTIONS)
                .allowOptionsAsOptionParameters(true)
                .allowSubcommandsAsOptionParameters(true)
                .overwrittenOptionsAllowed(true)
                .expandAtFiles(false)
                .trimQuotes(false);
    }

    /**
     * @param program name that getopt's complaints begin with
     * @param path    the words that lead to the command; none if it is the program itself
     * @param given   what follows them, as the user wrote it
     * @param permute whether options may follow operands
     */
    public static Line of(String program, List<String> path, List<String> given, CommandSpec command, boolean permute) {
        var words = new ArrayList<>(path);
        var getopt = new Getopt(program, given, command.options(), permute);
        try {
            for (var found = getopt.next(); found.isPresent(); found = getopt.next()) {
                OptionSpec option = found.get().option();
                String value =
                        OptionSpecs.takesValue(option) ? "=" + found.get().value() : "";
                words.add(option.longestName() + value);
                if (option.usageHelp() || option.versionHelp()) {
                    return new Line(words, Optional.empty());
                }
            }
        } catch (Getopt.Complaint complaint) {
            return new Line(words, Optional.of(complaint.getMessage()));
        }
        List<String> operands = getopt.operands();
        if (!operands.isEmpty() && command.subcommands().containsKey(operands.getFirst())) {
            words.add(operands.getFirst());
            operands = operands.subList(1, operands.size());
        }
        words.add(END_OF_OPTIONS);
        words.addAll(operands);
        return new Line(words, Optional.empty());
    }

    /**
     * Has the values read.
     *
     * @param root of the model in which the path begins; its commands have {@link #parser}
     * @throws RuntimeException what an option's reader refused a value with, the first of the line
     */
    public ParseResult readBy(CommandLine root) {
        try {
            return root.parseArgs(words.toArray(new String[0]));
        } catch (ParameterException wrong) {
            if (wrong.getCause() instanceof RuntimeException refused) {
                throw refused;
            }
            throw wrong;
        }
    }

    /** The operands of the command that was found, in order. */
    public static List<String> operands(ParseResult last) {
        return last.matchedPositionals().stream()
                .distinct()
                .flatMap(operand -> operand.stringValues().stream())
                .toList();
    }
}
