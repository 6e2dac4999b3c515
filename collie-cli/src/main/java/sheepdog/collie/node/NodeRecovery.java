package sheepdog.collie.node;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import sheepdog.collie.cli.Columns;
import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.cli.Numbers;
import sheepdog.collie.cli.Sizes;
import sheepdog.collie.client.RecoveryProgress;
import sheepdog.collie.client.Reply;
import sheepdog.collie.command.Handler;
import sheepdog.collie.command.Invocation;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.RecoveryLimit;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;

/**
 * {@code node recovery}: who is recovering; scripts wait until there are two lines. Nodes that do not answer are passed over.
 * With its words, how much a node recovers at once.
 */
final class NodeRecovery implements Handler {
    private static final int NAMED_MAX = 10;

    @Override
    public ExitCode run(Invocation call) {
        String word = call.argument(0).orElse("");
        check(call, word);
        return switch (word) {
            case "" -> call.<Boolean>option("json") ? json(call) : list(call);
            case "set-throttle" -> setThrottle(call);
            case "get-throttle" -> getThrottle(call);
            default -> throw new CommandException(ExitCode.USAGE, "Unknown word '" + word + "'");
        };
    }

    private static void check(Invocation call, String word) {
        boolean all = call.option("all");
        boolean shows = call.<Boolean>option("json") || call.<Boolean>option("progress");
        if (all && !word.equals("set-throttle")) {
            throw new CommandException(ExitCode.USAGE, "'--all' is for set-throttle");
        }
        if (shows && !word.isEmpty()) {
            throw new CommandException(ExitCode.USAGE, "'--json' and '--progress' are not for " + word);
        }
        if (word.equals("set-throttle")) {
            call.takesAtMost(3);
        } else if (word.equals("get-throttle")) {
            call.takesAtMost(1);
        }
    }

    private static ExitCode list(Invocation call) {
        boolean raw = call.option("raw");
        boolean progress = call.option("progress");
        if (!raw) {
            call.console().line("Nodes In Recovery:");
            call.console().line("  Id   Host:Port         V-Nodes       Zone" + (progress ? "   Progress" : ""));
        }
        int number = 0;
        for (Node node : call.cluster().nodes()) {
            var stat = new Request.StatRecovery(call.cluster().header(Opcode.STAT_RECOVERY, 0));
            var reply = call.cluster().askNode(node, stat);
            if (reply.filter(r -> r.is(ResultCode.NODE_IN_RECOVERY)).isPresent()) {
                String row = raw
                        ? number + " " + node + " " + node.vnodes() + " " + node.zone()
                        : Columns.right(4, number) + "   " + Columns.left(20, node) + Columns.right(5, node.vnodes())
                                + Columns.right(11, node.zone());
                var how = progress ? progress(call, node) : Optional.<RecoveryProgress>empty();
                call.console()
                        .line(row
                                + how.map(p -> raw ? rawProgress(p) : "   " + text(p))
                                        .orElse(""));
                if (!raw) {
                    how.ifPresent(p -> waiting(p).forEach(call.console()::line));
                }
            }
            number++;
        }
        if (progress && !raw) {
            tellGone(call);
        }
        return ExitCode.SUCCESS;
    }

    /** A node can only be behind with what somebody has. */
    private static void tellGone(Invocation call) {
        call.cluster().nodes().stream()
                .flatMap(node -> progress(call, node).stream())
                .mapToLong(RecoveryProgress::gone)
                .filter(gone -> gone > 0)
                .max()
                .ifPresent(gone -> call.console()
                        .line("Without what only " + gone
                                + " stores had that are gone for good: see 'collie cluster recover lost --list'"));
    }

    private static Optional<RecoveryProgress> progress(Invocation call, Node node) {
        var request =
                new Request.GetProgress(call.cluster().header(Opcode.RECOVERY_PROGRESS, 0), RecoveryProgress.BYTES_MAX);
        return call.cluster()
                .askNode(node, request)
                .filter(Reply::isSuccess)
                .flatMap(reply -> RecoveryProgress.of(reply.response()));
    }

    private static String rawProgress(RecoveryProgress p) {
        return " " + p.stage() + " " + p.objects() + " " + p.ofObjects() + " " + p.bytes() + " " + p.ofBytes() + " "
                + p.held() + " " + p.waiting() + " " + p.noSpace() + " " + p.speed() + " "
                + (p.leftMillis().isPresent() ? "" + p.leftMillis().getAsLong() : "-");
    }

    private static String text(RecoveryProgress p) {
        if (p.stage().equals("listing")) {
            return "listing " + p.lists() + "/" + p.ofLists() + " nodes";
        }
        var text = new StringBuilder();
        text.append(p.objects()).append('/').append(p.ofObjects()).append(" objects, ");
        text.append(Sizes.human(p.bytes())).append('/').append(Sizes.human(p.ofBytes()));
        switch (p.stage()) {
            case "disabled" -> text.append(", disabled");
            case "bringing" -> {
                text.append(", ").append(Sizes.human(p.speed())).append("/s");
                p.leftMillis()
                        .ifPresent(left ->
                                text.append(", ").append((left + 999) / 1000).append(" s left"));
            }
            default -> {}
        }
        if (p.held() > 0) {
            text.append(", ")
                    .append(p.held())
                    .append(" held for ")
                    .append((p.heldMillis() + 999) / 1000)
                    .append(" s");
        }
        if (p.waiting() > 0) {
            text.append(", ").append(p.waiting()).append(" waiting");
        }
        if (p.noSpace() > 0) {
            text.append(", ").append(p.noSpace()).append(" do not fit");
        }
        return text.toString();
    }

    private static List<String> waiting(RecoveryProgress p) {
        var lines = new ArrayList<String>();
        p.waits().stream()
                .limit(NAMED_MAX)
                .map(w -> "       " + w.oid() + " waits for "
                        + w.missing().stream()
                                .map(m -> String.join(" or ", m.nodes()) + " (epoch " + m.epoch() + ")")
                                .collect(Collectors.joining(" and ")))
                .forEach(lines::add);
        if (p.waiting() > lines.size()) {
            lines.add("       and " + (p.waiting() - lines.size()) + " more wait");
        }
        return lines;
    }

    private static ExitCode json(Invocation call) {
        List<Node> nodes = call.cluster().nodes();
        call.console()
                .line(RecoveryJson.of(
                        nodes, nodes.stream().map(node -> progress(call, node)).toList()));
        return ExitCode.SUCCESS;
    }

    private static ExitCode setThrottle(Invocation call) {
        int max = number(call, 1, "max", Integer.MAX_VALUE);
        int interval = number(call, 2, "interval", 3_600_000);
        var request = new Request.SetRecovery(call.cluster().header(Opcode.SET_RECOVERY, 0), max, interval);
        boolean done = true;
        if (call.<Boolean>option("all")) {
            for (Node node : call.cluster().nodes()) {
                done &= call.cluster().order(node, request).isPresent();
            }
        } else {
            done = call.cluster().order(request);
        }
        if (!done) {
            throw new CommandException(ExitCode.FAILURE, "failed to execute request");
        }
        return ExitCode.SUCCESS;
    }

    private static int number(Invocation call, int index, String what, int max) {
        return call.argument(index)
                .filter(Numbers::isNumeric)
                .flatMap(text -> Numbers.leading(text, 0, max))
                .orElseThrow(() -> new CommandException(
                        ExitCode.USAGE,
                        "Invalid " + what + " '" + call.argument(index).orElse("") + "': must be between 0 and "
                                + BigInteger.valueOf(max)));
    }

    private static ExitCode getThrottle(Invocation call) {
        Reply reply = call.cluster()
                .ask(new Request.GetRecovery(call.cluster().header(Opcode.GET_RECOVERY, 0), RecoveryLimit.BYTES));
        if (!(reply.response() instanceof Response.Data data) || data.data().length() < RecoveryLimit.BYTES) {
            throw new CommandException(ExitCode.FAILURE, "failed to execute request, " + reply.resultText());
        }
        var limit = RecoveryLimit.read(data.data().bytes());
        String max = Integer.toUnsignedString(limit.max());
        String interval = Long.toUnsignedString(limit.intervalMillis());
        if (call.<Boolean>option("raw")) {
            call.console().line(max + " " + interval);
        } else {
            call.console()
                    .line(
                            limit.max() == 0
                                    ? "The node decides how much it recovers at once"
                                    : "max " + max + ", interval " + interval + " ms");
        }
        return ExitCode.SUCCESS;
    }
}
