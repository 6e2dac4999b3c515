package sheepdog.membership.transport;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import sheepdog.membership.api.ClusterTransport.Evidence;
import sheepdog.membership.api.ClusterTransport.Listener;
import sheepdog.membership.api.Member;

/**
 * Which links a transport has, who is at their other ends, and which of several links of one store messages go to: the
 * one with the newest incarnation, the oldest link among equals. Tells the listener.
 *
 * <p>A store has several links for a moment after a quick restart, and for long when two processes run on copies of one
 * directory. All are reported as seen, since that is for the log to judge; gone is reported when the last is. Links with
 * this sheep's own store id, other processes on a copy of its directory, are reported as seen and never as gone; only
 * broadcasts go to them.
 *
 * <p>Loop-owned.
 *
 * @param <L> a link; compared by {@code equals}
 */
public final class Roster<L> {
    private final Member self;
    private final Listener listener;
    private final Map<L, Member> seen = new LinkedHashMap<>();
    private final Map<L, Member> doubted = new HashMap<>();
    private final Map<Long, L> current = new LinkedHashMap<>();

    /** @param listener called on the loop, from within the methods below */
    public Roster(Member self, Listener listener) {
        this.self = self;
        this.listener = listener;
    }

    /** {@code member} is at the other end of {@code link}. Reports it unless that was known. */
    public void seen(L link, Member member) {
        if (member.equals(seen.put(link, member))) {
            return;
        }
        if (member.storeId() != self.storeId()) {
            L known = current.get(member.storeId());
            if (known == null || seen.get(known).incarnation() < member.incarnation()) {
                current.put(member.storeId(), link);
            }
        }
        listener.seen(member);
    }

    /** {@code link} seems gone: nothing more is sent to it, but nothing is reported before {@link #gone}. */
    public void doubt(L link) {
        Member member = seen.remove(link);
        if (member != null) {
            doubted.put(link, member);
            replace(link, member);
        }
    }

    /** {@code link} is gone. Reports it, unless another link of the same store is there. */
    public void gone(L link, Evidence evidence) {
        doubt(link);
        Member member = doubted.remove(link);
        if (member != null && member.storeId() != self.storeId() && !current.containsKey(member.storeId())) {
            listener.gone(member, evidence);
        }
    }

    private void replace(L link, Member member) {
        if (link.equals(current.get(member.storeId()))) {
            current.remove(member.storeId());
            for (var other : seen.entrySet()) {
                if (other.getValue().sameStore(member)) {
                    L best = current.get(member.storeId());
                    if (best == null
                            || seen.get(best).incarnation() < other.getValue().incarnation()) {
                        current.put(member.storeId(), other.getKey());
                    }
                }
            }
            Optional.ofNullable(current.get(member.storeId())).ifPresent(other -> listener.seen(seen.get(other)));
        }
    }

    /** Who is at the other end, if it was seen and is not doubted. */
    public Optional<Member> member(L link) {
        return Optional.ofNullable(seen.get(link));
    }

    /** Where to send what is for {@code storeId}. */
    public Optional<L> link(long storeId) {
        return Optional.ofNullable(current.get(storeId));
    }

    /** Where broadcasts go: one link for each other store seen, and all with this sheep's own store id. A copy. */
    public List<L> links() {
        var links = new ArrayList<>(current.values());
        seen.forEach((link, member) -> {
            if (member.storeId() == self.storeId()) {
                links.add(link);
            }
        });
        return links;
    }

    /** How many links there are, for bounds. */
    public int size() {
        return seen.size() + doubted.size();
    }
}
