package sheepdog.it.sim;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import sheepdog.protocol.model.Invariant;

/**
 * What is to happen to a cluster, as data: so it can be drawn, printed, shrunk and told again. The rest of chance, such as
 * delays and what guests do, follows from {@code seed}.
 *
 * @param seed   of all that the story does not say
 * @param nodes  from 1 to {@value #NODES_MAX}
 * @param zones  among which the nodes take turns, from 1 to {@code nodes}
 * @param copies of each object, from 1 to 3
 * @param log    which log the sheep run on
 * @param rough  whether the network is so all the time
 * @param steps  in their order
 */
public record Story(long seed, int nodes, int zones, int copies, Log log, boolean rough, List<Step> steps) {
    /** The largest cluster. */
    public static final int NODES_MAX = 9;

    private static final int STEPS_MAX = 4;
    private static final int GAP_MILLIS_MAX = 4_000;
    private static final int LASTS_MILLIS_MAX = 9_000;

    /** What decides for the cluster. */
    public enum Log {
        /** The production log. */
        CONSENSUS,
        /** A log that is right by decree; what fails over it is the daemon's. */
        IDEAL
    }

    /**
     * One fault.
     *
     * @param gapMillis   after the one before began
     * @param calm        whether the cluster first gets back all that was taken from it, and recovers
     * @param victim      whom it befalls: the node, or guest, with this number, counted round
     * @param detail      what else the fault leaves open
     * @param lastsMillis until it is undone
     */
    public record Step(SimFault fault, int gapMillis, boolean calm, int victim, int detail, int lastsMillis) {
        @Override
        public String toString() {
            return fault + (calm ? "!" : "") + ":" + gapMillis + ":" + victim + ":" + detail + ":" + lastsMillis;
        }

        private static Step parse(String text) {
            String[] parts = text.split(":");
            Invariant.check(parts.length == 5, "not a step: %s", text);
            boolean calm = parts[0].endsWith("!");
            return new Step(
                    SimFault.valueOf(calm ? parts[0].substring(0, parts[0].length() - 1) : parts[0]),
                    Integer.parseInt(parts[1]),
                    calm,
                    Integer.parseInt(parts[2]),
                    Integer.parseInt(parts[3]),
                    Integer.parseInt(parts[4]));
        }
    }

    /** Checks what the fields promise. */
    public Story {
        Invariant.check(nodes >= 1 && nodes <= NODES_MAX, "%d nodes", nodes);
        Invariant.check(
                zones >= 1 && zones <= nodes && copies >= 1 && copies <= 3, "%d zones, %d copies", zones, copies);
        steps = List.copyOf(steps);
    }

    /** The story that belongs to a seed. */
    public static Story draw(long seed) {
        return draw(seed, List.of(SimFault.values()));
    }

    /** The story that belongs to a seed, of these faults only; one that is named twice comes twice as often. */
    public static Story draw(long seed, List<SimFault> faults) {
        RandomGenerator random = new SplittableRandom(seed);
        int nodes = random.nextInt(3) == 0 ? random.nextInt(1, NODES_MAX + 1) : random.nextInt(2, 5);
        int zones = random.nextInt(4) == 0 ? random.nextInt(1, nodes + 1) : nodes;
        int copies = random.nextInt(4) == 0 ? random.nextInt(1, 4) : 3;
        Log log = random.nextInt(5) == 0 ? Log.IDEAL : Log.CONSENSUS;
        boolean rough = random.nextInt(4) == 0;
        var steps = new ArrayList<Step>();
        int count = random.nextInt(1, STEPS_MAX + 1);
        for (int i = 0; i < count; i++) {
            steps.add(step(random, faults));
        }
        return new Story(seed, nodes, zones, copies, log, rough, steps);
    }

    private static Step step(RandomGenerator random, List<SimFault> faults) {
        SimFault fault = faults.get(random.nextInt(faults.size()));
        return new Step(
                fault,
                random.nextInt(3) == 0 ? random.nextInt(100) : random.nextInt(GAP_MILLIS_MAX),
                random.nextInt(3) == 0,
                random.nextInt(NODES_MAX),
                random.nextInt(1 << NODES_MAX),
                random.nextInt(3) == 0 ? random.nextInt(500) : random.nextInt(LASTS_MILLIS_MAX));
    }

    /** @return the story that {@link #toString} wrote */
    public static Story parse(String text) {
        var fields = new TreeMap<String, String>();
        for (String field : text.trim().split(" +")) {
            String[] parts = field.split("=", 2);
            Invariant.check(parts.length == 2, "not a field of a story: %s", field);
            fields.put(parts[0], parts[1]);
        }
        Invariant.check(
                fields.keySet().containsAll(List.of("seed", "nodes", "zones", "copies", "log", "rough", "steps")),
                "not a story: %s",
                text);
        return new Story(
                Long.parseLong(fields.get("seed")),
                Integer.parseInt(fields.get("nodes")),
                Integer.parseInt(fields.get("zones")),
                Integer.parseInt(fields.get("copies")),
                Log.valueOf(fields.get("log")),
                Boolean.parseBoolean(fields.get("rough")),
                Arrays.stream(fields.get("steps").split(","))
                        .filter(step -> !step.isEmpty())
                        .map(Step::parse)
                        .toList());
    }

    @Override
    public String toString() {
        return "seed=" + seed + " nodes=" + nodes + " zones=" + zones + " copies=" + copies + " log=" + log + " rough="
                + rough + " steps=" + steps.stream().map(Step::toString).collect(Collectors.joining(","));
    }
}
