package sheepdog.membership.api;

import sheepdog.protocol.model.Node;

/**
 * One sheep process of the cluster.
 *
 * @param node        its address, zone and space as node lists carry them
 * @param storeId     random number of its store directory, made at its first start and never 0; a wiped disk has a new
 *                    one, so a node that lost its log is never taken for the voter it was
 * @param incarnation grows with every start of a sheep on that store
 */
public record Member(Node node, long storeId, long incarnation) {
    /** Same store, whatever its address and incarnation. */
    public boolean sameStore(Member other) {
        return storeId == other.storeId;
    }

    @Override
    public String toString() {
        return node + "#" + Long.toHexString(storeId) + "." + incarnation;
    }
}
