package sheepdog.collie.node;

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

import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.cli.Numbers;
import sheepdog.collie.command.Family;
import sheepdog.collie.command.Handler;
import sheepdog.collie.command.Invocation;
import sheepdog.collie.command.Task.Need;
import sheepdog.collie.command.Unsupported;
import sheepdog.commandline.OptionSpecs;

/** The node family, in the order of the help. */
public final class NodeCommands {
    private NodeCommands() {}

    /** The family's model. */
    public static Family family() {
        return new Family("node", "the sheep of the cluster", NodeCommands::commands);
    }

    private static List<CommandSpec> commands() {
        return List.of(
                node(
                        "kill",
                        "stop a node, in good order",
                        List.of(operand("<node id>", "its number in the list of the nodes")),
                        new NodeKill(),
                        NODES,
                        OPERAND),
                node("list", "list the nodes", List.of(), new NodeList(), NODES),
                node("info", "show how full the nodes are", List.of(), new NodeInfo(), NODES),
                command(
                        "recovery",
                        "list the nodes that are recovering objects, or see to how fast they do",
                        List.of(
                                address(),
                                port(),
                                raw(),
                                OptionSpecs.flag('P', "progress", "also how far each is, and what it waits for"),
                                OptionSpecs.flag('j', "json", "all of that, of all nodes, as JSON"),
                                OptionSpecs.flag('A', "all", "set-throttle: of all nodes, not just the one asked"),
                                help()),
                        List.of(
                                optional(
                                        "set-throttle|get-throttle",
                                        "limit what is recovered at once, also after a restart, or show the limit"),
                                optional("max", "objects at once, 0 to leave it to the node"),
                                optional("interval", "milliseconds between two of them")),
                        new NodeRecovery(),
                        NODES),
                node(
                        "cache",
                        "set the size of a node's object cache",
                        List.of(operand("<cache size>", "a number")),
                        new Unsupported("node cache", NodeCommands::checkCache),
                        OPERAND),
                withWords(
                        "md",
                        "handle the disks of a node",
                        List.of(
                                address(),
                                port(),
                                OptionSpecs.flag('A', "all", "of all nodes, not just the one asked"),
                                help()),
                        List.of(disks()),
                        List.of(
                                command(
                                        "info",
                                        "list the disks",
                                        List.of(),
                                        List.of(),
                                        new Unsupported("node md info", _ -> {}),
                                        NODES),
                                command(
                                        "plug",
                                        "add disks",
                                        List.of(),
                                        List.of(disks()),
                                        new Unsupported("node md plug", NodeCommands::checkDisks),
                                        OPERAND),
                                command(
                                        "unplug",
                                        "take disks away",
                                        List.of(),
                                        List.of(disks()),
                                        new Unsupported("node md unplug", NodeCommands::checkDisks),
                                        OPERAND))),
                command(
                        "drain",
                        "have a node hand over all it holds, before maintenance",
                        List.of(
                                address(),
                                OptionSpecs.flag('c', "cancel", "let the node take objects again"),
                                OptionSpecs.flag('f', "force", "even with fewer copies, or too little space"),
                                OptionSpecs.flag('n', "no-wait", "do not wait until it is done"),
                                port(),
                                help()),
                        List.of(operand("<node id>", "its number in the list of the nodes")),
                        new NodeDrain(),
                        NODES,
                        OPERAND));
    }

    private static CommandSpec node(
            String name, String summary, List<PositionalParamSpec> operands, Handler handler, Need... needs) {
        return command(name, summary, List.of(address(), port(), raw(), help()), operands, handler, needs);
    }

    private static PositionalParamSpec disks() {
        return optional("disks", "directories, separated by commas");
    }

    private static void checkCache(Invocation call) {
        String size = call.arguments().getFirst();
        if (!Numbers.isNumeric(size)) {
            throw new CommandException(ExitCode.FAILURE, "Invalid cache size " + size);
        }
    }

    private static void checkDisks(Invocation call) {
        if (call.arguments().getFirst().isEmpty()) {
            throw new CommandException(ExitCode.FAILURE, "Empty path isn't allowed");
        }
    }
}
