package sheepdog.collie.vdi;

import static sheepdog.collie.cli.CommonOptions.ADDRESS;
import static sheepdog.collie.cli.CommonOptions.HELP;
import static sheepdog.collie.cli.CommonOptions.PORT;
import static sheepdog.collie.cli.CommonOptions.RAW;
import static sheepdog.collie.command.Command.Need.ARGUMENT;
import static sheepdog.collie.command.Command.Need.NODES;
import static sheepdog.collie.command.Command.needing;
import static sheepdog.collie.vdi.VdiOptions.COPIES;
import static sheepdog.collie.vdi.VdiOptions.DELETE;
import static sheepdog.collie.vdi.VdiOptions.EXCLUSIVE;
import static sheepdog.collie.vdi.VdiOptions.FROM;
import static sheepdog.collie.vdi.VdiOptions.INDEX;
import static sheepdog.collie.vdi.VdiOptions.PREALLOC;
import static sheepdog.collie.vdi.VdiOptions.SNAPSHOT;
import static sheepdog.collie.vdi.VdiOptions.WRITEBACK;

import java.util.List;
import java.util.function.Consumer;
import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.cli.Names;
import sheepdog.collie.cli.OptionSpec;
import sheepdog.collie.cli.Sizes;
import sheepdog.collie.command.Command;
import sheepdog.collie.command.Command.Need;
import sheepdog.collie.command.Command.Word;
import sheepdog.collie.command.Handler;
import sheepdog.collie.command.Invocation;
import sheepdog.collie.command.Unsupported;
import sheepdog.protocol.vdi.Slots;

/** The vdi family, in the order of the help. */
public final class VdiCommands {
    private static final String NAME = "<vdiname>";
    private static final String RANGE = "<vdiname> [<offset> [<len>]]";
    private static final String BACKUP = "<vdiname> <backup>";

    private VdiCommands() {}

    public static List<Command> all() {
        return List.of(
                vdi(
                        "check",
                        NAME,
                        "compare the copies of a disk and repair them",
                        of(SNAPSHOT, ADDRESS, PORT, HELP),
                        unsupported("vdi check", VdiCommands::checkName),
                        NODES,
                        ARGUMENT),
                vdi(
                        "create",
                        "<vdiname> <size>",
                        "make a disk",
                        of(PREALLOC, COPIES, ADDRESS, PORT, HELP),
                        new VdiCreate(),
                        NODES,
                        ARGUMENT),
                vdi(
                        "snapshot",
                        NAME,
                        "keep the present state as a snapshot",
                        of(SNAPSHOT, ADDRESS, PORT, HELP),
                        new VdiSnapshot(),
                        ARGUMENT),
                vdi(
                        "clone",
                        "<src vdi> <dst vdi>",
                        "make a disk that starts as a snapshot",
                        of(SNAPSHOT, PREALLOC, COPIES, ADDRESS, PORT, HELP),
                        new VdiClone(),
                        ARGUMENT),
                vdi(
                        "delete",
                        NAME,
                        "delete a disk or a snapshot",
                        of(SNAPSHOT, ADDRESS, PORT, HELP),
                        new VdiDelete(),
                        ARGUMENT),
                vdi(
                        "rollback",
                        NAME,
                        "go back to a snapshot",
                        of(SNAPSHOT, ADDRESS, PORT, HELP),
                        unsupported("vdi rollback", VdiCommands::checkRollback),
                        ARGUMENT),
                vdi("list", "[vdiname]", "list disks and snapshots", of(ADDRESS, PORT, RAW, HELP), new VdiList()),
                vdi(
                        "tree",
                        "",
                        "show how disks and snapshots descend from each other",
                        of(ADDRESS, PORT, HELP),
                        unsupported("vdi tree", _ -> {})),
                vdi(
                        "graph",
                        "",
                        "the same as a graph for Graphviz",
                        of(ADDRESS, PORT, HELP),
                        unsupported("vdi graph", _ -> {})),
                vdi(
                        "object",
                        NAME,
                        "show which nodes hold an object of a disk",
                        of(INDEX, SNAPSHOT, ADDRESS, PORT, HELP),
                        new VdiObject(),
                        NODES,
                        ARGUMENT),
                vdi(
                        "track",
                        NAME,
                        "show where an object belonged in each epoch",
                        of(INDEX, SNAPSHOT, ADDRESS, PORT, HELP),
                        unsupported("vdi track", VdiCommands::checkName),
                        NODES,
                        ARGUMENT),
                vdi(
                        "setattr",
                        "<vdiname> <key> [value]",
                        "store an attribute of a disk",
                        of(DELETE, EXCLUSIVE, ADDRESS, PORT, HELP),
                        unsupported("vdi setattr", VdiCommands::checkKey),
                        ARGUMENT),
                vdi(
                        "getattr",
                        "<vdiname> <key>",
                        "print an attribute of a disk",
                        of(ADDRESS, PORT, HELP),
                        unsupported("vdi getattr", VdiCommands::checkKey),
                        ARGUMENT),
                vdi(
                        "resize",
                        "<vdiname> <new size>",
                        "make a disk larger",
                        of(ADDRESS, PORT, HELP),
                        unsupported("vdi resize", VdiCommands::checkResize),
                        ARGUMENT),
                vdi(
                        "read",
                        RANGE,
                        "write a disk's content to stdout",
                        of(SNAPSHOT, ADDRESS, PORT, HELP),
                        new VdiRead(),
                        ARGUMENT),
                vdi(
                        "write",
                        RANGE,
                        "fill a disk from stdin",
                        of(ADDRESS, PORT, WRITEBACK, HELP),
                        new VdiWrite(),
                        ARGUMENT),
                vdi(
                        "flush",
                        NAME,
                        "push what the object cache holds of a disk",
                        of(ADDRESS, PORT, HELP),
                        unsupported("vdi flush", VdiCommands::checkName),
                        ARGUMENT),
                vdi(
                        "backup",
                        BACKUP,
                        "write the difference of two snapshots to stdout",
                        of(SNAPSHOT, FROM, ADDRESS, PORT, HELP),
                        unsupported("vdi backup", VdiCommands::checkBackup),
                        NODES,
                        ARGUMENT),
                vdi(
                        "restore",
                        BACKUP,
                        "apply a difference from stdin to a snapshot",
                        of(SNAPSHOT, ADDRESS, PORT, HELP),
                        unsupported("vdi restore", VdiCommands::checkRestore),
                        NODES,
                        ARGUMENT),
                Command.ofWords(
                        "vdi",
                        "cache",
                        NAME,
                        "handle the object cache of a disk",
                        of(SNAPSHOT, ADDRESS, PORT, HELP),
                        List.of(
                                new Word(
                                        "flush",
                                        "push the disk's cached objects on this node and drop them",
                                        needing(ARGUMENT),
                                        unsupported("vdi cache flush", VdiCommands::checkName)),
                                new Word(
                                        "delete",
                                        "drop the disk's cached objects on all nodes",
                                        needing(ARGUMENT),
                                        unsupported("vdi cache delete", VdiCommands::checkName)))));
    }

    private static Command vdi(
            String name, String argument, String summary, List<OptionSpec> options, Handler handler, Need... needs) {
        return Command.of("vdi", name, argument, summary, options, needing(needs), handler);
    }

    private static List<OptionSpec> of(OptionSpec... options) {
        return List.of(options);
    }

    private static Handler unsupported(String title, Consumer<Invocation> check) {
        return new Unsupported(title, check);
    }

    private static void checkName(Invocation call) {
        Names.checkedVdi(call.arguments().getFirst());
    }

    private static void checkKey(Invocation call) {
        require(call.argument(1).isPresent(), "Please specify the attribute key");
        checkName(call);
    }

    private static void checkResize(Invocation call) {
        require(call.argument(1).isPresent(), "Please specify the new size for the VDI");
        require(Sizes.parse(call.arguments().get(1)) <= Slots.VDI_BYTES_MAX, "New VDI size is too large");
        checkName(call);
    }

    private static void checkRollback(Invocation call) {
        require(call.options().snapshot().isGiven(), "Please specify the '-s' option");
        checkName(call);
    }

    private static void checkBackup(Invocation call) {
        boolean both =
                call.options().snapshot().isGiven() && call.options().from().isGiven();
        require(both, "Please specify snapshots with '-F' and '-s'options");
        checkName(call);
    }

    private static void checkRestore(Invocation call) {
        require(
                call.options().snapshot().isGiven(),
                "We can restore a backup file only tosnapshots",
                "Please specify the '-s' option");
        checkName(call);
    }

    private static void require(boolean met, String... complaint) {
        if (!met) {
            throw new CommandException(ExitCode.USAGE, complaint);
        }
    }
}
