package sheepdog.collie.node;

import static sheepdog.collie.cli.CommonOptions.ADDRESS;
import static sheepdog.collie.cli.CommonOptions.HELP;
import static sheepdog.collie.cli.CommonOptions.PORT;
import static sheepdog.collie.cli.CommonOptions.RAW;
import static sheepdog.collie.command.Command.Need.ARGUMENT;
import static sheepdog.collie.command.Command.Need.NODES;
import static sheepdog.collie.command.Command.needing;

import java.util.List;
import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.cli.Numbers;
import sheepdog.collie.cli.OptionSpec;
import sheepdog.collie.command.Command;
import sheepdog.collie.command.Command.Need;
import sheepdog.collie.command.Command.Word;
import sheepdog.collie.command.Handler;
import sheepdog.collie.command.Invocation;
import sheepdog.collie.command.Unsupported;

/** The node family, in the order of the help. */
public final class NodeCommands {
    private static final OptionSpec ALL =
            OptionSpec.flag('A', "all", "of all nodes, not just the one asked", (_, _) -> {});

    private NodeCommands() {}

    public static List<Command> all() {
        return List.of(
                node("kill", "<node id>", "stop a node, in good order", new NodeKill(), NODES, ARGUMENT),
                node("list", "", "list the nodes", new NodeList(), NODES),
                node("info", "", "show how full the nodes are", new NodeInfo(), NODES),
                node(
                        "recovery",
                        "",
                        "list the nodes that are recovering objects",
                        new Unsupported("node recovery", _ -> {}),
                        NODES),
                node(
                        "cache",
                        "<cache size>",
                        "set the size of a node's object cache",
                        new Unsupported("node cache", NodeCommands::checkCache),
                        ARGUMENT),
                Command.ofWords(
                        "node",
                        "md",
                        "[disks]",
                        "handle the disks of a node",
                        List.of(ADDRESS, PORT, ALL, HELP),
                        List.of(
                                new Word(
                                        "info",
                                        "list the disks",
                                        needing(NODES),
                                        new Unsupported("node md info", _ -> {})),
                                new Word(
                                        "plug",
                                        "add disks",
                                        needing(ARGUMENT),
                                        new Unsupported("node md plug", NodeCommands::checkDisks)),
                                new Word(
                                        "unplug",
                                        "take disks away",
                                        needing(ARGUMENT),
                                        new Unsupported("node md unplug", NodeCommands::checkDisks)))));
    }

    private static Command node(String name, String argument, String summary, Handler handler, Need... needs) {
        var options = List.of(ADDRESS, PORT, RAW, HELP);
        return Command.of("node", name, argument, summary, options, needing(needs), handler);
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
