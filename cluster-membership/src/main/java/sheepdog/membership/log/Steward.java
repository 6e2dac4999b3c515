package sheepdog.membership.log;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.api.Member;
import sheepdog.membership.consensus.Config;
import sheepdog.membership.consensus.Consensus;
import sheepdog.membership.consensus.FieldWriter;
import sheepdog.membership.consensus.LogTiming;
import sheepdog.membership.consensus.Quorum;
import sheepdog.membership.log.Reports.Link;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;

/**
 * What a leader does about who is a member. Made when a node becomes leader, dropped when it is that no more. Loop-owned.
 *
 * <pre>
 *   visible, no member      observed until it has the log -----------------------------> epoch with it
 *   said that it leaves     -----------------------------------------------------------> epoch without it
 *   dead for certain        -----------------------------------------------------------> epoch without it
 *   silent, or link closed  wait until its lease is over ------------------------------> epoch without it
 *   two complain of it,     no more leases, wait until its lease is over --------------> epoch without it
 *   or it does itself
 *   it and another do not   as few as possible of those at broken links ({@link Cover}),
 *   reach each other        which then count as complained of by two
 *   likewise of self        hand over; the next leader has heard the complaints and reports, too
 *   a new process answers   same address: an entry that says so; another address ------> epoch with the new record
 *   address taken by another store, lease over ----------------------------------------> epoch with that one instead
 *   is to get no objects, or again some ------------------------------------------------> epoch with other vnodes
 * </pre>
 *
 * <p>One change at a time; all that is due goes into it. None is proposed that the voters who answer could not commit.
 */
final class Steward {
    private static final Logger LOG = LoggerFactory.getLogger(Steward.class);

    /** A sheep that others complained of comes back no sooner. */
    static final Duration COMPLAINT_REJOIN = Duration.ofSeconds(15);

    private static final Duration STUCK_SAID = Duration.ofMinutes(1);

    private final Member self;
    private final Consensus core;
    private final LogTiming timing;
    private final LogSetup setup;
    private final Neighbours neighbours;
    private final long arrivalsUntil;
    private final Supplier<Set<Long>> draining;

    private final Complaints complaints;
    private final Reports reports;
    private final Links links;
    private final Bars bars;
    private final TreeMap<Long, Condemned> condemned = new TreeMap<>();
    private final TreeMap<Long, Long> noRejoinBefore = new TreeMap<>();
    private final TreeSet<Long> observed = new TreeSet<>();
    private final TreeSet<Long> foreign = new TreeSet<>();
    private final TreeMap<Long, Long> announced = new TreeMap<>();
    private final TreeMap<Long, Long> released = new TreeMap<>();

    private long saidStuckAt = Long.MIN_VALUE / 2;

    /** @param by those that do not reach it, or it them; nobody if it complained of itself */
    private record Condemned(long at, Set<Long> by) {}

    /**
     * @param arrivalsUntil until when members that were not heard yet are waited for, on the loop's clock
     * @param draining      stores that get no objects
     */
    Steward(
            LogSetup setup,
            Consensus core,
            Neighbours neighbours,
            LinkFaults faults,
            long arrivalsUntil,
            Supplier<Set<Long>> draining) {
        this.draining = draining;
        complaints = faults.complaints();
        reports = faults.reports();
        links = faults.links();
        bars = faults.bars();
        this.arrivalsUntil = arrivalsUntil;
        this.setup = setup;
        this.core = core;
        this.neighbours = neighbours;
        self = setup.self();
        timing = setup.timing();
    }

    /** {@code id} belongs to another cluster. */
    void foreign(long id) {
        foreign.add(id);
    }

    /**
     * Processes that an epoch has put out, to be told so. Not before that epoch's joint phase is over: until then the
     * others may need them.
     */
    TreeMap<Long, Long> takeReleased() {
        var taken = new TreeMap<Long, Long>();
        if (core.mayPropose()) {
            taken.putAll(released);
            released.clear();
        }
        return taken;
    }

    boolean settled() {
        return core.mayPropose();
    }

    /**
     * Looks at everything and proposes what is due.
     *
     * @param selfLeaves this node wants to be out of the next epoch
     */
    void act(EpochRecord epoch, boolean selfLeaves, long now) {
        Set<Long> accused = complaints.accused(epoch, now);
        if (accused.contains(self.storeId()) && yields(now)) {
            return;
        }
        condemn(epoch, accused, now);
        observe(epoch, now);
        if (!core.mayPropose()) {
            return;
        }
        announceStarts(epoch);
        List<Member> next = next(epoch, selfLeaves, now);
        if (same(next, epoch.members()) && !drains(epoch) || next.isEmpty()) {
            return;
        }
        propose(epoch, next, now);
    }

    /** With the vnodes that the next epoch gives them. If nobody else is left, even those that should get nothing do. */
    private List<Member> weighted(List<Member> next) {
        List<Member> members = weighted(next, draining.get());
        boolean any = members.stream().anyMatch(member -> member.node().storesObjects());
        return any ? members : weighted(next, Set.of());
    }

    /** Who gets no objects is as if it had no space. */
    private List<Member> weighted(List<Member> next, Set<Long> empty) {
        List<Node> weighted = setup.weights()
                .apply(next.stream()
                        .map(member -> weighedAs(member, empty.contains(member.storeId())))
                        .toList());
        var members = new ArrayList<Member>();
        for (int i = 0; i < next.size(); i++) {
            Member member = next.get(i);
            Node node = member.node().withVnodes(weighted.get(i).vnodes());
            members.add(member.as(node));
        }
        return members;
    }

    private Node weighedAs(Member member, boolean empty) {
        Node node = member.node();
        if (empty) {
            return new Node(node.id(), node.io(), 0, node.zone(), 0);
        }
        // One that got no objects in the last epoch says itself what it could take.
        int own = member.storeId() == self.storeId()
                ? self.node().vnodes()
                : neighbours
                        .visible(member.storeId())
                        .map(m -> m.node().vnodes())
                        .orElse(0);
        return node.vnodes() == 0 ? node.withVnodes(own) : node;
    }

    /** Whether one of {@code epoch} begins or ends to get objects because of what was decided since. */
    private boolean drains(EpochRecord epoch) {
        List<Member> next = weighted(epoch.members());
        for (int i = 0; i < next.size(); i++) {
            if (next.get(i).node().storesObjects()
                    != epoch.members().get(i).node().storesObjects()) {
                return true;
            }
        }
        return false;
    }

    private void propose(EpochRecord epoch, List<Member> next, long now) {
        List<Member> members = weighted(next);
        List<Long> voters = VoterPolicy.choose(epoch.voters(), members);
        Quorum quorum = VoterPolicy.quorum(voters, members);
        if (!quorum.reachedBy(id -> answers(id, now)) || !core.config().reachedBy(id -> answers(id, now))) {
            return;
        }
        List<Long> learners = members.stream()
                .map(Member::storeId)
                .filter(id -> !voters.contains(id))
                .toList();
        var payload = new FieldWriter().i64(setup.wallSeconds().getAsLong());
        RecordCodec.write(members, payload);
        LOG.info("epoch proposed after={} members={} voters={}", epoch.epoch(), members, quorum.voters());
        for (Member member : epoch.members()) {
            if (members.stream().noneMatch(member::sameStore)) {
                released.put(member.storeId(), member.incarnation());
                Condemned was = condemned.remove(member.storeId());
                if (was != null) {
                    // Outside it gets no lease anyway; should it come back, it starts afresh.
                    core.grantAgain(member.storeId());
                    if (!neighbours.isDead(member.storeId(), member.incarnation())) {
                        noRejoinBefore.put(member.storeId(), now + COMPLAINT_REJOIN.toNanos());
                        if (!was.by.isEmpty()) {
                            bars.add(member.storeId(), was.by, now);
                        }
                    } // Else the complaints were of its death, and its next process has done nothing wrong.
                }
            }
        }
        core.proposeConfig(new Config(quorum, Quorum.NONE, learners, payload.toBytes()));
    }

    private boolean answers(long id, long now) {
        return id == self.storeId()
                || core.heard(id) && now - core.heardAt(id) < timing.heartbeat().toNanos() * 4;
    }

    // Members

    private List<Member> next(EpochRecord epoch, boolean selfLeaves, long now) {
        var byAddress = new TreeMap<NodeId, Member>();
        var kept = new HashSet<Long>();
        for (Member member : epoch.members()) {
            stays(member, selfLeaves, now).ifPresent(as -> {
                byAddress.putIfAbsent(as.node().id(), as);
                kept.add(as.storeId());
            });
        }
        for (Member candidate : neighbours.visible()) {
            if (!kept.contains(candidate.storeId()) && mayJoin(candidate, now)) {
                byAddress.putIfAbsent(candidate.node().id(), candidate);
            }
        }
        return List.copyOf(byAddress.values());
    }

    private Optional<Member> stays(Member member, boolean selfLeaves, long now) {
        long id = member.storeId();
        if (id == self.storeId()) {
            return selfLeaves ? Optional.empty() : Optional.of(newer(member, self));
        }
        Optional<Member> restarted = neighbours
                .visible(id)
                .filter(seen -> seen.incarnation() > member.incarnation()
                        && core.incarnation(id) == seen.incarnation()
                        && answers(id, now));
        if (restarted.isPresent()) {
            boolean processGone =
                    restarted.get().node().id().equals(member.node().id()) || core.leaseOver(id);
            return Optional.of(processGone ? newer(member, restarted.get()) : member);
        }
        if (!core.heard(id) && now - arrivalsUntil < 0 && !neighbours.hasLeft(id, member.incarnation())) {
            return Optional.of(member);
        }
        boolean startsAgain = neighbours
                .visible(id)
                .filter(seen -> seen.incarnation() > member.incarnation()
                        && seen.node().id().equals(member.node().id()))
                .isPresent();
        boolean out = neighbours.hasLeft(id, member.incarnation())
                || neighbours.isDead(id, member.incarnation()) && !startsAgain
                || (silent(id, now) || replaced(member, now) || condemned.containsKey(id)) && core.leaseOver(id);
        return out ? Optional.empty() : Optional.of(member);
    }

    /** {@code member} with the record of its new process, where that says something that an epoch must say. */
    private static Member newer(Member member, Member process) {
        Node was = member.node();
        Node is = process.node();
        boolean sameNode = was.id().equals(is.id())
                && was.io().equals(is.io())
                && was.zone() == is.zone()
                && was.space() == is.space()
                && member.witness() == process.witness();
        return sameNode ? member : process;
    }

    private boolean silent(long id, long now) {
        if (now - core.heardAt(id) > timing.silence().toNanos()) {
            return true;
        }
        return neighbours
                .suspectedAt(id)
                .filter(at -> core.heardAt(id) - at < timing.heartbeat().toNanos()
                        && now - Math.max(at, core.heardAt(id))
                                > timing.heartbeat().toNanos() * 4)
                .isPresent();
    }

    /**
     * Whether another store runs at this member's address, and is ready to take its place. One that is only visible may
     * be the one that was there before.
     */
    private boolean replaced(Member member, long now) {
        return neighbours.visible().stream()
                .anyMatch(other -> !other.sameStore(member)
                        && other.node().id().equals(member.node().id())
                        && mayJoin(other, now));
    }

    private boolean mayJoin(Member candidate, long now) {
        long id = candidate.storeId();
        return observed.contains(id)
                && !bars.isBarred(id)
                && core.caughtUp(id)
                && core.incarnation(id) == candidate.incarnation()
                && answers(id, now);
    }

    private void observe(EpochRecord epoch, long now) {
        Set<Long> wanted = new HashSet<>();
        for (Member candidate : neighbours.visible()) {
            long id = candidate.storeId();
            boolean outside = id != self.storeId()
                    && epoch.store(id).isEmpty()
                    && !foreign.contains(id)
                    && !neighbours.hasLeft(id, candidate.incarnation())
                    && !neighbours.isDead(id, candidate.incarnation())
                    && now >= noRejoinBefore.getOrDefault(id, now);
            if (outside) {
                wanted.add(id);
                if (observed.add(id)) {
                    core.observe(id);
                }
            }
        }
        for (long id : List.copyOf(observed)) {
            if (!wanted.contains(id)) {
                observed.remove(id);
                core.unobserve(id);
            }
        }
    }

    /** New processes of members whose record is the same: no epoch, but everybody must know. */
    private void announceStarts(EpochRecord epoch) {
        for (Member member : epoch.members()) {
            long id = member.storeId();
            Member process =
                    id == self.storeId() ? self : neighbours.visible(id).orElse(member);
            boolean answered = id == self.storeId() || core.incarnation(id) == process.incarnation();
            boolean due = process.incarnation() > member.incarnation()
                    && answered
                    && newer(member, process).equals(member)
                    && announced.getOrDefault(id, 0L) < process.incarnation();
            if (due) {
                announced.put(id, process.incarnation());
                complaints.forget(id);
                reports.forget(id);
                core.propose(new Command.Started(member.as(process.incarnation())).encode(), false);
            }
        }
    }

    /**
     * Hands over when two complain of this node itself: another can look at that, and this one's disk or network may be
     * what is wrong. Not by each new leader at once, should all complain of all.
     */
    private boolean yields(long now) {
        boolean due = isConfirmed(self.storeId())
                && now - core.electedAt() > timing.silence().toNanos()
                && othersSuffice(Set.of(self.storeId()), now);
        if (due) {
            LOG.warn("complaints of this sheep, which leads, from={}", complaints.by(self.storeId()));
        }
        return due && core.handOver(false);
    }

    /** Two say so; or it does itself, for who says so of its own disk knows best and needs no witness. */
    private boolean isConfirmed(long accused) {
        Set<Long> by = complaints.by(accused);
        return by.size() >= 2 || by.contains(accused);
    }

    private void condemn(EpochRecord epoch, Set<Long> accused, long now) {
        for (long id : accused) {
            if (id != self.storeId()
                    && complaints.by(id).contains(id)
                    && condemned.isEmpty()
                    && othersSuffice(Set.of(id), now)) {
                LOG.warn("complaint node={} of itself", epoch.store(id).get());
                condemn(epoch, id, Set.of(), now);
            }
        }
        if (condemned.isEmpty() && core.mayPropose() && links.isSettled(now)) {
            condemnEndsOfLinks(epoch, accused, now);
        }
        condemned.entrySet().removeIf(entry -> {
            boolean over =
                    epoch.store(entry.getKey()).isEmpty() || now - entry.getValue().at > Complaints.WINDOW.toNanos();
            if (over) {
                core.grantAgain(entry.getKey());
            }
            return over;
        });
    }

    private void condemn(EpochRecord epoch, long id, Set<Long> by, long now) {
        condemned.put(id, new Condemned(now, by));
        core.withhold(id, epoch.store(id).orElseThrow().incarnation());
    }

    /**
     * One that two complain of is at the end of two links that do not work; so is one that was found out of another's
     * reach. As few as possible are put out: a fault of the network between many must not take many out.
     */
    private void condemnEndsOfLinks(EpochRecord epoch, Set<Long> accused, long now) {
        Set<Link> broken = reports.broken(epoch, now);
        // Who is silent here is put out for that, if it lasts; nobody else is for not reaching it.
        broken.removeIf(link -> !answers(link.low(), now) || !answers(link.high(), now));
        for (long id : accused) {
            if (id != self.storeId() && complaints.by(id).size() >= 2) {
                complaints.by(id).forEach(by -> broken.add(Link.of(id, by)));
            }
        }
        if (isConfirmed(self.storeId()) && othersSuffice(Set.of(self.storeId()), now)) {
            broken.removeIf(link -> link.touches(self.storeId())); // This node hands over instead.
        }
        if (broken.isEmpty()) {
            return;
        }
        var cover = new Cover(
                epoch.members(),
                broken,
                self.storeId(),
                out -> broken.stream()
                        .filter(link -> out.stream().anyMatch(id -> link.touches(id) && reports.onlyFrom(id, link)))
                        .count(),
                out -> othersSuffice(out, now));
        Optional<Set<Long>> chosen = cover.choose();
        if (chosen.isEmpty()) {
            sayStuck(epoch, broken, now);
        } else if (chosen.get().contains(self.storeId())) {
            if (now - core.electedAt() > timing.silence().toNanos()) {
                LOG.warn("this sheep, which leads, and others do not reach each other links={}", names(epoch, broken));
                core.handOver(false);
            }
        } else {
            LOG.warn("not all reach each other links={} without={}", names(epoch, broken), nodes(epoch, chosen.get()));
            for (long id : chosen.get()) {
                var by = new TreeSet<Long>();
                broken.stream()
                        .filter(link -> link.touches(id))
                        .forEach(link -> by.add(link.low() == id ? link.high() : link.low()));
                condemn(epoch, id, by, now);
            }
        }
    }

    private void sayStuck(EpochRecord epoch, Set<Link> broken, long now) {
        if (now - saidStuckAt > STUCK_SAID.toNanos()) {
            saidStuckAt = now;
            LOG.warn(
                    "not all reach each other links={}, and the others cannot go on without any of them",
                    names(epoch, broken));
        }
    }

    private static List<String> names(EpochRecord epoch, Set<Link> links) {
        return links.stream()
                .map(link -> epoch.store(link.low()).orElseThrow().node().id() + "-"
                        + epoch.store(link.high()).orElseThrow().node().id())
                .toList();
    }

    private static List<NodeId> nodes(EpochRecord epoch, Set<Long> ids) {
        return ids.stream().map(id -> epoch.store(id).orElseThrow().node().id()).toList();
    }

    private boolean othersSuffice(Set<Long> without, long now) {
        return core.config().reachedBy(id -> !without.contains(id) && answers(id, now));
    }

    private static boolean same(List<Member> next, List<Member> now) {
        if (next.size() != now.size()) {
            return false;
        }
        for (int i = 0; i < next.size(); i++) {
            if (!next.get(i).sameStore(now.get(i))
                    || !newer(now.get(i), next.get(i)).equals(now.get(i))) {
                return false;
            }
        }
        return true;
    }
}
