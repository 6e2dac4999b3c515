package sheepdog.collie.cli;

/** The options that every family has: where the sheep is, the form of the output, help. */
public final class CommonOptions {
    private static final int PORT_MAX = 65535;

    public static final OptionSpec ADDRESS = OptionSpec.value(
            'a',
            "address",
            "where the daemon listens (default: localhost)",
            (options, value) -> options.address(value));
    public static final OptionSpec PORT =
            OptionSpec.value('p', "port", "port of the daemon (default: 7000)", CommonOptions::storePort);
    public static final OptionSpec RAW = OptionSpec.flag(
            'r', "raw", "for programs: no headers, single blanks, sizes in bytes", (options, _) -> options.raw(true));
    public static final OptionSpec HELP =
            OptionSpec.flag('h', "help", "print this help", (options, _) -> options.help(true));

    private CommonOptions() {}

    private static void storePort(Options options, String value) {
        options.port(Numbers.leading(value, 1, PORT_MAX)
                .orElseThrow(() -> new CommandException(ExitCode.USAGE, "Invalid port number '" + value + "'")));
    }
}
