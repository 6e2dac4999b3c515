package sheepdog.sheep.main;

import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;
import sheepdog.commandline.Line;
import sheepdog.commandline.OptionSpecs;
import sheepdog.membership.jgroups.JGroupsConfig;
import sheepdog.membership.local.LocalConfig;
import sheepdog.protocol.wire.RecoveryLimit;
import sheepdog.sheep.main.SheepConfig.Driver;
import sheepdog.sheep.main.SheepConfig.LogFormat;
import sheepdog.sheep.recovery.RecoverySettings;

/**
 * The daemon's command line. Options are taken one after another, and the first wrong one ends it, so that a user sees
 * the same message as from the original. Reads nothing but the words given.
 */
final class SheepOptions {
    /** What a command line came to. */
    sealed interface Parsed {
        record Run(SheepConfig config) implements Parsed {}

        /** Text for both streams (complete lines) and the exit code. */
        record End(String out, String err, int exit) implements Parsed {}
    }

    private static final Pattern NUMBER = Pattern.compile("\\s*[+-]?\\d+");
    private static final BigInteger UNSIGNED_LONG_MAX =
            BigInteger.ONE.shiftLeft(64).subtract(BigInteger.ONE);
    private static final long UNSIGNED_INT_MAX = 0xffff_ffffL;
    private static final int JOURNAL_MIB_MIN = 64;
    private static final int PORT_DEFAULT = 7000;
    private static final int PORT_MAX = 0xffff;
    private static final int LEVEL_INFO = 6;
    private static final int LEVEL_DEBUG = 7;

    /** What is understood and checked, but refused. */
    private static final Map<String, String> UNSUPPORTED = Map.of(
            "--directio", "direct I/O (-D)",
            "--journal", "a journal of this kind (-j)",
            "--enable-cache", "the object cache (-w)");

    private final CommandSpec model = CommandSpec.create().name("sheep").parser(Line.parser());
    private final boolean background;
    private final Path workingDirectory;
    private final Supplier<LocalDateTime> now;

    private record IoAddress(InetAddress host, OptionalInt port) {}

    /** Ends the parsing; never leaves this class. */
    private static final class Stop extends RuntimeException {
        private static final long serialVersionUID = 1;
        private final transient Parsed.End end;

        Stop(Parsed.End end) {
            super(null, null, false, false);
            this.end = end;
        }
    }

    private SheepOptions(boolean background, Path workingDirectory, Supplier<LocalDateTime> now) {
        this.background = background;
        this.workingDirectory = workingDirectory;
        this.now = now;
        describe();
    }

    private void describe() {
        value('b', "bindaddr", "listen on this IP address only", null);
        value('c', "cluster", "how sheep find each other: NAME[:OPTION]", null);
        flag('d', "debug", "log everything down to debugging messages");
        flag('D', "directio", "bypass the page cache for data objects");
        flag('f', "foreground", "stay in the foreground");
        value('F', "log-format", "how log lines look: default or json", LogFormat.DEFAULT);
        flag('g', "gateway", "serve clients, but store no objects");
        model.addOption(OptionSpecs.help('h', "help", "show this text and end"));
        value('i', "ioaddr", "second address for traffic between sheep: host=ADDR[,port=N]", null);
        value('j', "journal", "write through a journal: size=N[,dir=PATH][,skip]", null);
        value('l', "loglevel", "how much to log, 0 to 7", LEVEL_INFO);
        flag('n', "nosync", "do not wait for the disk; a power cut loses data");
        flag('o', "stdout", "log to the standard error stream");
        value('p', "port", "TCP port to listen on", PORT_DEFAULT);
        value('P', "pidfile", "write the process id to this file", null);
        value(
                'R',
                "recovery",
                "how recovery goes, whatever was set before: max=N,interval=MS,grace=SECONDS, each optional",
                RecoverySettings.DEFAULT);
        value('s', "disk-space", "pretend to have this much free space, in MiB", null);
        flag('u', "upgrade", "bring an older store directory up to date");
        model.addOption(OptionSpecs.version('v', "version", "show the version and end"));
        value('w', "enable-cache", "cache objects here: size=N[,dir=PATH][,directio]", null);
        value('y', "myaddr", "IP address that other sheep are told", null);
        value('z', "zone", "failure zone, a number", null);
        model.addOption(OptionSpecs.addedValue(
                "metrics",
                "serve /metrics and /health on [HOST:]PORT",
                Object.class,
                null,
                text -> read("metrics", text)));
        model.addOption(OptionSpecs.addedFlag(
                "witness", "store no objects, but vote: the third for two hosts with data (implies -g)"));
        model.addPositional(PositionalParamSpec.builder()
                .type(List.class)
                .auxiliaryTypes(String.class)
                .index("0..*")
                .arity("0..*")
                .paramLabel("PATH")
                .description("store directory")
                .build());
    }

    private void flag(char letter, String name, String summary) {
        model.addOption(OptionSpecs.flag(letter, name, summary));
    }

    private void value(char letter, String name, String summary, Object otherwise) {
        model.addOption(OptionSpecs.value(letter, name, summary, Object.class, otherwise, text -> read(name, text)));
    }

    /** The value of an option, checked. One method for all, for each lambda costs a millisecond of the start. */
    private Object read(String name, String text) {
        return switch (name) {
            case "bindaddr" -> bindAddress(text);
            case "cluster" -> driver(text);
            case "log-format" -> logFormat(text);
            case "ioaddr" -> ioAddress(text);
            case "journal" -> journal(text);
            case "loglevel" -> logLevel(text);
            case "port" -> port(text);
            case "pidfile" -> text;
            case "recovery" -> recovery(text);
            case "disk-space" -> space(text);
            case "enable-cache" -> cache(text);
            case "myaddr" -> advertised(text);
            case "zone" -> zone(text);
            case "metrics" -> metricsAddress(text);
            default -> throw new AssertionError(name);
        };
    }

    /**
     * @param background       whether the sheep leaves the terminal unless {@code -f} says otherwise
     * @param workingDirectory what relative paths start from
     * @param now              for the one complaint that is a log line
     * @param permute          whether options may follow the path
     */
    static Parsed parse(
            List<String> words,
            boolean background,
            Path workingDirectory,
            Supplier<LocalDateTime> now,
            boolean permute) {
        var options = new SheepOptions(background, workingDirectory, now);
        try {
            return options.parse(words, permute);
        } catch (Stop stop) {
            return stop.end;
        }
    }

    private Parsed parse(List<String> words, boolean permute) {
        var line = Line.of(model.name(), List.of(), words, model, permute);
        ParseResult given = line.readBy(new CommandLine(model));
        if (line.complaint().isPresent()) {
            throw refusal(line.complaint().get(), "Try `sheep --help' for more information.");
        }
        if (given.isUsageHelpRequested()) {
            return new Parsed.End(help(), "", 0);
        }
        if (given.isVersionHelpRequested()) {
            return new Parsed.End("Sheepdog daemon version " + Version.text() + "\n", "", 0);
        }
        List<String> arguments = Line.operands(given);
        return new Parsed.Run(config(given, arguments.isEmpty() ? "/tmp" : arguments.getFirst()));
    }

    private SheepConfig config(ParseResult given, String paths) {
        Path base = workingDirectory.resolve(storePath(given, paths)).normalize();
        boolean inBackground = background && !isGiven("foreground");
        // A sheep in the background works in the root directory, and that is what a relative name means to it.
        Path pidBase = inBackground ? Path.of("/") : workingDirectory;
        int port = this.<Integer>option("port").orElseThrow();
        Optional<Integer> zone = option("zone");
        Optional<Long> space = option("disk-space");
        return new SheepConfig(
                base,
                option("bindaddr"),
                port,
                option("myaddr"),
                this.<IoAddress>option("ioaddr")
                        .map(io -> new InetSocketAddress(io.host(), io.port().orElse(port))),
                this.<Driver>option("cluster").orElseGet(() -> new Driver.JGroups(JGroupsConfig.multicast())),
                zone.map(OptionalInt::of).orElseGet(OptionalInt::empty),
                isGiven("gateway") || isGiven("witness"),
                isGiven("witness"),
                !isGiven("nosync"),
                space.map(OptionalLong::of).orElseGet(OptionalLong::empty),
                isGiven("upgrade"),
                this.<String>option("pidfile").map(name -> pidBase.resolve(name).normalize()),
                new SheepConfig.Log(
                        level(given), this.<LogFormat>option("log-format").orElseThrow(), isGiven("stdout")),
                inBackground,
                option("metrics"),
                this.<RecoverySettings>option("recovery").orElseThrow());
    }

    private String storePath(ParseResult given, String paths) {
        // As strtok does: empty parts do not count.
        var parts = Pattern.compile(",")
                .splitAsStream(paths)
                .filter(part -> !part.isEmpty())
                .toList();
        if (parts.isEmpty()) {
            throw refusal("no store directory in '" + paths + "'");
        }
        for (OptionSpec option : given.matchedOptions()) {
            String unsupported = UNSUPPORTED.get(option.longestName());
            if (unsupported != null) {
                throw refusal(unsupported + " is not supported yet");
            }
        }
        if (parts.size() > 1) {
            throw refusal("several object disks are not supported yet");
        }
        return parts.getFirst();
    }

    /** Of -d and -l the last one counts. */
    private int level(ParseResult given) {
        OptionSpec debug = model.findOption("--debug");
        OptionSpec level = model.findOption("--loglevel");
        var last = given.matchedOptions().reversed().stream()
                .filter(option -> option == debug || option == level)
                .findFirst();
        return last.filter(option -> option == debug).isPresent() ? LEVEL_DEBUG : level.getValue();
    }

    private boolean isGiven(String name) {
        return model.findOption("--" + name).getValue();
    }

    private <T> Optional<T> option(String name) {
        return Optional.ofNullable(model.findOption("--" + name).getValue());
    }

    private InetAddress bindAddress(String value) {
        return literal(value)
                .orElseThrow(() -> refusal(LogLine.format(
                        now.get(), "main", "bindAddress", LogLine.callerLine(), "Bad address '" + value + "'")));
    }

    private static Driver driver(String value) {
        int colon = value.indexOf(':');
        String name = colon < 0 ? value : value.substring(0, colon);
        String option = colon < 0 ? "" : value.substring(colon + 1);
        try {
            return switch (name) {
                case "jgroups", "corosync" -> // The same place in the cluster.
                    new Driver.JGroups(JGroupsConfig.parse(option));
                case "local" -> new Driver.Local(LocalConfig.parse(option));
                default ->
                    throw refusal(
                            "Invalid cluster driver '" + value + "'", "Supported drivers: jgroups corosync local");
            };
        } catch (IllegalArgumentException wrong) {
            throw refusal(wrong.getMessage());
        }
    }

    private static int port(String value) {
        return (int) number(value, 1, PORT_MAX, refusal("Invalid port number '" + value + "'"));
    }

    private static InetAddress advertised(String value) {
        return literal(value).orElseThrow(() -> refusal("Invalid address: '" + value + "'"));
    }

    private static int zone(String value) {
        return (int) number(
                value,
                0,
                UNSIGNED_INT_MAX,
                refusal("Invalid zone id '" + value + "': must be an integer between 0 and 4294967295"));
    }

    private static LogFormat logFormat(String value) {
        return switch (value) {
            case "default" -> LogFormat.DEFAULT;
            case "json" -> LogFormat.JSON;
            default -> throw refusal("invalid log format: " + value, "valid options are:", "\tjson", "\tdefault");
        };
    }

    private static int logLevel(String value) {
        return (int)
                number(value, 0, LEVEL_DEBUG, new Stop(new Parsed.End("""
                Available log levels:
                  #    Level           Description
                  0    SDOG_EMERG      system has failed and is unusable
                  1    SDOG_ALERT      action must be taken immediately
                  2    SDOG_CRIT       critical conditions
                  3    SDOG_ERR        error conditions
                  4    SDOG_WARNING    warning conditions
                  5    SDOG_NOTICE     normal but significant conditions
                  6    SDOG_INFO       informational notices
                  7    SDOG_DEBUG      debugging messages
                """, "Invalid log level '" + value + "'\n", 1)));
    }

    private static IoAddress ioAddress(String value) {
        Optional<InetAddress> host = Optional.empty();
        var port = OptionalInt.empty();
        for (String part : parts(value)) {
            if (part.startsWith("host=")) {
                String text = part.substring("host=".length());
                host = Optional.of(literal(text).orElseThrow(() -> refusal("Bad addr: '" + text + "'")));
            } else if (part.startsWith("port=")) {
                String text = part.substring("port=".length());
                port = OptionalInt.of(
                        (int) number(leadingNumber(text), 1, PORT_MAX, refusal("Bad port '" + text + "'")));
            } else {
                throw refusal("invalid paramters " + part + ". Use '-i host=a.b.c.d,port=xxx'");
            }
        }
        return new IoAddress(host.orElseThrow(() -> refusal("Bad addr: ''")), port);
    }

    private static String journal(String value) {
        boolean sized = false;
        for (String part : parts(value)) {
            if (part.startsWith("size=")) {
                String text = part.substring("size=".length());
                number(
                        leadingNumber(text),
                        JOURNAL_MIB_MIN,
                        Long.MAX_VALUE,
                        refusal("invalid size " + text + ", must be bigger than 64(M)"));
                sized = true;
            } else if (!part.startsWith("dir=") && !part.startsWith("skip")) {
                throw refusal("invalid paramters " + part);
            }
        }
        if (!sized) {
            throw refusal("you must specify size for journal");
        }
        return value;
    }

    private static String cache(String value) {
        boolean sized = false;
        for (String part : parts(value)) {
            if (part.startsWith("size=")) {
                String text = part.substring("size=".length());
                long size = number(
                        leadingNumber(text),
                        0,
                        UNSIGNED_INT_MAX,
                        refusal("Invalid object cache option '" + part
                                + "': size must be an integer between 1 and 4294967295 inclusive"));
                sized = size > 0;
            } else if (!part.startsWith("dir=") && !part.startsWith("directio")) {
                throw refusal("invalid object cache arg: " + part);
            }
        }
        if (!sized) {
            throw refusal("object cache size is not set");
        }
        return value;
    }

    /** max and interval as later versions have them; grace is ours. */
    private static RecoverySettings recovery(String value) {
        long max = 0;
        long interval = 0;
        boolean limited = false;
        long grace = RecoverySettings.GRACE.toSeconds();
        for (String part : parts(value)) {
            String text = part.substring(part.indexOf('=') + 1);
            var wrong = refusal("Invalid recovery option '" + part
                    + "': must be max=N, interval=MILLISECONDS or grace=SECONDS, N up to 8, times up to an hour");
            if (part.startsWith("max=")) {
                max = number(text, 0, RecoverySettings.MAX_MAX, wrong);
                limited = true;
            } else if (part.startsWith("interval=")) {
                interval = number(text, 0, RecoverySettings.INTERVAL_MAX.toMillis(), wrong);
                limited = true;
            } else if (part.startsWith("grace=")) {
                grace = number(text, 0, RecoverySettings.INTERVAL_MAX.toSeconds(), wrong);
            } else {
                throw wrong;
            }
        }
        return new RecoverySettings(
                limited ? Optional.of(new RecoveryLimit((int) max, interval)) : Optional.empty(),
                Duration.ofSeconds(grace),
                RecoverySettings.Keeper.NONE);
    }

    private static long space(String value) {
        var mib = NUMBER.matcher(value).matches() ? new BigInteger(value.strip()) : BigInteger.ZERO;
        if (mib.signum() <= 0 || mib.compareTo(UNSIGNED_LONG_MAX) > 0) {
            throw refusal(
                    "Invalid free space size '" + value + "': must be an integer between 0 and 18446744073709551615");
        }
        return mib.shiftLeft(20).min(BigInteger.valueOf(Long.MAX_VALUE)).longValueExact();
    }

    private static InetSocketAddress metricsAddress(String value) {
        int colon = value.lastIndexOf(':');
        String host = colon < 0 ? "127.0.0.1" : value.substring(0, colon).replaceAll("^\\[(.*)]$", "$1");
        var address = literal(host);
        var wrong = refusal("Invalid address for metrics '" + value + "': must be [HOST:]PORT, HOST an IP address");
        long port = number(value.substring(colon + 1), 1, PORT_MAX, wrong);
        return new InetSocketAddress(address.orElseThrow(() -> wrong), (int) port);
    }

    private String help() {
        return "Sheepdog daemon (version " + Version.text() + ")\nUsage: sheep [OPTION]... [PATH]\nOptions:\n"
                + OptionSpecs.table(model);
    }

    /** The leading digits, as a scan takes them; the text itself if there are none. */
    private static String leadingNumber(String text) {
        var matcher = NUMBER.matcher(text);
        return matcher.lookingAt() ? matcher.group() : text;
    }

    /** The number that the text is; throws {@code otherwise} if it is none of that range. */
    private static long number(String text, long min, long max, Stop otherwise) {
        if (!NUMBER.matcher(text).matches()) {
            throw otherwise;
        }
        var value = new BigInteger(text.strip());
        if (value.compareTo(BigInteger.valueOf(min)) < 0 || value.compareTo(BigInteger.valueOf(max)) > 0) {
            throw otherwise;
        }
        return value.longValueExact();
    }

    private static Optional<InetAddress> literal(String text) {
        try {
            // Four parts: the short forms of IPv4 are for another function of the C library.
            return text.contains(":") || text.matches("\\d+(\\.\\d+){3}")
                    ? Optional.of(InetAddress.ofLiteral(text))
                    : Optional.empty();
        } catch (IllegalArgumentException noAddress) {
            return Optional.empty();
        }
    }

    private static List<String> parts(String value) {
        return List.of(value.split(",", -1));
    }

    private static Stop refusal(String... lines) {
        return new Stop(new Parsed.End("", String.join("\n", lines) + "\n", 1));
    }
}
