package sheepdog.protocol.placement;

import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.model.ObjectId;

/**
 * Consistent hashing: every node has {@link Node#vnodes} points on a ring of unsigned 64-bit numbers, an object has
 * one, and its copies lie on the nodes of the points that follow, one per zone.
 *
 * <p>Immutable; any thread. A lookup is a binary search and a short walk, and allocates only its result. With few zones
 * of very unequal size the walk may be as long as the ring.
 */
public final class VnodeRing {
    /** Zones that are counted; more copies than this are never made. */
    public static final int ZONES_MAX = 8;

    private final List<Node> nodes;
    /** Ascending as unsigned numbers. */
    private final long[] points;
    /** Index in {@link #nodes} of the node that has the point. */
    private final int[] owners;

    private final int zoneCount;

    private VnodeRing(List<Node> nodes, long[] points, int[] owners, int zoneCount) {
        this.nodes = nodes;
        this.points = points;
        this.owners = owners;
        this.zoneCount = zoneCount;
    }

    /** @param nodes with their weights already assigned ({@link Weights#assign}), in any order */
    public static VnodeRing of(List<Node> nodes) {
        List<Node> members = List.copyOf(nodes);
        int size = members.stream().mapToInt(Node::vnodes).sum();
        long[] points = new long[size];
        int[] owners = new int[size];
        Set<Integer> zones = new HashSet<>();
        int at = 0;
        for (int owner = 0; owner < members.size(); owner++) {
            Node node = members.get(owner);
            if (node.storesObjects()) {
                zones.add(node.zone());
            }
            for (long point : pointsOf(node.id(), node.vnodes())) {
                points[at] = point;
                owners[at] = owner;
                at++;
            }
        }
        sort(points, owners);
        return new VnodeRing(members, points, owners, Math.min(zones.size(), ZONES_MAX));
    }

    /** Where an object lies on the ring. */
    static long point(ObjectId oid) {
        return Fnv.addLong(Fnv.BASIS, oid.bits());
    }

    /** A node's points, in the order of the chain. */
    static List<Long> pointsOf(NodeId id, int vnodes) {
        return LongStream.iterate(next(Fnv.BASIS, id), point -> next(point, id))
                .limit(vnodes)
                .boxed()
                .toList();
    }

    /** The nodes this ring was made of, in the order given. */
    public List<Node> nodes() {
        return nodes;
    }

    /** Zones that can hold a copy, at most {@link #ZONES_MAX}. */
    public int zoneCount() {
        return zoneCount;
    }

    /** How many replicas an object of {@code copies} has here: no more than there are zones. */
    public int replicaCount(int copies) {
        return Math.min(copies, zoneCount);
    }

    /**
     * The nodes that hold an object, the first one first.
     *
     * @param copies how many are wanted, not negative
     * @return {@link #replicaCount} nodes of as many zones; unmodifiable; none if no node stores objects
     */
    public List<Node> replicas(ObjectId oid, int copies) {
        Invariant.check(copies >= 0, "%d copies", copies);
        Node[] found = new Node[replicaCount(copies)];
        if (found.length > 0) {
            walk(successor(point(oid)), found);
        }
        return Collections.unmodifiableList(Arrays.asList(found));
    }

    /** Whether {@code id} is one of {@link #replicas}. */
    public boolean isReplica(ObjectId oid, int copies, NodeId id) {
        for (Node node : replicas(oid, copies)) {
            if (node.id().equals(id)) {
                return true;
            }
        }
        return false;
    }

    /** Fills {@code found} from the points on from {@code start}; there are enough zones for that. */
    private void walk(int start, Node[] found) {
        int count = 0;
        for (int at = start; count < found.length; at = at + 1 == points.length ? 0 : at + 1) {
            Node candidate = nodes.get(owners[at]);
            if (isNewZone(candidate, found, count)) {
                found[count++] = candidate;
            }
        }
    }

    private static boolean isNewZone(Node candidate, Node[] found, int count) {
        for (int i = 0; i < count; i++) {
            if (found[i].zone() == candidate.zone()) {
                return false;
            }
        }
        return true;
    }

    /** Index of the first point that is not below {@code point}, or of the first one of all. */
    private int successor(long point) {
        int low = 0;
        int high = points.length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (Long.compareUnsigned(points[middle], point) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low == points.length ? 0 : low;
    }

    /** The chain goes on from point to point; it does not start again. */
    private static long next(long point, NodeId id) {
        long h = Fnv.addShort(point, id.port());
        byte[] address = id.address();
        for (int i = address.length - 1; i >= 0; i--) {
            h = Fnv.add(h, address[i]);
        }
        return h;
    }

    private static void sort(long[] points, int[] owners) {
        Integer[] order = new Integer[points.length];
        Arrays.setAll(order, i -> i);
        // Two nodes with one point are in the order of the list, so that every sheep has the same ring.
        Arrays.sort(order, (a, b) -> Long.compareUnsigned(points[a], points[b]));
        long[] pointsBefore = points.clone();
        int[] ownersBefore = owners.clone();
        for (int i = 0; i < order.length; i++) {
            points[i] = pointsBefore[order[i]];
            owners[i] = ownersBefore[order[i]];
        }
    }
}
