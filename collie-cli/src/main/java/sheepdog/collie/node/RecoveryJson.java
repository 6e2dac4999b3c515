package sheepdog.collie.node;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import sheepdog.collie.client.RecoveryProgress;
import sheepdog.protocol.model.Node;

/**
 * Recovery of all nodes as JSON; {@code docs/collie-json.md} describes it. What is there keeps its meaning as long as the version
 * is the same; fields may be added.
 */
final class RecoveryJson {
    private static final int VERSION = 1;

    private RecoveryJson() {}

    /** @param progress of each node; empty for one that did not answer */
    static String of(List<Node> nodes, List<Optional<RecoveryProgress>> progress) {
        var text = new StringBuilder("{\"version\": " + VERSION + ", \"nodes\": [");
        for (int i = 0; i < nodes.size(); i++) {
            text.append(i == 0 ? "\n" : ",\n").append("  {\"id\": ").append(i);
            text.append(", \"address\": \"").append(nodes.get(i).id()).append("\"");
            text.append(progress.get(i).map(RecoveryJson::fields).orElse(", \"answered\": false"))
                    .append("}");
        }
        return text.append("\n]}").toString();
    }

    private static String fields(RecoveryProgress p) {
        String left = p.leftMillis().isPresent() ? "" + p.leftMillis().getAsLong() : "null";
        return ", \"answered\": true, \"epoch\": " + p.epoch() + ", \"stage\": \"" + p.stage() + "\", \"enabled\": "
                + p.enabled() + ", \"goneStores\": " + p.gone() + ",\n   \"lists\": " + pair(p.lists(), p.ofLists())
                + ", \"objects\": "
                + pair(p.objects(), p.ofObjects()) + ", \"bytes\": " + pair(p.bytes(), p.ofBytes())
                + ",\n   \"bytesPerSecond\": " + p.speed() + ", \"leftMillis\": " + left
                + ",\n   \"held\": {\"objects\": " + p.held() + ", \"millis\": " + p.heldMillis() + "}"
                + ", \"noSpace\": " + p.noSpace() + ", \"limit\": {\"max\": " + p.max() + ", \"intervalMillis\": "
                + p.interval() + "},\n   \"waiting\": {\"objects\": " + p.waiting() + ", \"named\": ["
                + p.waits().stream().map(RecoveryJson::waits).collect(Collectors.joining(", ")) + "]}";
    }

    private static String pair(long done, long all) {
        return "{\"done\": " + done + ", \"of\": " + all + "}";
    }

    private static String waits(RecoveryProgress.Waits w) {
        return "{\"oid\": \"" + w.oid() + "\", \"missing\": ["
                + w.missing().stream()
                        .map(m -> "{\"epoch\": " + m.epoch() + ", \"nodes\": ["
                                + m.nodes().stream().map(n -> "\"" + n + "\"").collect(Collectors.joining(", "))
                                + "]}")
                        .collect(Collectors.joining(", "))
                + "]}";
    }
}
