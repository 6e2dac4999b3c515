package sheepdog.collie.node;

import sheepdog.collie.cli.Columns;
import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.cli.Sizes;
import sheepdog.collie.client.InodeScan;
import sheepdog.collie.command.Handler;
import sheepdog.collie.command.Invocation;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;

/** {@code node info}: asks every node for its space; those that do not answer have no row and do not count. */
final class NodeInfo implements Handler {
    @Override
    public ExitCode run(Invocation call) {
        boolean raw = call.option("raw");
        if (!raw) {
            call.console().line("Id\tSize\tUsed\tUse%");
        }
        long size = 0;
        long used = 0;
        int number = 0;
        int answers = 0;
        for (Node node : call.cluster().nodes()) {
            var request = new Request.StatSheep(call.cluster().header(Opcode.STAT_SHEEP, 0));
            var answer = call.cluster().order(node, request);
            if (answer.isPresent() && answer.get() instanceof Response.NodeStat stat) {
                long usedHere = stat.storeSize() - stat.storeFree();
                call.console().line(row(raw, raw ? "" + number : Columns.right(2, number), stat.storeSize(), usedHere));
                size += stat.storeSize();
                used += usedHere;
                answers++;
            }
            number++;
        }
        if (answers == 0) {
            throw new CommandException(ExitCode.SYSTEM, "Cannot get information from any nodes");
        }
        long[] virtual = {0};
        InodeScan.of(call.cluster(), call.console())
                .headers(inode -> virtual[0] += inode.isSnapshot() ? 0 : inode.sizeBytes());
        String total = Sizes.text(virtual[0], raw);
        call.console()
                .line(row(raw, "Total", size, used) + (raw ? " " + total : "\n\nTotal virtual image size\t" + total));
        return ExitCode.SUCCESS;
    }

    private static String row(boolean raw, String title, long size, long used) {
        String gap = raw ? " " : "\t";
        // The original divides by zero for a cluster of gateways; here they are 0 % full.
        int percent = size == 0 ? 0 : (int) ((double) used / size * 100);
        return title + gap + Sizes.text(size, raw) + gap + Sizes.text(used, raw) + gap
                + (raw ? "" + percent : Columns.right(3, percent)) + "%";
    }
}
