package sheepdog.sheep.recovery;

import java.time.Duration;
import java.util.Optional;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.runtime.Loop;
import sheepdog.protocol.model.ObjectId;
import sheepdog.sheep.cluster.Cluster;
import sheepdog.sheep.cluster.ClusterView;

/**
 * What is not brought yet because it is here only since another node left: that node may be back in a moment, and what it
 * has would have been copied for nothing. This begins when a node leaves and ends after a while that later leavings do not
 * prolong, or when all who left are back. It is about objects alone that this store was no replica of before; one that was
 * away itself has none such. Loop-owned.
 */
final class Grace {
    private final Loop loop;
    private final Cluster cluster;
    private final Duration length;

    private Optional<EpochRecord> last = Optional.empty();
    /** The epoch before the first one of them left. */
    private Optional<EpochRecord> before = Optional.empty();

    private long untilNanos;

    Grace(Loop loop, Cluster cluster, Duration length) {
        this.loop = loop;
        this.cluster = cluster;
        this.length = length;
    }

    /** Nothing that was before counts: a format, or the first epoch that this process sees. */
    void forget() {
        last = Optional.empty();
        before = Optional.empty();
    }

    void epochChanged(ClusterView view) {
        EpochRecord now = view.record();
        if (left().isZero() || before.filter(b -> areAllThere(b, now)).isPresent()) {
            before = Optional.empty();
        }
        if (before.isEmpty() && last.filter(l -> !areAllThere(l, now)).isPresent()) {
            before = last;
            untilNanos = loop.nowNanos() + length.toNanos();
        }
        last = Optional.of(now);
    }

    /** Whether all who stored objects in {@code then} are members in {@code now}: one that is only drained has not left. */
    private static boolean areAllThere(EpochRecord then, EpochRecord now) {
        return then.storing().allMatch(m -> now.store(m.storeId()).isPresent());
    }

    /** Zero if nothing is held back. */
    Duration left() {
        long left = untilNanos - loop.nowNanos();
        return before.isEmpty() || left <= 0 ? Duration.ZERO : Duration.ofNanos(left);
    }

    boolean holdsBack(ObjectId oid) {
        long self = cluster.self().storeId();
        return !left().isZero()
                && before.filter(b -> b.store(self).isPresent())
                        .map(b -> cluster.history().replicas(oid, cluster.copies(oid), b.epoch()))
                        .filter(replicas -> !replicas.isEmpty() && !replicas.contains(self))
                        .isPresent();
    }
}
