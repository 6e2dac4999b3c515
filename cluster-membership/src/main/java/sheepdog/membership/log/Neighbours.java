package sheepdog.membership.log;

import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import sheepdog.membership.api.ClusterTransport.Evidence;
import sheepdog.membership.api.Member;

/** What the transport has said of other sheep, and what they have said of themselves. Loop-owned. */
final class Neighbours {
    private final TreeMap<Long, Member> visible = new TreeMap<>();
    private final TreeMap<Long, Long> goneAt = new TreeMap<>();
    private final TreeMap<Long, Long> suspectedAt = new TreeMap<>();
    private final TreeMap<Long, Long> deadIncarnations = new TreeMap<>();
    private final TreeMap<Long, Long> leftIncarnations = new TreeMap<>();

    /** @return whether that is news */
    boolean seen(Member member) {
        Member before = visible.get(member.storeId());
        if (before != null && before.incarnation() > member.incarnation()) {
            return false;
        }
        suspectedAt.remove(member.storeId());
        visible.put(member.storeId(), member);
        return !member.equals(before);
    }

    void gone(Member member, Evidence evidence, long now) {
        long id = member.storeId();
        Member seen = visible.get(id);
        if (seen != null && seen.incarnation() <= member.incarnation()) {
            visible.remove(id);
            goneAt.put(id, now);
        }
        switch (evidence) {
            case LEFT -> left(id, member.incarnation());
            case DEAD -> deadIncarnations.merge(id, member.incarnation(), Math::max);
            case CLOSED, SILENT -> {
                if (seen == null || seen.incarnation() <= member.incarnation()) {
                    suspectedAt.put(id, now);
                }
            }
        }
    }

    /** When a store was seen last that is not visible; empty if it never was. */
    Optional<Long> goneAt(long id) {
        return visible.containsKey(id) ? Optional.empty() : Optional.ofNullable(goneAt.get(id));
    }

    /** It is not to be taken for a sheep that could be a member. */
    void forget(Member member) {
        visible.remove(member.storeId(), member);
    }

    /** It stopped serving on purpose. */
    void left(long id, long incarnation) {
        leftIncarnations.merge(id, incarnation, Math::max);
    }

    void dead(long id, long incarnation) {
        deadIncarnations.merge(id, incarnation, Math::max);
    }

    boolean hasLeft(long id, long incarnation) {
        return leftIncarnations.getOrDefault(id, -1L) >= incarnation;
    }

    boolean isDead(long id, long incarnation) {
        return deadIncarnations.getOrDefault(id, -1L) >= incarnation;
    }

    Optional<Long> suspectedAt(long id) {
        return Optional.ofNullable(suspectedAt.get(id));
    }

    Optional<Member> visible(long id) {
        return Optional.ofNullable(visible.get(id));
    }

    List<Member> visible() {
        return List.copyOf(visible.values());
    }
}
