package sheepdog.membership.api;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
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
        int from = 0;
        int to = members.size();
        while (from < to) {
            int middle = (from + to) >>> 1;
            int order = members.get(middle).node().id().compareTo(id);
            if (order == 0) {
                return Optional.of(members.get(middle));
            } else if (order < 0) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        return Optional.empty();
    }

    /** Those of the members that store objects. */
    public Stream<Member> storing() {
        return members.stream().filter(member -> member.node().storesObjects());
    }

    public Optional<Member> store(long storeId) {
        return members.stream().filter(m -> m.storeId() == storeId).findFirst();
    }
}
