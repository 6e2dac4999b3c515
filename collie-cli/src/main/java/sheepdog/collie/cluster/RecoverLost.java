package sheepdog.collie.cluster;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;
import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.Console;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.client.Cluster;
import sheepdog.collie.client.RecoveryProgress;
import sheepdog.collie.client.Reply;
import sheepdog.collie.command.Handler;
import sheepdog.collie.command.Invocation;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.VdiName;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.wire.LostObject;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;

/**
 * {@code cluster recover lost}: declares objects lost whose newest copies are on nodes that are absent: named ones, all of a VDI,
 * or all that any node waits for. Those that do not wait are left alone.
 */
final class RecoverLost implements Handler {
    private static final String QUESTION = """
            The newest copies of these objects are on nodes that are not here. Once the objects are declared lost,
              * an older copy is used if one is left, else the object is gone;
              * what those nodes have of them is replaced when they come back.
            If any of those nodes can be started again, start it instead.
            Are you sure you want to continue? [yes/no]:\s""";

    @Override
    public ExitCode run(Invocation call) {
        boolean all = call.option("all");
        String vdi = call.option("vdi");
        int ways = (all ? 1 : 0) + (vdi.isEmpty() ? 0 : 1) + (call.arguments().isEmpty() ? 0 : 1);
        if (call.<Boolean>option("list") || call.<Boolean>option("json")) {
            if (ways > 0) {
                throw new CommandException(ExitCode.USAGE, "'--list' and '--json' are about all VDIs");
            }
            return list(call);
        }
        if (ways != 1) {
            throw new CommandException(
                    ExitCode.USAGE, "Please name either objects, or a VDI with '-V', or all with '-A'");
        }
        var named = call.arguments().stream().map(RecoverLost::oid).toList();
        Optional<Vid> vid = vdi.isEmpty() ? Optional.empty() : Optional.of(find(call.cluster(), vdi));
        if (!call.<Boolean>option("force")) {
            Optional<String> word = call.console().word(QUESTION);
            if (word.isEmpty()) {
                return ExitCode.SYSTEM;
            }
            if (!word.get().toLowerCase(Locale.ROOT).startsWith("yes")) {
                return ExitCode.SUCCESS;
            }
        }
        var run = new Run(call.cluster(), call.console());
        boolean done = named.isEmpty() || run.declare(named, true);
        if (vid.isPresent()) {
            done &= run.vdi(vid.get(), vdi);
        }
        if (all) {
            done &= run.waiting();
        }
        call.console().line("Declared lost: " + run.lost + " objects, nothing is left of " + run.gone);
        return done ? ExitCode.SUCCESS : ExitCode.FAILURE;
    }

    /** Declares nothing. */
    private static ExitCode list(Invocation call) {
        Losses losses = Losses.find(call.cluster());
        if (call.<Boolean>option("json")) {
            call.console().line(losses.json());
        } else {
            losses.lines(Integer.MAX_VALUE).forEach(call.console()::line);
        }
        return losses.isNothing() ? ExitCode.SUCCESS : ExitCode.FAILURE;
    }

    private static Vid find(Cluster cluster, String name) {
        var request =
                new Request.GetVdiInfo(cluster.header(Opcode.GET_VDI_INFO, 0), new VdiName(name), VdiName.EMPTY, 0);
        if (cluster.ask(request).response() instanceof Response.VdiInfo found) {
            return found.vid();
        }
        throw new CommandException(ExitCode.MISSING, "VDI " + name + " is not found");
    }

    private static ObjectId oid(String text) {
        if (!text.matches("[0-9a-fA-F]{16}")) {
            throw new CommandException(ExitCode.USAGE, "Invalid object id '" + text + "'");
        }
        var oid = new ObjectId(Long.parseUnsignedLong(text, 16));
        if (!oid.isValid()) {
            throw new CommandException(ExitCode.USAGE, "Invalid object id '" + text + "'");
        }
        return oid;
    }

    private static final class Run {
        private final Cluster cluster;
        private final Console console;
        private int lost;
        private int gone;

        Run(Cluster cluster, Console console) {
            this.cluster = cluster;
            this.console = console;
        }

        /**
         * @param insist those that do not wait are complained about
         * @return whether none was left that waits
         */
        boolean declare(List<ObjectId> oids, boolean insist) {
            boolean done = true;
            for (int from = 0; from < oids.size(); from += Request.LostObjects.COUNT_MAX) {
                var some = oids.subList(from, Math.min(oids.size(), from + Request.LostObjects.COUNT_MAX));
                var answers = ask(some);
                for (int i = 0; i < some.size(); i++) {
                    done &= report(some.get(i), answers.get(i), insist);
                }
            }
            return done;
        }

        private List<LostObject> ask(List<ObjectId> oids) {
            Reply reply = cluster.ask(new Request.LostObjects(cluster.header(Opcode.LOST_OBJECTS, 0), false, oids));
            if (reply.response() instanceof Response.Data data
                    && data.data().length() == oids.size() * LostObject.BYTES) {
                return LostObject.readAll(data.data().bytes());
            }
            throw new CommandException(ExitCode.FAILURE, "failed to execute request, " + reply.resultText());
        }

        private boolean report(ObjectId oid, LostObject answer, boolean insist) {
            switch (answer.answer()) {
                case LOST -> {
                    lost++;
                    boolean nothing = answer.node() == LostObject.NOBODY;
                    gone += nothing ? 1 : 0;
                    console.line(oid
                            + (nothing
                                    ? " is gone"
                                    : " is as in epoch " + answer.epoch() + ", by the copy on " + node(answer.node())));
                    return true;
                }
                case NOT_WAITING -> {
                    if (insist) {
                        console.error(oid + " does not wait for absent nodes");
                    }
                    return !insist;
                }
                case ABSENT -> {
                    gone++;
                    console.line(oid + " has no copy");
                    return true;
                }
                case UNKNOWN -> console.error(oid + ": a node that may have it does not answer");
                case EPOCH_CHANGED -> console.error(oid + ": the nodes have changed, look again");
            }
            return false;
        }

        private String node(int index) {
            List<Node> nodes = cluster.nodes();
            return index < nodes.size() ? nodes.get(index).id().toString() : "node " + index;
        }

        /** The inode first, for the others can only be known by it. */
        boolean vdi(Vid vid, String name) {
            var inode = ObjectId.ofInode(vid);
            if (!declare(List.of(inode), false)) {
                return false;
            }
            List<ObjectId> oids = VdiObjects.of(cluster, vid)
                    .orElseThrow(() -> new CommandException(ExitCode.FAILURE, "Failed to read a vdi " + name));
            return declare(oids, false);
        }

        /** A node names so many at a time; the others come when these do not wait any more. */
        boolean waiting() {
            boolean done = true;
            var asked = new TreeSet<ObjectId>();
            while (true) {
                var oids = new TreeSet<ObjectId>();
                for (Node node : cluster.nodes()) {
                    var request = new Request.GetProgress(
                            cluster.header(Opcode.RECOVERY_PROGRESS, 0), RecoveryProgress.BYTES_MAX);
                    cluster.askNode(node, request)
                            .filter(Reply::isSuccess)
                            .flatMap(reply -> RecoveryProgress.of(reply.response()))
                            .ifPresent(progress -> progress.waits().forEach(waits -> oids.add(oid(waits.oid()))));
                }
                oids.removeAll(asked);
                if (oids.isEmpty()) {
                    return done;
                }
                asked.addAll(oids);
                done &= declare(List.copyOf(oids), false);
            }
        }
    }
}
