package sheepdog.membership.log;

import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.api.ClusterTransport;
import sheepdog.membership.api.ClusterTransport.Evidence;
import sheepdog.membership.api.Member;
import sheepdog.membership.consensus.MalformedException;
import sheepdog.membership.consensus.Message;
import sheepdog.membership.consensus.Restored;
import sheepdog.membership.runtime.Loop;

/** What the transport brings: who is seen and who is gone, and letters, each to the part that it is for. Loop-owned. */
final class Inbox implements ClusterTransport.Listener {
    private static final Logger LOG = LoggerFactory.getLogger(Inbox.class);

    private final Member self;
    private final Loop loop;
    private final LogNode node;
    private final Parts parts;

    Inbox(Member self, Loop loop, LogNode node, Parts parts) {
        this.self = self;
        this.loop = loop;
        this.node = node;
        this.parts = parts;
    }

    @Override
    public void seen(Member member) {
        if (node.stopped()) {
            return;
        }
        if (member.storeId() == self.storeId()) {
            parts.twins().suspect(member);
            return;
        }
        if (node.ages().outdates(member)) {
            parts.oldCopies().refuse(member);
            return;
        }
        Optional<Member> before = parts.neighbours().visible(member.storeId());
        if (parts.neighbours().seen(member)) {
            before.or(() -> node.epoch().store(member.storeId()))
                    .filter(old -> old.incarnation() < member.incarnation()
                            && old.node().id().equals(member.node().id()))
                    // It has the address of the process before it, so that one is gone.
                    .ifPresent(old -> dead(old.storeId(), old.incarnation()));
        }
        node.pump();
    }

    @Override
    public void gone(Member member, Evidence evidence) {
        if (node.stopped() || member.storeId() == self.storeId() || node.ages().outdates(member)) {
            return;
        }
        Evidence proof = ofMember(member) ? evidence : Evidence.CLOSED;
        parts.neighbours().gone(member, proof, loop.nowNanos());
        switch (proof) {
            case LEFT, DEAD -> node.core().dead(member.storeId(), member.incarnation());
            case CLOSED, SILENT -> {}
        }
        node.pump();
    }

    @Override
    public void received(Member from, byte[] message) {
        if (node.stopped()) {
            return;
        }
        try {
            Letter.Envelope envelope = Letter.decode(message);
            if (from.storeId() == self.storeId()) {
                parts.twins().received(from, envelope.letter());
            } else if (node.ages().outdates(from)) {
                parts.oldCopies().refuse(from);
            } else {
                read(from, envelope);
            }
        } catch (MalformedException refused) {
            LOG.warn("message refused from={} reason=\"{}\"", from, refused.getMessage());
        }
        node.pump();
    }

    /**
     * Whether the end of this process says something about the member with its store id. A later process elsewhere does
     * not: it may run on a copy of the folder, and the one it was copied from still serve.
     */
    private boolean ofMember(Member process) {
        return node.epoch()
                .store(process.storeId())
                .filter(member -> member.incarnation() < process.incarnation()
                        && !member.node().id().equals(process.node().id()))
                .isEmpty();
    }

    private void dead(long storeId, long incarnation) {
        parts.neighbours().dead(storeId, incarnation);
        node.core().dead(storeId, incarnation);
    }

    /** Letters that are for sheep of any cluster; the others are for those of this one. */
    private void read(Member from, Letter.Envelope envelope) {
        boolean silent =
                parts.forcing().isFrozen() || parts.strangers().isAdopted() && envelope.cluster() != node.cluster();
        switch (envelope.letter()) {
            case Letter.Outdated outdated -> parts.oldCopies().refused(envelope.cluster(), outdated);
            case Letter.ForceAsk ask -> parts.forcing().asked(from, envelope.cluster(), ask);
            case Letter.ForceReply reply -> parts.forcing().answered(from, envelope.cluster(), reply);
            case Letter.Superseded told -> {
                if (!parts.forcing().isFrozen()) {
                    parts.strangers().superseded(from, envelope.cluster(), told);
                }
            }
            case Letter _ when silent -> {}
            case Letter.Offer offer -> parts.formatting().offered(from, envelope.cluster(), offer);
            case Letter.OfferReply reply -> parts.formatting().answered(from, envelope.cluster(), reply);
            case Letter.Foreign() -> {
                if (node.leads() && parts.strangers().refusedBy(from, envelope.cluster())) {
                    node.refusedBy(from.storeId());
                }
            }
            case Letter letter -> {
                if (envelope.cluster() == node.cluster() || joins(envelope)) {
                    parts.strangers().heardOwn();
                    readOwn(from, letter);
                } else {
                    parts.strangers().refuse(from, envelope);
                }
            }
        }
    }

    private void readOwn(Member from, Letter letter) {
        switch (letter) {
            case Letter.Core(Message message) -> node.core().receive(loop.nowNanos(), from.storeId(), message);
            case Letter.Propose propose -> {
                if (node.leads() && node.epoch().store(from.storeId()).isPresent()) {
                    parts.proposals().accept(propose.proposal());
                }
            }
            case Letter.Leave leave -> released(from, leave);
            case Letter.Raised raised -> {
                if (node.leads()) {
                    parts.oldCopies().raised(from.storeId(), raised.incarnation(), raised.age());
                }
            }
            case Letter.Released released -> {
                if (released.incarnation() == self.incarnation()
                        && parts.departure().isUnderWay()) {
                    node.stop("left the cluster");
                }
            }
            case Letter.Complaint complaint -> parts.faults().received(from.storeId(), complaint);
            case Letter.Doubt doubt -> parts.faults().received(from.storeId(), doubt);
            case Letter.Check check -> parts.faults().check(from.storeId(), check.target(), check.all());
            case Letter.Checked checked -> parts.faults().checked(from.storeId(), checked);
            case Letter.Ping ping -> parts.faults().received(from.storeId(), ping);
            case Letter.Barred barred -> parts.faults().received(barred);
            case Letter.Stand() -> {
                if (node.core().pristine()
                        && node.core().formatted()
                        && node.core().config().votes(self.storeId())) {
                    node.core().campaign(loop.nowNanos());
                }
            }
            case Letter.ForceGo() -> parts.forcing().go();
            case Letter.Offer _,
                    Letter.OfferReply _,
                    Letter.Foreign _,
                    Letter.Outdated _,
                    Letter.Twin _,
                    Letter.ForceAsk _,
                    Letter.ForceReply _,
                    Letter.Superseded _ -> {}
        }
    }

    private void released(Member from, Letter.Leave leave) {
        if (!node.leads() || !ofMember(from)) {
            return;
        }
        parts.neighbours().left(from.storeId(), leave.incarnation());
        node.core().withhold(from.storeId(), leave.incarnation());
        if (node.epoch().store(from.storeId()).isEmpty() && node.settled()) {
            node.send(from.storeId(), new Letter.Released(leave.incarnation()));
        }
    }

    /** A sheep that belongs to no cluster follows the first leader that turns to it. */
    private boolean joins(Letter.Envelope envelope) {
        boolean leader = envelope.letter() instanceof Letter.Core(Message message)
                && switch (message) {
                    case Message.Append _, Message.Heartbeat _, Message.SnapshotChunk _ -> true;
                    case Message.VoteRequest _,
                            Message.VoteReply _,
                            Message.AppendReply _,
                            Message.HeartbeatReply _,
                            Message.SnapshotReply _,
                            Message.Applied _,
                            Message.Handover _ -> false;
                };
        if (!node.core().pristine() || !leader || envelope.cluster() == 0) {
            return false;
        }
        parts.formatting().abandon();
        node.become(envelope.cluster(), Restored.EMPTY);
        return true;
    }
}
