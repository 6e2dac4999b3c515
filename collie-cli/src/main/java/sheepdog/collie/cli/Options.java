package sheepdog.collie.cli;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Makes picocli's description of options as all of collie's are: one letter, one long name, which also names the value
 * in the usage line. Each command needs its own, for picocli keeps the value in it.
 */
public final class Options {
    private static final int PORT_MAX = 65535;
    private static final int DEFAULT_PORT = 7000;

    private Options() {}

    /** An option without a value; its value in the model is whether it was given. */
    public static OptionSpec flag(char letter, String name, String summary) {
        return builder(letter, name, summary)
                .type(boolean.class)
                .arity("0")
                .initialValue(false)
                .build();
    }

    /**
     * An option with a value.
     *
     * @param otherwise its value if it is not given, may be null
     * @param read      from the text as given; refuses it with a {@link CommandException}
     */
    public static <T> OptionSpec value(
            char letter, String name, String summary, Class<T> type, T otherwise, ITypeConverter<T> read) {
        return builder(letter, name, summary)
                .type(type)
                .arity("1")
                .paramLabel(name)
                .initialValue(otherwise)
                .converters(read)
                .build();
    }

    /** {@code -a}, text: a host name, an address, or the path of a unix socket. */
    public static OptionSpec address() {
        String summary = "where the daemon listens (default: localhost)";
        return value('a', "address", summary, String.class, "127.0.0.1", text -> text);
    }

    /** {@code -p}, an integer. */
    public static OptionSpec port() {
        String summary = "port of the daemon (default: 7000)";
        return value('p', "port", summary, Integer.class, DEFAULT_PORT, Options::readPort);
    }

    /** {@code -r}. */
    public static OptionSpec raw() {
        return flag('r', "raw", "for programs: no headers, single blanks, sizes in bytes");
    }

    /** {@code -h}. */
    public static OptionSpec help() {
        return builder('h', "help", "print this help")
                .type(boolean.class)
                .arity("0")
                .usageHelp(true)
                .build();
    }

    private static OptionSpec.Builder builder(char letter, String name, String summary) {
        return OptionSpec.builder("-" + letter, "--" + name).description(summary);
    }

    private static int readPort(String text) {
        return Numbers.leading(text, 1, PORT_MAX)
                .orElseThrow(() -> new CommandException(ExitCode.USAGE, "Invalid port number '" + text + "'"));
    }
}
