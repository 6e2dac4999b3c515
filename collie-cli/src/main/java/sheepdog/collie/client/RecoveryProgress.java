package sheepdog.collie.client;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import sheepdog.protocol.wire.Response;

/**
 * How far a node's recovery is, as it said: lines that begin with a word. Numbers that are missing are 0.
 *
 * @param gone       stores that are gone for good; what only they had is counted nowhere
 * @param leftMillis empty if the node cannot tell
 */
public record RecoveryProgress(
        long epoch,
        String stage,
        long lists,
        long ofLists,
        long objects,
        long ofObjects,
        long bytes,
        long ofBytes,
        long held,
        long heldMillis,
        long waiting,
        List<Waits> waits,
        long noSpace,
        long speed,
        OptionalLong leftMillis,
        boolean enabled,
        long max,
        long interval,
        long gone) {
    /** Room for an answer. */
    public static final int BYTES_MAX = 256 << 10;

    /**
     * One of {@code nodes} must be back.
     *
     * @param epoch of which they were replicas
     */
    public record Missing(String epoch, List<String> nodes) {}

    /** An object that waits, and whom for. */
    public record Waits(String oid, List<Missing> missing) {}

    /** Empty if this is no such answer. */
    public static Optional<RecoveryProgress> of(Response response) {
        return response instanceof Response.Data data
                ? Optional.of(read(
                        StandardCharsets.US_ASCII.decode(data.data().bytes()).toString()))
                : Optional.empty();
    }

    private static RecoveryProgress read(String text) {
        var lines = text.lines().map(line -> line.split(" ")).toList();
        var waits = new ArrayList<Waits>();
        for (String[] words : lines) {
            if (words[0].equals("wait") && words.length > 1) {
                var missing = new ArrayList<Missing>();
                for (int i = 2; i < words.length; i++) {
                    List<String> parts = List.of(words[i].split(","));
                    missing.add(new Missing(parts.getFirst(), parts.subList(1, parts.size())));
                }
                waits.add(new Waits(words[1], missing));
            }
        }
        String left = word(lines, "left", 1);
        return new RecoveryProgress(
                number(lines, "epoch", 1),
                word(lines, "stage", 1),
                number(lines, "lists", 1),
                number(lines, "lists", 2),
                number(lines, "objects", 1),
                number(lines, "objects", 2),
                number(lines, "bytes", 1),
                number(lines, "bytes", 2),
                number(lines, "held", 1),
                number(lines, "held", 2),
                number(lines, "waiting", 1),
                waits,
                number(lines, "space", 1),
                number(lines, "speed", 1),
                left.matches("\\d+") ? OptionalLong.of(Long.parseLong(left)) : OptionalLong.empty(),
                word(lines, "enabled", 1).equals("yes"),
                number(lines, "limit", 1),
                number(lines, "limit", 2),
                number(lines, "gone", 1));
    }

    private static long number(List<String[]> lines, String name, int index) {
        String word = word(lines, name, index);
        return word.matches("\\d{1,18}") ? Long.parseLong(word) : 0;
    }

    private static String word(List<String[]> lines, String name, int index) {
        return lines.stream()
                .filter(words -> words[0].equals(name) && words.length > index)
                .map(words -> words[index])
                .findFirst()
                .orElse("");
    }
}
