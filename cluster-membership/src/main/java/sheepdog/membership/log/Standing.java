package sheepdog.membership.log;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.api.ClusterLog.Phase;
import sheepdog.membership.api.ClusterLog.Status;
import sheepdog.membership.api.Member;
import sheepdog.membership.consensus.Consensus;
import sheepdog.membership.runtime.Loop;

/** Where this node stands, as its users see it: in which phase it is, and what it waits for. Loop-owned. */
final class Standing {
    private static final Logger LOG = LoggerFactory.getLogger(Standing.class);

    private final LogSetup setup;
    private final Member self;
    private final Loop loop;
    private final LogNode node;
    private final Neighbours neighbours;
    private final LinkFaults faults;
    private final Strangers strangers;
    private final Forcing forcing;
    private final Departure departure;

    private boolean everLeased;
    private long leasedAt;
    private Optional<String> stopped = Optional.empty();
    private Shown shown = new Shown(new Status(Phase.UNFORMATTED, 0, 0, List.of(), ""), false, List.of());

    /** What the users were last told. */
    private record Shown(Status status, boolean lease, List<Member> visible) {
        boolean differs(Shown other) {
            return status.phase() != other.status.phase()
                    || status.leader() != other.status.leader()
                    || !status.missing().equals(other.status.missing())
                    || !status.reason().equals(other.status.reason())
                    || lease != other.lease
                    || !visible.equals(other.visible);
        }
    }

    Standing(
            LogSetup setup,
            Loop loop,
            LogNode node,
            Neighbours neighbours,
            LinkFaults faults,
            Strangers strangers,
            Forcing forcing,
            Departure departure) {
        this.setup = setup;
        this.loop = loop;
        this.node = node;
        this.neighbours = neighbours;
        this.faults = faults;
        this.strangers = strangers;
        this.forcing = forcing;
        this.departure = departure;
        self = setup.self();
    }

    /** Whether this process has ever held a lease. */
    boolean hasServed() {
        return everLeased;
    }

    boolean isStopped() {
        return stopped.isPresent();
    }

    /** Whether this very process is a member of the newest epoch applied here. */
    boolean isMember() {
        return node.epoch()
                .store(self.storeId())
                .filter(member -> member.incarnation() == self.incarnation()
                        && member.node().id().equals(self.node().id()))
                .isPresent();
    }

    boolean holdsLease() {
        return !isStopped()
                && !departure.isUnderWay()
                && !strangers.isAmongThem()
                && isMember()
                && node.core().holdsLease(loop.nowNanos());
    }

    /** Whether this node belongs to a cluster and follows no leader of it. */
    boolean isStranded() {
        return !isStopped()
                && !departure.isUnderWay()
                && !node.core().pristine()
                && !forcing.isFrozen()
                && !node.core().hasLeader(loop.nowNanos())
                && !node.core().holdsLease(loop.nowNanos());
    }

    /** This node's part in the cluster is over. */
    void stop(String why) {
        stopped = Optional.of(why);
    }

    Status status() {
        List<Member> missing = node.epoch().members().stream()
                .filter(member -> member.storeId() != self.storeId()
                        && neighbours.visible(member.storeId()).isEmpty())
                .toList();
        Phase phase = phase();
        long leader = isStopped() ? 0 : node.core().leader();
        return new Status(phase, leader, Math.max(0, node.core().commit()), missing, reason(phase, missing));
    }

    /** @return whether there is anything new since it was asked last */
    boolean changed() {
        boolean lease = holdsLease();
        if (lease) {
            everLeased = true;
            leasedAt = loop.nowNanos();
        }
        var now = new Shown(status(), lease, node.visible());
        boolean differs = now.differs(shown);
        if (differs) {
            if (now.status.phase() != shown.status.phase()) {
                LOG.info(
                        "cluster log phase={} leader={} reason=\"{}\"",
                        now.status.phase(),
                        Long.toHexString(now.status.leader()),
                        now.status.reason());
            }
            shown = now;
        }
        return differs;
    }

    private Phase phase() {
        if (isStopped()) {
            return Phase.STOPPED;
        }
        if (node.core().pristine() && !strangers.isAdopted()) {
            return Phase.UNFORMATTED;
        }
        if (!everLeased || strangers.isAdopted()) {
            return Phase.JOINING;
        }
        if (forcing.isFrozen()) {
            return Phase.ISOLATED;
        }
        boolean lately = loop.nowNanos() - leasedAt < setup.timing().lease().toNanos();
        boolean serves = isMember() && (holdsLease() || node.core().leader() != 0 && lately);
        return serves ? Phase.SERVING : Phase.ISOLATED;
    }

    private String reason(Phase phase, List<Member> missing) {
        return switch (phase) {
            case UNFORMATTED, SERVING -> "";
            case STOPPED -> stopped.orElse("");
            case JOINING, ISOLATED -> waitsFor(missing);
        };
    }

    private String waitsFor(List<Member> missing) {
        Consensus core = node.core();
        if (strangers.isAdopted() || forcing.isFrozen()) {
            return "waits for the cluster that goes on by force";
        }
        if (core.damaged()) {
            return "waits for the part of the cluster log that is missing here";
        }
        Optional<Set<Long>> notReached = faults.notReached(self.storeId());
        if (notReached.isPresent()) {
            return "waits to be taken into an epoch; "
                    + (notReached.get().isEmpty()
                            ? "all members reach it again"
                            : "not reached by " + addresses(faults.members(notReached.get())));
        }
        boolean seesMajority = core.config()
                .reachedBy(id -> id == self.storeId() || neighbours.visible(id).isPresent());
        boolean seesLeader = core.leader() == self.storeId()
                || neighbours.visible(core.leader()).isPresent();
        if (!seesLeader || !seesMajority) {
            return missing.isEmpty() ? "waits for a leader" : "waits for a majority; missing " + addresses(missing);
        }
        return isMember() ? "waits for a lease" : "waits to be taken into an epoch";
    }

    private static List<String> addresses(List<Member> members) {
        return members.stream().map(member -> member.node().id().toString()).toList();
    }
}
