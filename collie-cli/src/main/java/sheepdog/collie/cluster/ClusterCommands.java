package sheepdog.collie.cluster;

import static sheepdog.collie.cli.Options.address;
import static sheepdog.collie.cli.Options.help;
import static sheepdog.collie.cli.Options.port;
import static sheepdog.collie.cli.Options.raw;
import static sheepdog.collie.command.Commands.command;
import static sheepdog.collie.command.Commands.optional;
import static sheepdog.collie.command.Commands.withWords;
import static sheepdog.collie.command.Task.Need.NODES;

import java.math.BigInteger;
import java.time.InstantSource;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.cli.Numbers;
import sheepdog.collie.command.Family;
import sheepdog.collie.command.Handler;
import sheepdog.collie.command.Unsupported;
import sheepdog.commandline.OptionSpecs;

/** The cluster family, in the order of the help. */
public final class ClusterCommands {
    private static final int COPIES_MAX = 8;
    private static final int DEFAULT_COPIES = 3;
    private static final int STORE_BYTES_MAX = 15;
    private static final List<String> MODES = List.of("safe", "quorum", "unsafe");

    private ClusterCommands() {}

    /**
     * The family's model.
     *
     * @param clock gives a new cluster its time of creation
     */
    public static Family family(InstantSource clock) {
        return new Family("cluster", "the cluster as a whole", () -> commands(clock));
    }

    private static List<CommandSpec> commands(InstantSource clock) {
        return List.of(
                command(
                        "info",
                        "show the state of the cluster and its epochs",
                        List.of(
                                address(),
                                port(),
                                raw(),
                                OptionSpecs.flag('v', "verbose", "also what is waited for, and who is missing"),
                                help()),
                        List.of(),
                        new ClusterInfo(),
                        NODES),
                command(
                        "format",
                        "make a new, empty cluster of the nodes that run",
                        List.of(store(), copies(), mode(), address(), port(), help()),
                        List.of(),
                        new ClusterFormat(clock)),
                command(
                        "shutdown",
                        "stop all nodes, in good order",
                        List.of(address(), port(), help()),
                        List.of(),
                        new ClusterShutdown()),
                command(
                        "snapshot",
                        "take, list or go back to snapshots of the whole cluster",
                        List.of(
                                address(),
                                restore(),
                                OptionSpecs.flag('l', "list", "list the snapshots"),
                                port(),
                                help()),
                        List.of(),
                        new Unsupported("cluster snapshot", _ -> {})),
                withWords(
                        "recover",
                        "handle the recovery of the cluster",
                        List.of(
                                address(),
                                OptionSpecs.flag('f', "force", "do not ask"),
                                port(),
                                OptionSpecs.flag('A', "all", "lost: every object that waits"),
                                OptionSpecs.flag('l', "list", "lost: only name what has no copy or waits, by VDIs"),
                                OptionSpecs.flag('j', "json", "force, lost: what has no copy or waits, as JSON"),
                                OptionSpecs.value(
                                        'V', "vdi", "lost: all objects of this VDI", String.class, "", text -> text),
                                help()),
                        List.of(optional("oid", "lost: an object, 16 hexadecimal digits")),
                        List.of(
                                recover("force", "start although nodes are missing for good", new ForceRecover()),
                                recover(
                                        "enable",
                                        "recover by itself again, and what is pending now",
                                        new RecoverEnable(true)),
                                recover("disable", "no longer recover by itself", new RecoverEnable(false)),
                                command(
                                        "lost",
                                        "no longer wait for the newest copies of objects",
                                        List.of(),
                                        List.of(optional("oid", "an object, 16 hexadecimal digits")),
                                        new RecoverLost(),
                                        NODES))));
    }

    private static CommandSpec recover(String name, String summary, Handler handler) {
        return command(name, summary, List.of(), List.of(), handler);
    }

    private static OptionSpec store() {
        return OptionSpecs.value(
                'b', "store", "kind of store (farm, plain)", String.class, "farm", ClusterCommands::readStore);
    }

    private static OptionSpec copies() {
        return OptionSpecs.value(
                'c',
                "copies",
                "copies of each object (default: 3)",
                Integer.class,
                DEFAULT_COPIES,
                ClusterCommands::readCopies);
    }

    private static OptionSpec mode() {
        return OptionSpecs.value(
                'm', "mode", "when to halt (safe, quorum, unsafe)", String.class, "", ClusterCommands::readMode);
    }

    private static OptionSpec restore() {
        return OptionSpecs.value(
                'R',
                "restore",
                "go back to that snapshot of the cluster",
                BigInteger.class,
                null,
                ClusterCommands::readEpoch);
    }

    private static String readStore(String text) {
        if (text.length() > STORE_BYTES_MAX) {
            throw new CommandException(
                    ExitCode.USAGE, "The store name is too long: " + text.length() + " bytes, at most 15");
        }
        return text;
    }

    private static int readCopies(String text) {
        var copies = Numbers.leading(text).filter(number -> number.signum() > 0);
        if (copies.isEmpty()) {
            throw new CommandException(ExitCode.FAILURE, "There must be at least one copy of data");
        }
        return Numbers.leading(text, 1, COPIES_MAX)
                .orElseThrow(() ->
                        new CommandException(ExitCode.FAILURE, "Redundancy may not exceed " + COPIES_MAX + " copies"));
    }

    private static String readMode(String text) {
        if (!MODES.contains(text)) {
            throw new CommandException(ExitCode.FAILURE, "Unknown mode '" + text + "'");
        }
        return text;
    }

    private static BigInteger readEpoch(String text) {
        var epoch = Numbers.leading(text)
                .orElseThrow(() -> new CommandException(ExitCode.FAILURE, "The epoch must be an integer"));
        if (epoch.signum() <= 0) {
            throw new CommandException(ExitCode.FAILURE, "The epoch must be greater than 0");
        }
        return epoch;
    }
}
