package sheepdog.protocol.placement;

import java.util.List;
import sheepdog.protocol.model.Node;

/** How many vnodes each node of a list has. Pure; any thread. */
public final class Weights {
    /** Vnodes of a node with average space. */
    public static final int VNODES_DEFAULT = 64;

    private static final int VNODES_MAX = 0xffff;

    private Weights() {}

    /**
     * Gives each node vnodes in proportion to its space: 64 for the mean of those that have any, 0 for those that have
     * none. If nobody has space, the list is left as it came. The arithmetic is the original's, in 32-bit floats that
     * round half to even, for all nodes must come to the same numbers.
     *
     * @return the nodes in the same order
     */
    public static List<Node> assign(List<Node> nodes) {
        long sum = 0;
        int count = 0;
        for (Node node : nodes) {
            if (node.space() != 0) {
                sum += node.space();
                count++;
            }
        }
        if (count == 0) {
            return List.copyOf(nodes);
        }
        long mean = Long.divideUnsigned(sum, count);
        return nodes.stream()
                .map(node -> node.withVnodes(vnodes(node.space(), mean)))
                .toList();
    }

    private static int vnodes(long space, long mean) {
        if (space == 0 || mean == 0) {
            return 0;
        }
        float share = VNODES_DEFAULT * unsigned(space) / unsigned(mean);
        return (int) Math.min(Math.rint(share), VNODES_MAX);
    }

    /** The nearest float of an unsigned number. */
    private static float unsigned(long value) {
        // Half of it, its lowest bit kept for the rounding, then doubled, which is exact.
        return value >= 0 ? (float) value : (float) (value >>> 1 | value & 1) * 2;
    }
}
