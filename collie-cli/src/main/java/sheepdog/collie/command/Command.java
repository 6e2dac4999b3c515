package sheepdog.collie.command;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import sheepdog.collie.cli.OptionSpec;

/**
 * One subcommand: everything that dispatch and help need to know of it.
 *
 * @param family   the first word, such as {@code vdi}
 * @param name     the second word
 * @param argument text of its operands in the usage line, may be empty
 * @param summary  one line for the help
 * @param options  in the order of the usage line
 * @param words    its second level; empty if it has none
 * @param needs    what dispatch sees to before the handler runs
 */
public record Command(
        String family,
        String name,
        String argument,
        String summary,
        List<OptionSpec> options,
        List<Word> words,
        Set<Need> needs,
        Handler handler) {
    /** What a handler relies on. */
    public enum Need {
        /** The node list is fetched first; without a cluster to give it the command ends. */
        NODES,
        /** At least one operand, after the word of a second level. */
        ARGUMENT
    }

    /** A word of a second level, such as {@code flush} of {@code vdi cache}. */
    public record Word(String name, String summary, Set<Need> needs, Handler handler) {}

    public Command {
        options = List.copyOf(options);
        words = List.copyOf(words);
        needs = Set.copyOf(needs);
    }

    /** A subcommand without a second level. */
    public static Command of(
            String family,
            String name,
            String argument,
            String summary,
            List<OptionSpec> options,
            Set<Need> needs,
            Handler handler) {
        return new Command(family, name, argument, summary, options, List.of(), needs, handler);
    }

    /** A subcommand whose first operand is one of {@code words}. */
    public static Command ofWords(
            String family, String name, String argument, String summary, List<OptionSpec> options, List<Word> words) {
        Handler never = call -> {
            throw new AssertionError("dispatch runs a word of " + family + " " + name);
        };
        return new Command(family, name, argument, summary, options, words, Set.of(), never);
    }

    /** A set of needs. */
    public static Set<Need> needing(Need... needs) {
        var all = EnumSet.noneOf(Need.class);
        all.addAll(Arrays.asList(needs));
        return all;
    }

    /** The second-level word of that name. */
    public Optional<Word> word(String word) {
        return words.stream().filter(known -> known.name().equals(word)).findFirst();
    }

    /** {@code vdi create}. */
    public String title() {
        return family + " " + name;
    }
}
