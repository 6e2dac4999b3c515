package sheepdog.collie.vdi;

import static sheepdog.collie.cli.Options.address;
import static sheepdog.collie.cli.Options.help;
import static sheepdog.collie.cli.Options.port;
import static sheepdog.collie.cli.Options.raw;
import static sheepdog.collie.command.Commands.command;
import static sheepdog.collie.command.Commands.operand;
import static sheepdog.collie.command.Commands.optional;
import static sheepdog.collie.command.Commands.withWords;
import static sheepdog.collie.command.Task.Need.NODES;
import static sheepdog.collie.command.Task.Need.OPERAND;
import static sheepdog.collie.vdi.VdiOptions.copies;
import static sheepdog.collie.vdi.VdiOptions.delete;
import static sheepdog.collie.vdi.VdiOptions.exclusive;
import static sheepdog.collie.vdi.VdiOptions.from;
import static sheepdog.collie.vdi.VdiOptions.index;
import static sheepdog.collie.vdi.VdiOptions.prealloc;
import static sheepdog.collie.vdi.VdiOptions.snapshot;
import static sheepdog.collie.vdi.VdiOptions.writeback;

import java.util.List;
import java.util.function.Consumer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.cli.Names;
import sheepdog.collie.cli.Sizes;
import sheepdog.collie.cli.SnapshotName;
import sheepdog.collie.command.Family;
import sheepdog.collie.command.Handler;
import sheepdog.collie.command.Invocation;
import sheepdog.collie.command.Unsupported;
import sheepdog.protocol.vdi.Slots;

/** The vdi family, in the order of the help. */
public final class VdiCommands {
    private VdiCommands() {}

    /** The family's model. */
    public static Family family() {
        return new Family("vdi", "disks and their snapshots", VdiCommands::commands);
    }

    private static List<CommandSpec> commands() {
        return List.of(
                command(
                        "check",
                        "compare the copies of a disk and repair them",
                        List.of(snapshot(), address(), port(), help()),
                        List.of(disk()),
                        unsupported("vdi check", VdiCommands::checkName),
                        NODES,
                        OPERAND),
                command(
                        "create",
                        "make a disk",
                        List.of(prealloc(), copies(), address(), port(), help()),
                        List.of(disk(), operand("<size>", "bytes, or with one of the suffixes k, M, G, T")),
                        new VdiCreate(),
                        NODES,
                        OPERAND),
                command(
                        "snapshot",
                        "keep the present state as a snapshot",
                        List.of(snapshot(), address(), port(), help()),
                        List.of(disk()),
                        new VdiSnapshot(),
                        OPERAND),
                command(
                        "clone",
                        "make a disk that starts as a snapshot",
                        List.of(snapshot(), prealloc(), copies(), address(), port(), help()),
                        List.of(
                                operand("<src vdi>", "name of the disk that the snapshot is of"),
                                operand("<dst vdi>", "name of the new disk")),
                        new VdiClone(),
                        OPERAND),
                command(
                        "delete",
                        "delete a disk or a snapshot",
                        List.of(snapshot(), address(), port(), help()),
                        List.of(disk()),
                        new VdiDelete(),
                        OPERAND),
                command(
                        "rollback",
                        "go back to a snapshot",
                        List.of(snapshot(), address(), port(), help()),
                        List.of(disk()),
                        unsupported("vdi rollback", VdiCommands::checkRollback),
                        OPERAND),
                command(
                        "list",
                        "list disks and snapshots",
                        List.of(address(), port(), raw(), help()),
                        List.of(optional("vdiname", "of this name only")),
                        new VdiList()),
                command(
                        "tree",
                        "show how disks and snapshots descend from each other",
                        List.of(address(), port(), help()),
                        List.of(),
                        unsupported("vdi tree", _ -> {})),
                command(
                        "graph",
                        "the same as a graph for Graphviz",
                        List.of(address(), port(), help()),
                        List.of(),
                        unsupported("vdi graph", _ -> {})),
                command(
                        "object",
                        "show which nodes hold an object of a disk",
                        List.of(index(), snapshot(), address(), port(), help()),
                        List.of(disk()),
                        new VdiObject(),
                        NODES,
                        OPERAND),
                command(
                        "track",
                        "show where an object belonged in each epoch",
                        List.of(index(), snapshot(), address(), port(), help()),
                        List.of(disk()),
                        unsupported("vdi track", VdiCommands::checkName),
                        NODES,
                        OPERAND),
                command(
                        "setattr",
                        "store an attribute of a disk",
                        List.of(delete(), exclusive(), address(), port(), help()),
                        List.of(
                                disk(),
                                operand("<key>", "name of the attribute"),
                                optional("value", "the attribute's value; else it is read from stdin")),
                        unsupported("vdi setattr", VdiCommands::checkKey),
                        OPERAND),
                command(
                        "getattr",
                        "print an attribute of a disk",
                        List.of(address(), port(), help()),
                        List.of(disk(), operand("<key>", "name of the attribute")),
                        unsupported("vdi getattr", VdiCommands::checkKey),
                        OPERAND),
                command(
                        "resize",
                        "make a disk larger",
                        List.of(address(), port(), help()),
                        List.of(disk(), operand("<new size>", "bytes, or with one of the suffixes k, M, G, T")),
                        unsupported("vdi resize", VdiCommands::checkResize),
                        OPERAND),
                command(
                        "read",
                        "write a disk's content to stdout",
                        List.of(snapshot(), address(), port(), help()),
                        List.of(disk(), offset(), length()),
                        new VdiRead(),
                        OPERAND),
                command(
                        "write",
                        "fill a disk from stdin",
                        List.of(address(), port(), writeback(), help()),
                        List.of(disk(), offset(), length()),
                        new VdiWrite(),
                        OPERAND),
                command(
                        "flush",
                        "push what the object cache holds of a disk",
                        List.of(address(), port(), help()),
                        List.of(disk()),
                        unsupported("vdi flush", VdiCommands::checkName),
                        OPERAND),
                command(
                        "backup",
                        "write the difference of two snapshots to stdout",
                        List.of(snapshot(), from(), address(), port(), help()),
                        List.of(disk(), operand("<backup>", "name of the backup")),
                        unsupported("vdi backup", VdiCommands::checkBackup),
                        NODES,
                        OPERAND),
                command(
                        "restore",
                        "apply a difference from stdin to a snapshot",
                        List.of(snapshot(), address(), port(), help()),
                        List.of(disk(), operand("<backup>", "name of the backup")),
                        unsupported("vdi restore", VdiCommands::checkRestore),
                        NODES,
                        OPERAND),
                withWords(
                        "cache",
                        "handle the object cache of a disk",
                        List.of(snapshot(), address(), port(), help()),
                        List.of(disk()),
                        List.of(
                                command(
                                        "flush",
                                        "push the disk's cached objects on this node and drop them",
                                        List.of(),
                                        List.of(disk()),
                                        unsupported("vdi cache flush", VdiCommands::checkName),
                                        OPERAND),
                                command(
                                        "delete",
                                        "drop the disk's cached objects on all nodes",
                                        List.of(),
                                        List.of(disk()),
                                        unsupported("vdi cache delete", VdiCommands::checkName),
                                        OPERAND))));
    }

    private static PositionalParamSpec disk() {
        return operand("<vdiname>", "name of the disk");
    }

    private static PositionalParamSpec offset() {
        return optional("<offset>", "first byte, with a suffix as for sizes; else 0");
    }

    private static PositionalParamSpec length() {
        return optional("<len>", "bytes, with a suffix as for sizes; else up to the end");
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
        require(isGiven(call, "snapshot"), "Please specify the '-s' option");
        checkName(call);
    }

    private static void checkBackup(Invocation call) {
        require(
                isGiven(call, "snapshot") && isGiven(call, "from"),
                "Please specify snapshots with '-F' and '-s'options");
        checkName(call);
    }

    private static void checkRestore(Invocation call) {
        require(
                isGiven(call, "snapshot"),
                "We can restore a backup file only tosnapshots",
                "Please specify the '-s' option");
        checkName(call);
    }

    private static boolean isGiven(Invocation call, String option) {
        return call.<SnapshotName>option(option).isGiven();
    }

    private static void require(boolean met, String... complaint) {
        if (!met) {
            throw new CommandException(ExitCode.USAGE, complaint);
        }
    }
}
