package sheepdog.sheep.cluster;

import java.util.List;
import java.util.Optional;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.api.Member;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.placement.VnodeRing;

/**
 * One epoch as requests see it: who is in it and where its objects are. Immutable, any thread. A request takes one when
 * it is admitted and keeps it until it is answered or admitted again.
 */
public record ClusterView(EpochRecord record, VnodeRing ring, ClusterFormat format, Member self) {
    public Epoch epoch() {
        return record.epoch();
    }

    public List<Node> nodes() {
        return record.nodes();
    }

    /** Where the replicas of {@code oid} are, the first choice first; one per zone. */
    public List<Node> replicas(ObjectId oid, int copies) {
        return ring.replicas(oid, copies);
    }

    /**
     * Whether {@code node}, of this epoch, is this sheep's store. Its address says nothing: the store may have been elsewhere
     * in this epoch, and another one here.
     */
    public boolean isSelf(Node node) {
        return record.member(node.id()).filter(self::sameStore).isPresent();
    }

    /** This sheep's store as the epoch has it; empty if it is not in it. */
    public Optional<Member> selfMember() {
        return record.store(self.storeId());
    }

    /** Failure domains that hold data. */
    public int zones() {
        return (int) nodes().stream()
                .filter(Node::storesObjects)
                .mapToInt(Node::zone)
                .distinct()
                .count();
    }
}
