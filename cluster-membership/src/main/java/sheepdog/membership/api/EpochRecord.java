package sheepdog.membership.api;

import java.util.List;
import java.util.Optional;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;

/**
 * One epoch: who was in the cluster. Decided once, by a committed entry; one record per epoch number for ever.
 *
 * @param timeSeconds when it was proposed, seconds since 1970
 * @param members     sorted by address and port; weights ({@link Node#vnodes}) already computed for this list
 * @param voters      store ids of the members that vote, at most 7; the first that holds data breaks ties (R9)
 */
public record EpochRecord(Epoch epoch, long timeSeconds, List<Member> members, List<Long> voters) {
    public EpochRecord {
        members = List.copyOf(members);
        voters = List.copyOf(voters);
        for (int i = 1; i < members.size(); i++) {
            Invariant.check(
                    members.get(i - 1).node().compareTo(members.get(i).node()) < 0, "members unsorted: %s", members);
        }
    }

    public List<Node> nodes() {
        return members.stream().map(Member::node).toList();
    }

    public Optional<Member> member(NodeId id) {
        return members.stream().filter(m -> m.node().id().equals(id)).findFirst();
    }

    public Optional<Member> store(long storeId) {
        return members.stream().filter(m -> m.storeId() == storeId).findFirst();
    }
}
