package sheepdog.membership.log;

import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.runtime.Loop;

/** What this node does while it leads: a {@link Steward} for each term, and the looking at {@link Links}. Loop-owned. */
final class Leading {
    private static final Logger LOG = LoggerFactory.getLogger(Leading.class);

    private final LogSetup setup;
    private final Loop loop;
    private final LogNode node;
    private final Neighbours neighbours;
    private final LinkFaults faults;
    private Optional<Steward> steward = Optional.empty();
    private long stewardTerm;

    Leading(LogSetup setup, Loop loop, LogNode node, Neighbours neighbours, LinkFaults faults) {
        this.setup = setup;
        this.loop = loop;
        this.node = node;
        this.neighbours = neighbours;
        this.faults = faults;
    }

    /** Of the term of now; this node must lead. */
    Steward steward() {
        if (steward.isEmpty() || stewardTerm != node.core().term()) {
            Duration arrivals =
                    node.hasServed() ? Duration.ZERO : setup.timing().arrival();
            long until = loop.nowNanos() + arrivals.toNanos();
            steward = Optional.of(new Steward(setup, node.core(), neighbours, faults, until, node::draining));
            stewardTerm = node.core().term();
            LOG.info("leading term={}", stewardTerm);
        }
        return steward.get();
    }

    void end() {
        steward = Optional.empty();
    }

    /** @param selfLeaves this node wants to be out of the next epoch */
    void act(boolean selfLeaves) {
        if (!node.leads()) {
            end();
            faults.links().leadsNoMore();
            return;
        }
        Steward acting = steward();
        acting.takeReleased().forEach((id, incarnation) -> node.send(id, new Letter.Released(incarnation)));
        acting.act(node.epoch(), selfLeaves, loop.nowNanos());
        faults.links().act(node.epoch(), loop.nowNanos());
    }
}
