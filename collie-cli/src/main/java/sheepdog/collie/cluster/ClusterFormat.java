package sheepdog.collie.cluster;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.Console;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.client.Cluster;
import sheepdog.collie.client.Reply;
import sheepdog.collie.command.Handler;
import sheepdog.collie.command.Invocation;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.Flags;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.Protocol;
import sheepdog.protocol.wire.Request;

/**
 * {@code cluster format}: makes a new cluster of the nodes there are. Asks first if the old one has, or had, any disk:
 * the bitmap keeps the bits of deleted ones.
 */
final class ClusterFormat implements Handler {
    private static final int STORE_LIST_BYTES = 512;
    private static final int RULE_COLUMNS = 39;
    private static final String PROMPT = """
                .--.
               ( oo )__
                `--'   \\
                 ||  ||    Caution! The cluster is not empty.
                 ''  ''    Are you sure you want to continue? [yes/no]:\s""";

    private final InstantSource clock;

    ClusterFormat(InstantSource clock) {
        this.clock = clock;
    }

    @Override
    public ExitCode run(Invocation call) {
        Cluster cluster = call.cluster();
        String store = call.option("store");
        if (hasVdis(cluster) && !call.console().confirms(PROMPT)) {
            return ExitCode.SUCCESS;
        }
        // Before the request, and whatever comes of it: scripts count on this line.
        call.console().line("using backend " + store + " store");
        var request = new Request.MakeFs(
                cluster.header(Opcode.MAKE_FS, modeFlag(call.option("mode"))),
                call.option("copies"),
                creationTime(),
                store);
        Reply reply = cluster.ask(request);
        if (!reply.isSuccess()) {
            if (reply.is(ResultCode.NO_STORE)) {
                listStores(cluster, call.console());
            }
            throw new CommandException(ExitCode.SYSTEM, "Format failed: " + reply.resultText());
        }
        return ExitCode.SUCCESS;
    }

    private static boolean hasVdis(Cluster cluster) {
        var request = new Request.ReadVdis(cluster.header(Opcode.READ_VDIS, 0), Protocol.VDI_BITMAP_BYTES);
        ByteBuffer bits = cluster.ask(request).response().data().bytes();
        for (int at = 0; at < bits.limit(); at++) {
            if (bits.get(at) != 0) {
                return true;
            }
        }
        return false;
    }

    private static int modeFlag(String mode) {
        return switch (mode) {
            case "quorum" -> Flags.QUORUM;
            case "unsafe" -> Flags.NOHALT;
            case "safe" -> Flags.STRICT;
            default -> 0;
        };
    }

    /** Seconds in the high half, nanoseconds in the low, counted in microseconds as the original does. */
    private long creationTime() {
        Instant now = clock.instant();
        return now.getEpochSecond() << 32 | now.getNano() / 1000 * 1000;
    }

    private static void listStores(Cluster cluster, Console console) {
        var request = new Request.GetStoreList(cluster.header(Opcode.GET_STORE_LIST, 0), STORE_LIST_BYTES);
        ByteBuffer names = cluster.ask(request).response().data().bytes();
        String text = StandardCharsets.ISO_8859_1.decode(names).toString();
        int end = text.indexOf('\0');
        console.line("Available stores:");
        console.line("-".repeat(RULE_COLUMNS));
        for (String name : (end < 0 ? text : text.substring(0, end)).strip().split(" +")) {
            console.print(name + " ");
        }
        console.line("");
    }
}
