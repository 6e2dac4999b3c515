package sheepdog.collie.cli;

import java.util.function.BiConsumer;

/**
 * One option that a subcommand accepts.
 *
 * @param letter     short form
 * @param name       long form without hyphens; also names the value in the usage line
 * @param takesValue whether a value follows
 * @param summary    for the help
 * @param store      puts the value ("" if it takes none) into the options, or refuses it with a
 *                   {@link CommandException}
 */
public record OptionSpec(
        char letter, String name, boolean takesValue, String summary, BiConsumer<Options, String> store) {
    /** An option without a value. */
    public static OptionSpec flag(char letter, String name, String summary, BiConsumer<Options, String> store) {
        return new OptionSpec(letter, name, false, summary, store);
    }

    /** An option with a value. */
    public static OptionSpec value(char letter, String name, String summary, BiConsumer<Options, String> store) {
        return new OptionSpec(letter, name, true, summary, store);
    }
}
