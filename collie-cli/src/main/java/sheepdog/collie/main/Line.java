package sheepdog.collie.main;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import sheepdog.collie.cli.Getopt;
import sheepdog.collie.command.Commands;

/**
 * A command line in the order in which the model's parser reads it. What getopt finds wrong, and what follows a demand
 * for help, is left out: the values before it are still read, and refused first.
 *
 * @param words     the family, the command, its options, each by its long name with the value attached, the word of a
 *                  second level, the mark of the options' end, the operands
 * @param complaint what getopt says of the line
 */
record Line(List<String> words, Optional<String> complaint) {
    Line {
        words = List.copyOf(words);
    }

    /**
     * @param given   as the user wrote it, from the family on
     * @param permute whether options may follow operands
     */
    static Line of(String program, List<String> given, CommandSpec command, boolean permute) {
        var words = new ArrayList<>(given.subList(0, 2));
        var getopt = new Getopt(program, given.subList(2, given.size()), command.options(), permute);
        try {
            for (var found = getopt.next(); found.isPresent(); found = getopt.next()) {
                OptionSpec option = found.get().option();
                String value = Getopt.takesValue(option) ? "=" + found.get().value() : "";
                words.add(option.longestName() + value);
                if (option.usageHelp()) {
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
        words.add(Commands.END_OF_OPTIONS);
        words.addAll(operands);
        return new Line(words, Optional.empty());
    }
}
