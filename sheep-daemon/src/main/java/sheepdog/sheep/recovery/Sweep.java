package sheepdog.sheep.recovery;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.protocol.wire.Response;
import sheepdog.sheep.cluster.Cluster;
import sheepdog.sheep.cluster.ClusterCommand;
import sheepdog.sheep.cluster.ClusterView;

/**
 * Brings, in one epoch, what no request has asked for yet: every object that some member holds and this node should. Then
 * that is recorded in the log. Loop-owned.
 */
final class Sweep {
    private static final Logger LOG = LoggerFactory.getLogger(Sweep.class);
    private static final Duration RETRY = Duration.ofMillis(500);
    private static final int LIST_PAGE = 4096;

    /** Objects of a sweep under way, fewer than {@link Turns} has, so that clients find their share of disks and network. */
    private static final int ACTIVE_MAX = 4;

    private final Means means;
    private final Cluster cluster;
    private final Recovery recovery;
    private final ClusterView view;
    private final Runnable whenDone;

    private final Deque<Node> unlisted = new ArrayDeque<>();
    private final Deque<ObjectId> wanted = new ArrayDeque<>();
    private final Set<ObjectId> seen = new HashSet<>();
    private final Set<ObjectId> unfinished = new HashSet<>();
    private int active;
    private int recordedFrom = Integer.MAX_VALUE;
    private boolean recording;
    private boolean over;

    /** @param whenDone called if it comes to its end, when everything is here and recorded */
    Sweep(Means means, Recovery recovery, ClusterView view, Runnable whenDone) {
        this.means = means;
        this.cluster = means.cluster();
        this.recovery = recovery;
        this.view = view;
        this.whenDone = whenDone;
        // Also those that are only gateways now: they may have stored objects before.
        unlisted.addAll(view.nodes());
    }

    void begin() {
        list();
    }

    void abandon() {
        over = true;
    }

    private void list() {
        if (over) {
            return;
        }
        if (unlisted.isEmpty()) {
            LOG.info("recovery epoch={} objects={}", view.epoch(), wanted.size());
            next();
        } else {
            page(unlisted.peek(), Optional.empty());
        }
    }

    private void page(Node node, Optional<ObjectId> after) {
        var request = new PeerRequest.ListObjects(Header.of(Opcode.LIST_OBJECTS, 0, view.epoch(), 0), after, LIST_PAGE);
        means.peers().send(node, request).thenAccept(answer -> {
            if (over) {
                answer.release();
            } else if (answer instanceof Response.ObjectVersions list && list.result() == ResultCode.SUCCESS) {
                var oids = new ArrayList<ObjectId>();
                list.objects().forEach(version -> oids.add(version.oid()));
                take(oids);
                if (oids.size() == LIST_PAGE) {
                    page(node, Optional.of(oids.getLast()));
                } else {
                    unlisted.poll();
                    list();
                }
            } else {
                answer.release();
                means.loop().after(RETRY, this::list);
            }
        });
    }

    private void take(List<ObjectId> oids) {
        for (ObjectId oid : oids) {
            boolean ours = view.replicas(oid, cluster.copies(oid)).stream().anyMatch(view::isSelf);
            if (ours && !recovery.isTrusted(oid) && seen.add(oid)) {
                wanted.add(oid);
            }
        }
    }

    private void next() {
        if (over) {
            return;
        }
        while (active < ACTIVE_MAX && !wanted.isEmpty()) {
            ObjectId oid = wanted.poll();
            if (!recovery.isTrusted(oid)) {
                bringOne(oid);
            }
        }
        means.turns().begin();
        if (active == 0) {
            record();
        }
    }

    /** Another one follows when this one is here, or cannot be had now. */
    private void bringOne(ObjectId oid) {
        active++;
        unfinished.add(oid);
        Bringing flow = recovery.flow(oid);
        flow.whenStuck(this::oneLess);
        flow.done().thenAccept(_ -> {
            unfinished.remove(oid);
            if (!flow.isStuck()) {
                oneLess();
            }
        });
    }

    private void oneLess() {
        active--;
        means.loop().execute(this::next);
    }

    /**
     * All that could be brought is here. That goes into the log, for it is what makes the absence of an object
     * certain later; as long as something is missing, only for objects of more copies than the missing ones have.
     */
    private void record() {
        int missing = unfinished.stream().mapToInt(cluster::copies).max().orElse(0);
        var from = cluster.state().listedFrom(missing + 1);
        if (recording) {
            return;
        }
        if (from.isPresent() && from.get() < recordedFrom) {
            recording = true;
            var self = cluster.self().storeId();
            cluster.propose(new ClusterCommand.RecoveredStore(self, view.epoch(), from.get()))
                    .thenAccept(result -> {
                        recording = false;
                        if (result.code() == ResultCode.SUCCESS) {
                            recordedFrom = from.get();
                        }
                        lookAgain();
                    });
        } else {
            lookAgain();
        }
    }

    private void lookAgain() {
        if (over) {
            return;
        }
        boolean all = recordedFrom <= cluster.state().copiesMin();
        if (all && unfinished.isEmpty()) {
            LOG.info("recovery done epoch={}", view.epoch());
            over = true;
            whenDone.run();
        } else {
            means.loop().after(RETRY, this::next);
        }
    }
}
