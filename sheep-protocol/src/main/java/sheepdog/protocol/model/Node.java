package sheepdog.protocol.model;

import java.util.Optional;

/**
 * A member of the cluster as node lists carry it (56 bytes on the wire).
 *
 * @param io     second address for traffic between sheep, if it has one
 * @param vnodes virtual nodes, unsigned 16 bit; 0 for a gateway
 * @param zone   failure domain, unsigned 32 bit
 * @param space  bytes of disk it announced at its first start; 0 for a gateway
 */
public record Node(NodeId id, Optional<NodeId> io, int vnodes, int zone, long space) implements Comparable<Node> {
    /** Whether this node holds objects at all. */
    public boolean storesObjects() {
        return vnodes > 0;
    }

    public Node withVnodes(int count) {
        return new Node(id, io, count, zone, space);
    }

    @Override
    public int compareTo(Node other) {
        return id.compareTo(other.id);
    }

    @Override
    public String toString() {
        return id.toString();
    }
}
