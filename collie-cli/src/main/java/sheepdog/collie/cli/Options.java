package sheepdog.collie.cli;

import picocli.CommandLine.Model.OptionSpec;
import sheepdog.commandline.OptionSpecs;

/** The options that many commands have. Each command needs its own, for picocli keeps the value in them. */
public final class Options {
    private static final int PORT_MAX = 65535;
    private static final int DEFAULT_PORT = 7000;

    private Options() {}

    /** {@code -a}, text: a host name, an address, or the path of a unix socket. */
    public static OptionSpec address() {
        String summary = "where the daemon listens (default: localhost)";
        return OptionSpecs.value('a', "address", summary, String.class, "127.0.0.1", text -> text);
    }

    /** {@code -p}, an integer. */
    public static OptionSpec port() {
        String summary = "port of the daemon (default: 7000)";
        return OptionSpecs.value('p', "port", summary, Integer.class, DEFAULT_PORT, Options::readPort);
    }

    /** {@code -r}. */
    public static OptionSpec raw() {
        return OptionSpecs.flag('r', "raw", "for programs: no headers, single blanks, sizes in bytes");
    }

    /** {@code -h}. */
    public static OptionSpec help() {
        return OptionSpecs.help('h', "help", "print this help");
    }

    private static int readPort(String text) {
        return Numbers.leading(text, 1, PORT_MAX)
                .orElseThrow(() -> new CommandException(ExitCode.USAGE, "Invalid port number '" + text + "'"));
    }
}
