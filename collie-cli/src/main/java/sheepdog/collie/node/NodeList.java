package sheepdog.collie.node;

import sheepdog.collie.cli.Columns;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.command.Handler;
import sheepdog.collie.command.Invocation;
import sheepdog.protocol.model.Node;

/**
 * {@code node list}. The first column would mark a master; there is none. The zone is printed signed, as the original
 * does.
 */
final class NodeList implements Handler {
    @Override
    public ExitCode run(Invocation call) {
        boolean raw = call.option("raw");
        if (!raw) {
            call.console().line("M   Id   Host:Port         V-Nodes       Zone");
        }
        int number = 0;
        for (Node node : call.cluster().nodes()) {
            call.console().line(raw ? rawRow(number, node) : row(number, node));
            number++;
        }
        return ExitCode.SUCCESS;
    }

    private static String row(int number, Node node) {
        return "- " + Columns.right(4, number) + "   " + Columns.left(20, node) + "\t" + Columns.right(2, node.vnodes())
                + Columns.right(11, node.zone());
    }

    private static String rawRow(int number, Node node) {
        return "- " + number + " " + node + " " + node.vnodes() + " " + node.zone();
    }
}
