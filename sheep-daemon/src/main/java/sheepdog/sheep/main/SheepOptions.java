package sheepdog.sheep.main;

import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import sheepdog.sheep.main.SheepConfig.Driver;
import sheepdog.sheep.main.SheepConfig.LogFormat;

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

    private static final List<Getopt.Option> OPTIONS = List.of(
            value('b', "bindaddr", "listen on this IP address only"),
            value('c', "cluster", "how sheep find each other: NAME[:OPTION]"),
            flag('d', "debug", "log everything down to debugging messages"),
            flag('D', "directio", "bypass the page cache for data objects"),
            flag('f', "foreground", "stay in the foreground"),
            value('F', "log-format", "how log lines look: default or json"),
            flag('g', "gateway", "serve clients, but store no objects"),
            flag('h', "help", "show this text and end"),
            value('i', "ioaddr", "second address for traffic between sheep: host=ADDR[,port=N]"),
            value('j', "journal", "write through a journal: size=N[,dir=PATH][,skip]"),
            value('l', "loglevel", "how much to log, 0 to 7"),
            flag('n', "nosync", "do not wait for the disk; a power cut loses data"),
            flag('o', "stdout", "log to the standard error stream"),
            value('p', "port", "TCP port to listen on"),
            value('P', "pidfile", "write the process id to this file"),
            value('s', "disk-space", "pretend to have this much free space, in MiB"),
            flag('u', "upgrade", "bring an older store directory up to date"),
            flag('v', "version", "show the version and end"),
            value('w', "enable-cache", "cache objects here: size=N[,dir=PATH][,directio]"),
            value('y', "myaddr", "IP address that other sheep are told"),
            value('z', "zone", "failure zone, a number"),
            new Getopt.Option('\0', "metrics", true, false, "serve /metrics and /health on [HOST:]PORT"));

    private static final Pattern NUMBER = Pattern.compile("\\s*[+-]?\\d+");
    private static final BigInteger UNSIGNED_LONG_MAX =
            BigInteger.ONE.shiftLeft(64).subtract(BigInteger.ONE);
    private static final long UNSIGNED_INT_MAX = 0xffff_ffffL;
    private static final int JOURNAL_MIB_MIN = 64;

    private final boolean background;
    private final Path workingDirectory;
    private final Supplier<LocalDateTime> now;

    private Optional<InetAddress> bind = Optional.empty();
    private int port = 7000;
    private Optional<InetAddress> advertised = Optional.empty();
    private Optional<IoAddress> io = Optional.empty();
    private Driver driver = Driver.JGROUPS;
    private String driverOption = "";
    private OptionalInt zone = OptionalInt.empty();
    private boolean gateway;
    private boolean sync = true;
    private OptionalLong spaceBytes = OptionalLong.empty();
    private boolean upgrade;
    private boolean foreground;
    private Optional<String> pidFile = Optional.empty();
    private int logLevel = 6;
    private LogFormat logFormat = LogFormat.DEFAULT;
    private boolean logToStderr;
    private Optional<InetSocketAddress> metrics = Optional.empty();
    private final List<String> unsupported = new ArrayList<>();

    private record IoAddress(InetAddress host, OptionalInt port) {}

    /** Ends the parsing; never leaves this class. */
    private static final class Stop extends Exception {
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
    }

    /**
     * @param background       whether the sheep leaves the terminal unless {@code -f} says otherwise
     * @param workingDirectory what relative paths start from
     * @param now              for the one complaint that is a log line
     */
    static Parsed parse(List<String> words, boolean background, Path workingDirectory, Supplier<LocalDateTime> now) {
        var options = new SheepOptions(background, workingDirectory, now);
        var arguments = new ArrayList<String>();
        try {
            for (var item : new Getopt("sheep", OPTIONS).parse(words)) {
                switch (item) {
                    case Getopt.Item.Given given -> options.take(given.option(), given.value());
                    case Getopt.Item.Argument argument -> arguments.add(argument.text());
                    case Getopt.Item.Fault fault ->
                        throw refusal(fault.message(), "Try `sheep --help' for more information.");
                }
            }
            return new Parsed.Run(options.config(arguments.isEmpty() ? "/tmp" : arguments.getFirst()));
        } catch (Stop stop) {
            return stop.end;
        }
    }

    private void take(Getopt.Option option, String value) throws Stop {
        switch (option.name()) {
            case "bindaddr" -> bind = Optional.of(bindAddress(value));
            case "cluster" -> cluster(value);
            case "debug" -> logLevel = 7;
            case "directio" -> unsupported.add("direct I/O (-D)");
            case "foreground" -> foreground = true;
            case "log-format" -> logFormat = logFormat(value);
            case "gateway" -> gateway = true;
            case "help" -> throw new Stop(new Parsed.End(help(), "", 0));
            case "ioaddr" -> io = Optional.of(ioAddress(value));
            case "journal" -> journal(value);
            case "loglevel" -> logLevel = logLevel(value);
            case "nosync" -> sync = false;
            case "stdout" -> logToStderr = true;
            case "port" -> port = (int) number(value, 1, 0xffff, refusal("Invalid port number '" + value + "'"));
            case "pidfile" -> pidFile = Optional.of(value);
            case "disk-space" -> spaceBytes = OptionalLong.of(space(value));
            case "upgrade" -> upgrade = true;
            case "version" -> throw new Stop(new Parsed.End("Sheepdog daemon version " + Version.text() + "\n", "", 0));
            case "enable-cache" -> cache(value);
            case "myaddr" ->
                advertised = Optional.of(literal(value).orElseThrow(() -> refusal("Invalid address: '" + value + "'")));
            case "zone" ->
                zone = OptionalInt.of((int) number(
                        value,
                        0,
                        UNSIGNED_INT_MAX,
                        refusal("Invalid zone id '" + value + "': must be an integer between 0 and 4294967295")));
            case "metrics" -> metrics = Optional.of(metricsAddress(value));
            default -> throw new AssertionError(option.name());
        }
    }

    private SheepConfig config(String paths) throws Stop {
        // As strtok does: empty parts do not count.
        var parts = Pattern.compile(",")
                .splitAsStream(paths)
                .filter(part -> !part.isEmpty())
                .toList();
        if (parts.isEmpty()) {
            throw refusal("no store directory in '" + paths + "'");
        }
        if (parts.size() > 1) {
            unsupported.add("several object disks");
        }
        if (!unsupported.isEmpty()) {
            throw refusal(unsupported.getFirst() + (parts.size() > 1 && unsupported.size() == 1 ? " are" : " is")
                    + " not supported yet");
        }
        Path base = workingDirectory.resolve(parts.getFirst()).normalize();
        boolean inBackground = background && !foreground;
        // A sheep in the background works in the root directory, and that is what a relative name means to it.
        Path pidBase = inBackground ? Path.of("/") : workingDirectory;
        return new SheepConfig(
                base,
                bind,
                port,
                advertised,
                io.map(given -> new InetSocketAddress(given.host(), given.port().orElse(port))),
                driver,
                driverOption,
                zone,
                gateway,
                sync,
                spaceBytes,
                upgrade,
                pidFile.map(name -> pidBase.resolve(name).normalize()),
                new SheepConfig.Log(logLevel, logFormat, logToStderr),
                inBackground,
                metrics);
    }

    private InetAddress bindAddress(String value) throws Stop {
        return literal(value)
                .orElseThrow(() -> refusal(LogLine.format(
                        now.get(), "main", "bindAddress", LogLine.callerLine(), "Bad address '" + value + "'")));
    }

    private void cluster(String value) throws Stop {
        int colon = value.indexOf(':');
        String name = colon < 0 ? value : value.substring(0, colon);
        driverOption = colon < 0 ? "" : value.substring(colon + 1);
        driver = switch (name) {
            case "jgroups" -> Driver.JGROUPS;
            case "corosync" -> { // The same place in the cluster; it never had an option.
                if (!driverOption.isEmpty()) {
                    throw refusal("the corosync driver takes no option; use jgroups:" + driverOption);
                }
                yield Driver.JGROUPS;
            }
            case "local" -> Driver.LOCAL;
            default ->
                throw refusal("Invalid cluster driver '" + value + "'", "Supported drivers: jgroups corosync local");
        };
    }

    private static LogFormat logFormat(String value) throws Stop {
        return switch (value) {
            case "default" -> LogFormat.DEFAULT;
            case "json" -> LogFormat.JSON;
            default -> throw refusal("invalid log format: " + value, "valid options are:", "\tjson", "\tdefault");
        };
    }

    private static int logLevel(String value) throws Stop {
        return (int) number(value, 0, 7, new Stop(new Parsed.End("""
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

    private static IoAddress ioAddress(String value) throws Stop {
        Optional<InetAddress> host = Optional.empty();
        var port = OptionalInt.empty();
        for (String part : parts(value)) {
            if (part.startsWith("host=")) {
                String text = part.substring("host=".length());
                host = Optional.of(literal(text).orElseThrow(() -> refusal("Bad addr: '" + text + "'")));
            } else if (part.startsWith("port=")) {
                String text = part.substring("port=".length());
                port = OptionalInt.of((int) number(leadingNumber(text), 1, 0xffff, refusal("Bad port '" + text + "'")));
            } else {
                throw refusal("invalid paramters " + part + ". Use '-i host=a.b.c.d,port=xxx'");
            }
        }
        return new IoAddress(host.orElseThrow(() -> refusal("Bad addr: ''")), port);
    }

    private void journal(String value) throws Stop {
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
        unsupported.add("a journal of this kind (-j)");
    }

    private void cache(String value) throws Stop {
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
        unsupported.add("the object cache (-w)");
    }

    private static long space(String value) throws Stop {
        var mib = NUMBER.matcher(value).matches() ? new BigInteger(value.strip()) : BigInteger.ZERO;
        if (mib.signum() <= 0 || mib.compareTo(UNSIGNED_LONG_MAX) > 0) {
            throw refusal(
                    "Invalid free space size '" + value + "': must be an integer between 0 and 18446744073709551615");
        }
        return mib.shiftLeft(20).min(BigInteger.valueOf(Long.MAX_VALUE)).longValueExact();
    }

    private static InetSocketAddress metricsAddress(String value) throws Stop {
        int colon = value.lastIndexOf(':');
        String host = colon < 0 ? "127.0.0.1" : value.substring(0, colon).replaceAll("^\\[(.*)]$", "$1");
        var address = literal(host);
        var wrong = refusal("Invalid address for metrics '" + value + "': must be [HOST:]PORT, HOST an IP address");
        long port = number(value.substring(colon + 1), 1, 0xffff, wrong);
        return new InetSocketAddress(address.orElseThrow(() -> wrong), (int) port);
    }

    private static String help() {
        var text = new StringBuilder(
                "Sheepdog daemon (version " + Version.text() + ")\n" + "Usage: sheep [OPTION]... [PATH]\nOptions:\n");
        for (var option : OPTIONS) {
            text.append(option.letter() == 0 ? "      " : "  -" + option.letter() + ", ");
            text.append(String.format("--%-18s%s%n", option.name(), option.description()));
        }
        return text.toString();
    }

    /** The leading digits, as a scan takes them; the text itself if there are none. */
    private static String leadingNumber(String text) {
        var matcher = NUMBER.matcher(text);
        return matcher.lookingAt() ? matcher.group() : text;
    }

    /** @throws Stop {@code otherwise}, if the text is no number of that range */
    private static long number(String text, long min, long max, Stop otherwise) throws Stop {
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

    private static Getopt.Option flag(char letter, String name, String description) {
        return new Getopt.Option(letter, name, false, true, description);
    }

    private static Getopt.Option value(char letter, String name, String description) {
        return new Getopt.Option(letter, name, true, true, description);
    }
}
