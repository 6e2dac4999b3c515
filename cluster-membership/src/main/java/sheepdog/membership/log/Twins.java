package sheepdog.membership.log;

import java.util.Optional;
import sheepdog.membership.api.Member;
import sheepdog.membership.runtime.Loop;

/** Finds out whether a copy of this store runs elsewhere: its process asks, and one of the two stops. Loop-owned. */
final class Twins {
    /** How often one suspect is asked. */
    private static final int ASKS = 20;

    private final LogSetup setup;
    private final Loop loop;
    private final LogNode node;
    private final Member self;

    private long nonce;
    private int asks;
    private long askedAt;
    private Optional<Member> suspected = Optional.empty();

    Twins(LogSetup setup, Loop loop, LogNode node) {
        this.setup = setup;
        this.loop = loop;
        this.node = node;
        self = setup.self();
    }

    /** A record of this store that is not this process: of an earlier one, or of a copy of the folder. */
    void suspect(Member other) {
        boolean earlier = other.node().id().equals(self.node().id()) && other.incarnation() < self.incarnation();
        if (other.equals(self) || earlier || suspected.filter(other::equals).isPresent()) {
            return;
        }
        suspected = Optional.of(other);
        nonce = setup.random().nextLong();
        asks = ASKS;
        ask();
    }

    /** Messages get lost, and at first the other may not be reached yet. */
    void tick() {
        if (asks > 0 && loop.nowNanos() - askedAt > setup.timing().heartbeat().toNanos()) {
            ask();
        }
    }

    private void ask() {
        asks--;
        askedAt = loop.nowNanos();
        tell(false, nonce);
    }

    void received(Member from, Letter letter) {
        if (!(letter instanceof Letter.Twin twin)
                || twin.self().equals(self)
                || twin.self().storeId() != self.storeId()) {
            return;
        }
        if (!twin.answer()) {
            tell(true, twin.nonce());
            suspect(from);
            return;
        }
        if (suspected.isEmpty() || twin.nonce() != nonce) {
            return;
        }
        boolean serves = node.hasServed();
        boolean later = self.incarnation() != twin.self().incarnation()
                ? self.incarnation() > twin.self().incarnation()
                : self.node().compareTo(twin.self().node()) > 0;
        if (serves == twin.serving() ? later : twin.serving()) {
            node.stop("the sheep at %s runs with this store's id %016x: one of the two folders is a copy of the other"
                    .formatted(twin.self().node(), self.storeId()));
        }
    }

    private void tell(boolean answer, long question) {
        node.broadcast(new Letter.Twin(answer, question, node.hasServed(), self));
    }
}
