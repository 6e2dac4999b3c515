package sheepdog.collie.cluster;

import static sheepdog.collie.cli.CommonOptions.ADDRESS;
import static sheepdog.collie.cli.CommonOptions.HELP;
import static sheepdog.collie.cli.CommonOptions.PORT;
import static sheepdog.collie.cli.CommonOptions.RAW;
import static sheepdog.collie.command.Command.Need.NODES;
import static sheepdog.collie.command.Command.needing;

import java.time.InstantSource;
import java.util.List;
import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.cli.Numbers;
import sheepdog.collie.cli.OptionSpec;
import sheepdog.collie.cli.Options;
import sheepdog.collie.command.Command;
import sheepdog.collie.command.Command.Word;
import sheepdog.collie.command.Unsupported;

/** The cluster family, in the order of the help. */
public final class ClusterCommands {
    private static final int COPIES_MAX = 8;
    private static final int STORE_BYTES_MAX = 15;
    private static final List<String> MODES = List.of("safe", "quorum", "unsafe");

    private static final OptionSpec STORE =
            OptionSpec.value('b', "store", "kind of store (farm, plain)", ClusterCommands::storeStore);
    private static final OptionSpec COPIES =
            OptionSpec.value('c', "copies", "copies of each object (default: 3)", ClusterCommands::storeCopies);
    private static final OptionSpec MODE =
            OptionSpec.value('m', "mode", "when to halt (safe, quorum, unsafe)", ClusterCommands::storeMode);
    private static final OptionSpec FORCE = OptionSpec.flag('f', "force", "do not ask", (_, _) -> {});
    private static final OptionSpec RESTORE =
            OptionSpec.value('R', "restore", "go back to that snapshot of the cluster", ClusterCommands::checkRestore);
    private static final OptionSpec LIST = OptionSpec.flag('l', "list", "list the snapshots", (_, _) -> {});

    private ClusterCommands() {}

    /** @param clock gives a new cluster its time of creation */
    public static List<Command> all(InstantSource clock) {
        return List.of(
                Command.of(
                        "cluster",
                        "info",
                        "",
                        "show the state of the cluster and its epochs",
                        List.of(ADDRESS, PORT, RAW, HELP),
                        needing(NODES),
                        new ClusterInfo()),
                Command.of(
                        "cluster",
                        "format",
                        "",
                        "make a new, empty cluster of the nodes that run",
                        List.of(STORE, COPIES, MODE, ADDRESS, PORT, HELP),
                        needing(),
                        new ClusterFormat(clock)),
                Command.of(
                        "cluster",
                        "shutdown",
                        "",
                        "stop all nodes, in good order",
                        List.of(ADDRESS, PORT, HELP),
                        needing(),
                        new ClusterShutdown()),
                Command.of(
                        "cluster",
                        "snapshot",
                        "",
                        "take, list or go back to snapshots of the whole cluster",
                        List.of(ADDRESS, RESTORE, LIST, PORT, HELP),
                        needing(),
                        new Unsupported("cluster snapshot", _ -> {})),
                Command.ofWords(
                        "cluster",
                        "recover",
                        "",
                        "handle the recovery of the cluster",
                        List.of(ADDRESS, FORCE, PORT, HELP),
                        List.of(
                                recover("force", "start although nodes are missing for good"),
                                recover("enable", "recover by itself again, and what is pending now"),
                                recover("disable", "no longer recover by itself"))));
    }

    private static Word recover(String name, String summary) {
        return new Word(name, summary, needing(), new Unsupported("cluster recover " + name, _ -> {}));
    }

    private static void storeStore(Options options, String value) {
        if (value.length() > STORE_BYTES_MAX) {
            throw new CommandException(
                    ExitCode.USAGE, "The store name is too long: " + value.length() + " bytes, at most 15");
        }
        options.store(value);
    }

    private static void storeCopies(Options options, String value) {
        var copies = Numbers.leading(value).filter(number -> number.signum() > 0);
        if (copies.isEmpty()) {
            throw new CommandException(ExitCode.FAILURE, "There must be at least one copy of data");
        }
        options.copies(Numbers.leading(value, 1, COPIES_MAX)
                .orElseThrow(() ->
                        new CommandException(ExitCode.FAILURE, "Redundancy may not exceed " + COPIES_MAX + " copies")));
    }

    private static void storeMode(Options options, String value) {
        if (!MODES.contains(value)) {
            throw new CommandException(ExitCode.FAILURE, "Unknown mode '" + value + "'");
        }
        options.mode(value);
    }

    private static void checkRestore(Options options, String value) {
        var epoch = Numbers.leading(value)
                .orElseThrow(() -> new CommandException(ExitCode.FAILURE, "The epoch must be an integer"));
        if (epoch.signum() <= 0) {
            throw new CommandException(ExitCode.FAILURE, "The epoch must be greater than 0");
        }
    }
}
