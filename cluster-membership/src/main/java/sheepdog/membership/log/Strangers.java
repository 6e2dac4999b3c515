package sheepdog.membership.log;

import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.api.Member;
import sheepdog.membership.consensus.Message;
import sheepdog.membership.consensus.Restored;
import sheepdog.membership.runtime.Loop;

/**
 * Sheep of other clusters that are met: refused by name; or leaders of one that continues this one's by force, which take this
 * node in or tell it that it was left behind. Loop-owned.
 */
final class Strangers {
    private static final Logger LOG = LoggerFactory.getLogger(Strangers.class);

    /** Who hears another cluster's leader ends after a while, if that does not continue his own. */
    private static final Duration PATIENCE = Duration.ofMillis(1000);

    private final Member self;
    private final Loop loop;
    private final LogNode node;
    private boolean heardOfOwnCluster;
    private Optional<Stranger> leader = Optional.empty();
    private boolean adopting;
    private boolean superseded;

    /** A leader of another cluster, which seems to be where this one's should be. */
    private record Stranger(Member leader, long cluster, long since) {}

    Strangers(Member self, Loop loop, LogNode node) {
        this.self = self;
        this.loop = loop;
        this.node = node;
    }

    /** Whether another cluster's leader is heard and nobody of this node's own. */
    boolean isAmongThem() {
        return leader.isPresent();
    }

    /** Whether this node has left the cluster in its log for the one that continues it, and has got nothing of that one's log yet. */
    boolean isAdopted() {
        return adopting;
    }

    /** Whether its cluster went on by force without this store, whose directory must not be used. */
    boolean isSuperseded() {
        return superseded;
    }

    /** Somebody of this node's own cluster was heard. */
    void heardOwn() {
        heardOfOwnCluster = true;
        leader = Optional.empty();
    }

    /** There is a state to go on from. */
    void restored() {
        adopting = false;
    }

    /** A letter of another cluster. */
    void refuse(Member from, Letter.Envelope envelope) {
        if (node.core().pristine() || envelope.cluster() == 0 || !(envelope.letter() instanceof Letter.Core)) {
            return;
        }
        node.send(from.storeId(), new Letter.Foreign());
        if (leader.isEmpty()
                && !node.hasServed()
                && !heardOfOwnCluster
                && envelope.letter() instanceof Letter.Core letter
                && letter.message() instanceof Message.Heartbeat) {
            leader = Optional.of(new Stranger(from, envelope.cluster(), loop.nowNanos()));
        }
    }

    /** Who hears another cluster's leader and nobody of his own ends, unless that leader says that its cluster continues this one. */
    void tick() {
        leader.filter(stranger -> loop.nowNanos() - stranger.since > PATIENCE.toNanos())
                .ifPresent(stranger ->
                        node.stop("this store belongs to cluster %016x, but the sheep at %s to cluster %016x"
                                .formatted(node.cluster(), stranger.leader.node(), stranger.cluster)));
    }

    /**
     * This node leads, and one of another cluster does not follow it.
     *
     * @return whether this cluster does not continue that one
     */
    boolean refusedBy(Member from, long theirs) {
        boolean continues = node.lineage().continues(theirs);
        if (continues) {
            node.send(
                    from.storeId(), new Letter.Superseded(theirs, node.lineage().keeps(theirs, from.storeId())));
        }
        return !continues;
    }

    /**
     * The leader of the cluster {@code next} says that it continues another. Who has served as a process, and follows a leader,
     * is in a cluster that is alive.
     */
    void superseded(Member by, long next, Letter.Superseded told) {
        boolean alive = node.hasServed() && node.core().hasLeader(loop.nowNanos());
        if (told.predecessor() != node.cluster() || node.core().pristine() || alive) {
            return;
        }
        if (told.keeps()) {
            LOG.warn("cluster={} goes on by force as cluster={} says={}", hex(node.cluster()), hex(next), by);
            adopting = true;
            leader = Optional.empty();
            node.become(next, Restored.EMPTY);
        } else {
            superseded = true;
            node.stop("the cluster went on by force, as cluster %016x at %s, without store %016x"
                    .formatted(next, by.node(), self.storeId()));
        }
    }

    private static String hex(long id) {
        return "%016x".formatted(id);
    }
}
