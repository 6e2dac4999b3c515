package sheepdog.membership.log;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import sheepdog.membership.api.ClusterLog.BrokenLink;
import sheepdog.membership.api.ClusterLog.KeptOut;
import sheepdog.membership.api.ClusterLog.PortProbe;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.api.Member;
import sheepdog.membership.runtime.Loop;

/**
 * What is known of members that do not answer or do not reach each other, and how more is found out: {@link Complaints},
 * {@link Reports} and {@link Bars}, which every sheep keeps, {@link Reach}, by which it looks, and {@link Links}, by which a
 * leader has all look. What follows from it the {@link Steward} decides. Loop-owned.
 */
final class LinkFaults {
    /** What the leader last said of who is kept out counts so long. */
    private static final Duration BAR_FRESH = Duration.ofSeconds(10);

    private final Loop loop;
    private final LogNode node;
    private final Member self;
    private final Complaints complaints = new Complaints();
    private final Reports reports = new Reports();
    private final Bars bars = new Bars();
    private final Reach reach;
    private final Links links;

    LinkFaults(Member self, Loop loop, LogNode node, Neighbours neighbours) {
        this.self = self;
        this.loop = loop;
        this.node = node;
        reach = new Reach(loop, node::send);
        links = new Links(self, neighbours, bars, new Asking());
    }

    Complaints complaints() {
        return complaints;
    }

    Reports reports() {
        return reports;
    }

    Bars bars() {
        return bars;
    }

    Links links() {
        return links;
    }

    void by(PortProbe probe) {
        reach.by(probe);
    }

    /** This sheep got no answer in time. */
    void complain(long storeId) {
        complaints.add(self.storeId(), storeId, node.epoch(), loop.nowNanos());
        node.broadcast(new Letter.Complaint(storeId));
        doubt(storeId);
    }

    /** This sheep waits for an answer. */
    void doubt(long storeId) {
        if (storeId == self.storeId()) {
            return;
        }
        if (node.leads()) {
            links.doubt(self.storeId(), storeId, node.epoch(), loop.nowNanos());
            node.pump();
        } else if (node.core().leader() != 0) {
            node.send(node.core().leader(), new Letter.Doubt(storeId));
        }
    }

    void received(long from, Letter.Complaint complaint) {
        complaints.add(from, complaint.storeId(), node.epoch(), loop.nowNanos());
    }

    void received(long from, Letter.Doubt doubt) {
        if (node.leads()) {
            links.doubt(from, doubt.storeId(), node.epoch(), loop.nowNanos());
        }
    }

    void received(long from, Letter.Ping ping) {
        reach.received(from, ping);
    }

    void received(Letter.Barred barred) {
        bars.told(barred, loop.nowNanos());
    }

    /**
     * Who is new in an epoch, as a store or as a process, begins without what was said of the one before it: here on every
     * node, for each may lead next.
     */
    void forget(long storeId) {
        complaints.forget(storeId);
        reports.forget(storeId);
    }

    List<BrokenLink> broken() {
        EpochRecord epoch = node.epoch();
        return reports.broken(epoch, loop.nowNanos()).stream()
                .map(link -> new BrokenLink(
                        epoch.store(link.low()).orElseThrow(),
                        epoch.store(link.high()).orElseThrow()))
                .toList();
    }

    List<KeptOut> keptOut() {
        return node.visible().stream()
                .flatMap(member ->
                        notReached(member.storeId()).stream().map(stores -> new KeptOut(member, members(stores))))
                .toList();
    }

    /** Why {@code storeId} is kept out, as far as was heard lately: stores that it does not reach; empty if it is not. */
    Optional<Set<Long>> notReached(long storeId) {
        return bars.notReached(storeId, BAR_FRESH, loop.nowNanos());
    }

    /** Those of the epoch that have these stores. */
    List<Member> members(Set<Long> stores) {
        return node.epoch().members().stream()
                .filter(member -> stores.contains(member.storeId()))
                .toList();
    }

    /** How the leader asks others, and itself, who reaches whom. */
    private final class Asking implements Links.Questions {
        @Override
        public void ask(long who, Member target, boolean all) {
            if (who == self.storeId()) {
                check(who, target, all);
            } else {
                node.send(who, new Letter.Check(target, all));
            }
        }

        @Override
        public void tell(Letter.Barred barred) {
            node.broadcast(barred);
        }
    }

    /** Looks whether this sheep reaches {@code target}. */
    void check(long asker, Member target, boolean all) {
        reach.check(target, result -> {
            if (node.stopped()) {
                return;
            }
            var found = new Letter.Checked(target.storeId(), all, result.transport(), result.port());
            if (all) {
                checked(self.storeId(), found);
            }
            if (all && !found.port()) {
                node.broadcast(found);
            } else if (asker != self.storeId()) {
                node.send(asker, found);
            } else if (!all) {
                checked(asker, found);
            }
            node.pump();
        });
    }

    /** Data goes by the port; so that is what a member must have. Who comes back must have both. */
    void checked(long by, Letter.Checked found) {
        if (found.all()) {
            reports.add(by, found.storeId(), found.port(), node.epoch(), loop.nowNanos());
        } else if (node.leads()) {
            links.answered(by, found);
        }
    }
}
