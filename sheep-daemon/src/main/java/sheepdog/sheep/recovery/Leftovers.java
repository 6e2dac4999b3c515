package sheepdog.sheep.recovery;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.runtime.Pool;
import sheepdog.protocol.model.ObjectId;
import sheepdog.sheep.cluster.Cluster;
import sheepdog.sheep.cluster.ClusterView;
import sheepdog.store.api.ObjectInfo;
import sheepdog.store.api.ObjectStore;

/**
 * Gives back what nobody needs any more once every member has recovered: the memory of removals, and the copies of
 * objects whose replicas are elsewhere now. Once per epoch. Loop-owned.
 */
final class Leftovers {
    private static final Logger LOG = LoggerFactory.getLogger(Leftovers.class);
    private static final int PAGE = 512;

    private final Cluster cluster;
    private final ObjectStore store;
    private Optional<ClusterView> begun = Optional.empty();

    Leftovers(Cluster cluster, ObjectStore store) {
        this.cluster = cluster;
        this.store = store;
    }

    /** Begins if the time has come, and this process is known to be the store's newest. */
    void look() {
        cluster.view()
                .filter(view -> cluster.isMember() && !isSame(view, begun) && isWhole(view))
                .ifPresent(view -> {
                    begun = Optional.of(view);
                    new Round(view).begin();
                });
    }

    /** Numbers of epochs come again after a format. */
    private static boolean isSame(ClusterView view, Optional<ClusterView> other) {
        return other.filter(o -> o.epoch().equals(view.epoch()) && o.format().equals(view.format()))
                .isPresent();
    }

    private boolean isWhole(ClusterView view) {
        var state = cluster.state();
        return view.epoch().equals(state.epoch()) && view.epoch().equals(state.whole(state.copiesMin()));
    }

    private final class Round {
        private final ClusterView view;
        private final Deque<ObjectId> needless = new ArrayDeque<>();
        private Optional<ObjectId> listed = Optional.empty();
        private boolean all;
        private long dropped;

        Round(ClusterView view) {
            this.view = view;
        }

        void begin() {
            cluster.onStore(Pool.BULK, 1, () -> {
                        store.forgetRemovals(view.epoch());
                        return true;
                    })
                    .thenAccept(_ -> next());
        }

        private void next() {
            if (!isSame(view, cluster.view())) {
                return;
            }
            ObjectId oid = needless.poll();
            if (oid != null) {
                drop(oid);
            } else if (!all) {
                cluster.onStore(Pool.BULK, 1, () -> store.list(listed, PAGE)).thenAccept(this::take);
            } else if (dropped > 0) {
                LOG.info("copies given back epoch={} objects={}", view.epoch(), dropped);
            }
        }

        private void take(List<ObjectInfo> page) {
            page.stream().map(ObjectInfo::oid).filter(this::isElsewhere).forEach(needless::add);
            all = page.size() < PAGE;
            if (!all) {
                listed = Optional.of(page.getLast().oid());
            }
            next();
        }

        private boolean isElsewhere(ObjectId oid) {
            int copies = cluster.copies(oid);
            return view.epoch().equals(cluster.state().whole(copies))
                    && view.replicas(oid, copies).stream().noneMatch(view::isSelf);
        }

        private void drop(ObjectId oid) {
            cluster.onStore(Pool.STORE, oid.bits(), () -> store.drop(oid, view.epoch()))
                    .thenAccept(result -> {
                        dropped += result.isOk() ? 1 : 0;
                        next();
                    });
        }
    }
}
