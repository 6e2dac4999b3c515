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
 * that is recorded in the log. While recovery is disabled it only finds out what there is to do. Loop-owned.
 */
final class Sweep {
    private static final Logger LOG = LoggerFactory.getLogger(Sweep.class);
    private static final Duration RETRY = Duration.ofMillis(500);
    private static final int LIST_PAGE = 4096;

    /** Members whose lists are read at once. */
    private static final int LISTS_AT_ONCE = 4;

    private static final Duration SPEED_WINDOW = Duration.ofSeconds(10);
    private static final Duration SAMPLE_EVERY = Duration.ofMillis(100);

    private final Means means;
    private final Cluster cluster;
    private final Recovery recovery;
    private final Pace pace;
    private final Grace grace;
    private final ClusterView view;
    private final Runnable whenDone;

    private final Deque<Node> unlisted = new ArrayDeque<>();
    private final int members;
    private int listed;
    private final Deque<ObjectId> wanted = new ArrayDeque<>();
    private final Deque<ObjectId> heldBack = new ArrayDeque<>();
    private final Set<ObjectId> seen = new HashSet<>();
    private final Set<ObjectId> unfinished = new HashSet<>();
    private int active;
    private int recordedFrom = Integer.MAX_VALUE;
    private boolean recording;
    private boolean looking;
    private boolean over;

    private long objects;
    private long bytes;
    private long bytesDone;

    private record Sample(long nanos, long bytesDone) {}

    private final Deque<Sample> samples = new ArrayDeque<>();

    /** @param whenDone called if it comes to its end, when everything is here and recorded */
    Sweep(Means means, Recovery recovery, Pace pace, Grace grace, ClusterView view, Runnable whenDone) {
        this.means = means;
        this.cluster = means.cluster();
        this.recovery = recovery;
        this.pace = pace;
        this.grace = grace;
        this.view = view;
        this.whenDone = whenDone;
        // Also those that are only gateways now: they may have stored objects before.
        unlisted.addAll(view.nodes());
        members = unlisted.size();
    }

    void begin() {
        for (int i = 0; i < LISTS_AT_ONCE; i++) {
            listNext();
        }
    }

    void abandon() {
        over = true;
    }

    private void listNext() {
        if (over) {
            return;
        }
        Node node = unlisted.poll();
        if (node != null) {
            page(node, Optional.empty());
        }
    }

    private void page(Node node, Optional<ObjectId> after) {
        if (over) {
            return;
        }
        var header = Header.of(Opcode.LIST_OBJECTS, 0, view.epoch(), 0);
        var request = new PeerRequest.ListObjects(
                header, after, LIST_PAGE, cluster.self().storeId());
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
                    listOver();
                }
            } else {
                answer.release();
                means.loop().after(RETRY, () -> page(node, after));
            }
        });
    }

    private void listOver() {
        listed++;
        if (listed < members) {
            listNext();
        } else {
            LOG.info("recovery epoch={} objects={} held={}", view.epoch(), objects, heldBack.size());
            sample();
            next();
        }
    }

    private boolean isListed() {
        return listed == members;
    }

    private void take(List<ObjectId> oids) {
        for (ObjectId oid : oids) {
            boolean ours = view.replicas(oid, cluster.copies(oid)).stream().anyMatch(view::isSelf);
            if (ours && !recovery.isTrusted(oid) && seen.add(oid)) {
                objects++;
                bytes += oid.size();
                (grace.holdsBack(oid) ? heldBack : wanted).add(oid);
            }
        }
    }

    /** Something that it depends on may be different now: the cluster's log, a limit, the time. */
    void wake() {
        if (isListed()) {
            next();
        }
    }

    private void next() {
        if (over) {
            return;
        }
        if (grace.left().isZero()) {
            wanted.addAll(heldBack);
            heldBack.clear();
        }
        while (isEnabled() && active < pace.places() && !wanted.isEmpty()) {
            ObjectId oid = wanted.poll();
            if (recovery.isTrusted(oid)) {
                finished(oid);
            } else {
                bringOne(oid);
            }
        }
        means.turns().begin();
        if (active == 0 && wanted.isEmpty() && heldBack.isEmpty()) {
            record();
        } else {
            lookAgain();
        }
    }

    private boolean isEnabled() {
        return cluster.state().isRecoveryEnabled();
    }

    /** Another one follows when this one is here, or cannot be had now. */
    private void bringOne(ObjectId oid) {
        active++;
        unfinished.add(oid);
        long began = means.loop().nowNanos();
        Bringing flow = recovery.flow(oid);
        flow.whenStuck(() -> oneLess(Duration.ZERO));
        flow.done().thenAccept(_ -> {
            unfinished.remove(oid);
            if (over) {
                return;
            }
            finished(oid);
            if (!flow.isStuck()) {
                oneLess(pace.rest(Duration.ofNanos(means.loop().nowNanos() - began)));
            }
        });
    }

    private void finished(ObjectId oid) {
        bytesDone += oid.size();
        sample();
    }

    private void oneLess(Duration rest) {
        Runnable free = () -> {
            active--;
            next();
        };
        if (rest.isZero()) {
            means.loop().execute(free);
        } else {
            means.loop().after(rest, free);
        }
    }

    /**
     * All that could be brought is here. That goes into the log, for it is what makes the absence of an object
     * certain later; as long as something is missing, only for objects of more copies than the missing ones have.
     */
    private void record() {
        if (recording) {
            return;
        }
        int missing = unfinished.stream().mapToInt(cluster::copies).max().orElse(0);
        var from = cluster.state().listedFrom(missing + 1);
        if (from.isPresent() && from.get() < recordedFrom) {
            recording = true;
            var self = cluster.self().storeId();
            cluster.propose(new ClusterCommand.RecoveredStore(self, view.epoch(), from.get()))
                    .thenAccept(result -> {
                        recording = false;
                        if (result.code() == ResultCode.SUCCESS) {
                            recordedFrom = from.get();
                        }
                        endOrLookAgain();
                    });
        } else {
            endOrLookAgain();
        }
    }

    private void endOrLookAgain() {
        if (over) {
            return;
        }
        boolean all = recordedFrom <= cluster.state().copiesMin();
        if (all && unfinished.isEmpty()) {
            LOG.info("recovery done epoch={}", view.epoch());
            over = true;
            whenDone.run();
        } else {
            lookAgain();
        }
    }

    private void lookAgain() {
        if (!looking) {
            looking = true;
            means.loop().after(RETRY, () -> {
                looking = false;
                next();
            });
        }
    }

    long objectsLeft() {
        return wanted.size() + heldBack.size() + unfinished.size();
    }

    long bytesLeft() {
        return bytes - bytesDone;
    }

    /** So often at most, for thousands of objects may come to their end in the time that is looked at. */
    private void sample() {
        long now = means.loop().nowNanos();
        if (samples.isEmpty() || now - samples.getLast().nanos() >= SAMPLE_EVERY.toNanos()) {
            samples.addLast(new Sample(now, bytesDone));
            forgetSamples(now);
        }
    }

    /** One that is older stays, so that the window is covered. */
    private void forgetSamples(long now) {
        while (samples.size() > 2 && now - samples.getFirst().nanos() > SPEED_WINDOW.toNanos()) {
            samples.removeFirst();
        }
    }

    /** How far it is. */
    Progress progress(List<Bringing> stuck) {
        long now = means.loop().nowNanos();
        forgetSamples(now);
        long speed = 0;
        if (!samples.isEmpty() && now > samples.getFirst().nanos()) {
            double seconds = (now - samples.getFirst().nanos()) / 1e9;
            speed = (long) ((bytesDone - samples.getFirst().bytesDone()) / seconds);
        }
        var waiting = stuck.stream().filter(b -> !b.waitsFor().isEmpty()).toList();
        long noSpace = stuck.stream().filter(Bringing::lacksSpace).count();
        long stuckBytes = stuck.stream()
                .map(Bringing::oid)
                .filter(unfinished::contains)
                .mapToLong(ObjectId::size)
                .sum();
        long reachable = bytesLeft() - stuckBytes;
        Progress.Stage stage;
        if (!isListed()) {
            stage = Progress.Stage.LISTING;
        } else if (!isEnabled() && !(wanted.isEmpty() && heldBack.isEmpty())) {
            stage = Progress.Stage.DISABLED;
        } else if (active > 0 || !wanted.isEmpty()) {
            stage = Progress.Stage.BRINGING;
        } else {
            stage = heldBack.isEmpty() ? Progress.Stage.WAITING : Progress.Stage.HELD;
        }
        Optional<Duration> left = stage == Progress.Stage.BRINGING && speed > 0
                ? Optional.of(Duration.ofMillis(reachable * 1000 / speed))
                : Optional.empty();
        return new Progress(
                view.epoch(),
                stage,
                listed,
                members,
                objects - objectsLeft(),
                isListed() ? objects : 0,
                bytesDone,
                isListed() ? bytes : 0,
                heldBack.size(),
                grace.left(),
                waiting.size(),
                Recovery.named(cluster, waiting),
                noSpace,
                stage == Progress.Stage.BRINGING ? speed : 0,
                left,
                isEnabled(),
                pace.limit(),
                cluster.state().gone().size());
    }
}
