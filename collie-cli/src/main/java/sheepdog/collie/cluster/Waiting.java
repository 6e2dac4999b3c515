package sheepdog.collie.cluster;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import sheepdog.collie.client.Cluster;
import sheepdog.collie.client.Reply;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.Request;

/** What a sheep waits for, as {@code cluster info -v} says it. Sheep that do not know the question wait for nothing. */
public record Waiting(List<String> facts) {
    private static final int BYTES_MAX = 256 << 10;

    /** Asks the addressed sheep. */
    public static Waiting ask(Cluster cluster) {
        Reply reply = cluster.ask(new Request.GetWaiting(cluster.header(Opcode.GET_WAITING, 0), BYTES_MAX));
        if (!reply.isSuccess()) {
            return new Waiting(List.of());
        }
        String text =
                StandardCharsets.UTF_8.decode(reply.response().data().bytes()).toString();
        return new Waiting(text.lines().toList());
    }

    /** @param raw as the sheep said them */
    List<String> lines(boolean raw) {
        if (raw) {
            return facts;
        }
        var lines = new ArrayList<String>();
        String epoch = "";
        for (String fact : facts) {
            String[] words = fact.split(" ");
            switch (words[0]) {
                case "epoch" -> epoch = " of the " + words[2] + " nodes of epoch " + words[1];
                case "reason" -> lines.add("This node " + fact.substring("reason ".length()));
                case "missing" -> {
                    String seen = words[3].equals("-")
                            ? "not seen since this node was started"
                            : "last seen " + words[3] + " s ago";
                    lines.add("Missing" + epoch + ": " + words[1] + " (store " + words[2] + "), " + seen);
                }
                case "draining" ->
                    lines.add("Draining: " + words[1] + " (store " + words[2] + "), " + words[3] + " of " + words[4]
                            + " nodes have all their objects");
                case "drained" -> lines.add("Drained: " + words[1] + " (store " + words[2] + ")");
                case "unlinked" -> lines.add(words[1] + " and " + words[2] + " do not reach each other");
                case "out" -> {
                    String by = String.join(", ", List.of(words).subList(3, words.length));
                    String why =
                            by.isEmpty() ? "all nodes reach it again" : "it and " + by + " do not reach each other";
                    lines.add("Kept out: " + words[1] + " (store " + words[2] + "), " + why);
                }
                case "recovery" -> lines.add("Recovery is " + words[1] + ", but for what clients wait for");
                default -> {}
            }
        }
        return lines;
    }
}
