package sheepdog.commandline;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Makes picocli's description of options as all of them are here: one long name, which also names the value in the
 * usage line, and one letter, which only options that were not there in 2013 do without. Each command needs its own, for
 * picocli keeps the value in it.
 */
public final class OptionSpecs {
    private static final int NAME_COLUMNS = 24;

    private OptionSpecs() {}

    /** An option without a value; its value in the model is whether it was given. */
    public static OptionSpec flag(char letter, String name, String summary) {
        return flag(names(letter, name), summary).initialValue(false).build();
    }

    /** The flag that asks for the usage. What follows it is not read. */
    public static OptionSpec help(char letter, String name, String summary) {
        return flag(names(letter, name), summary).usageHelp(true).build();
    }

    /** The flag that asks for the program's version. What follows it is not read. */
    public static OptionSpec version(char letter, String name, String summary) {
        return flag(names(letter, name), summary).versionHelp(true).build();
    }

    /**
     * An option with a value.
     *
     * @param otherwise its value if it is not given, may be null
     * @param read      from the text as given; refuses it with an unchecked exception, see {@link Line#readBy}
     */
    public static <T> OptionSpec value(
            char letter, String name, String summary, Class<T> type, T otherwise, ITypeConverter<T> read) {
        return value(names(letter, name), summary, type, otherwise, read);
    }

    /** An option with a value that was not there in 2013, and has no letter. */
    public static <T> OptionSpec addedValue(
            String name, String summary, Class<T> type, T otherwise, ITypeConverter<T> read) {
        return value(new String[] {"--" + name}, summary, type, otherwise, read);
    }

    /** An option without a value that was not there in 2013, and has no letter. */
    public static OptionSpec addedFlag(String name, String summary) {
        return flag(new String[] {"--" + name}, summary).initialValue(false).build();
    }

    /** Whether it is one of those of 2013. */
    public static boolean hasLetter(OptionSpec option) {
        return option.names().length > 1;
    }

    /** Whether a value follows the option. */
    public static boolean takesValue(OptionSpec option) {
        return option.arity().max() > 0;
    }

    /** A line of help for each option of a command: its names and what it does. */
    public static String table(CommandSpec command) {
        var text = new StringBuilder();
        for (OptionSpec option : command.options()) {
            text.append(row(
                    (hasLetter(option) ? option.shortestName() + ", " : "    ") + option.longestName(),
                    option.description()[0]));
        }
        return text.toString();
    }

    /** A line of help: a name, padded but never cut, and what it stands for. */
    public static String row(String name, String summary) {
        return "  " + name + " ".repeat(Math.max(0, NAME_COLUMNS - name.length())) + summary + "\n";
    }

    private static String[] names(char letter, String name) {
        return new String[] {"-" + letter, "--" + name};
    }

    private static OptionSpec.Builder flag(String[] names, String summary) {
        return OptionSpec.builder(names)
                .description(summary)
                .type(boolean.class)
                .arity("0");
    }

    private static <T> OptionSpec value(
            String[] names, String summary, Class<T> type, T otherwise, ITypeConverter<T> read) {
        return OptionSpec.builder(names)
                .description(summary)
                .type(type)
                .arity("1")
                .paramLabel(names[names.length - 1].substring(2))
                .initialValue(otherwise)
                .converters(read)
                .build();
    }
}
