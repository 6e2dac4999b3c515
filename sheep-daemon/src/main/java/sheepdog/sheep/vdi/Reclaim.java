package sheepdog.sheep.vdi;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.runtime.Loop;
import sheepdog.membership.runtime.LoopFuture;
import sheepdog.membership.runtime.Pool;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.Inode;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.protocol.wire.Response;
import sheepdog.sheep.cluster.Cluster;
import sheepdog.sheep.cluster.ClusterCommand;
import sheepdog.sheep.cluster.VdiEntry;
import sheepdog.sheep.cluster.VdiEntry.State;
import sheepdog.sheep.gateway.Gateway;
import sheepdog.sheep.gateway.Mutation;
import sheepdog.sheep.runtime.PeerLink;

/**
 * Gives back the space of deleted VDIs.
 *
 * <p>Objects of a deleted VDI stay as long as a living VDI of its family has them in a slot. A sweep of a family reads
 * the indexes of the living, lists what exists of the dead, and removes the difference; a VDI of which nothing is left
 * is gone. Nothing new can refer to an object that no living VDI refers to, so sweeps may be repeated, cut short and run
 * on two nodes at once. The node that deleted sweeps at once; the leader sweeps what others left behind. Loop-owned.
 */
public final class Reclaim {
    private static final Logger LOG = LoggerFactory.getLogger(Reclaim.class);
    private static final Duration RETRY = Duration.ofMillis(500);
    private static final Duration LOOK = Duration.ofSeconds(5);
    private static final int LIST_PAGE = 4096;

    /** Objects of a VDI that are looked at in one turn of the loop. */
    private static final int LOOKS_MAX = 4096;

    private final Loop loop;
    private final Cluster cluster;
    private final Gateway gateway;
    private final PeerLink peers;
    private final Map<Long, Sweep> sweeps = new LinkedHashMap<>();
    private final Map<Long, Map<Vid, State>> sweptWith = new HashMap<>();

    public Reclaim(Loop loop, Cluster cluster, Gateway gateway, PeerLink peers) {
        this.loop = loop;
        this.cluster = cluster;
        this.gateway = gateway;
        this.peers = peers;
    }

    /** Starts the timer by which the leader finds what was left behind. Once, on the loop. */
    public void startTimer() {
        loop.after(LOOK, () -> {
            start();
            startTimer();
        });
    }

    /** If this node leads: sweeps every family with deleted VDIs that changed since it was last swept here. */
    void start() {
        if (!cluster.isLeader()) {
            return;
        }
        var families = new TreeSet<Long>();
        cluster.state().vdis().all().stream()
                .filter(e -> e.state() == State.DELETED)
                .forEach(e -> families.add(e.family()));
        for (long family : families) {
            if (!members(family).equals(sweptWith.get(family))) {
                sweep(family);
            }
        }
        sweptWith.keySet().retainAll(families);
    }

    private List<VdiEntry> entries(long family) {
        return cluster.state().vdis().all().stream()
                .filter(e -> e.family() == family && e.state() != State.GONE)
                .toList();
    }

    private Map<Vid, State> members(long family) {
        var members = new TreeMap<Vid, State>();
        entries(family).forEach(e -> members.put(e.vid(), e.state()));
        return members;
    }

    /** The stage completes when nothing that can go now is left of the family's deleted VDIs. */
    public CompletionStage<Void> sweep(long family) {
        Sweep running = sweeps.get(family);
        if (running != null) {
            // What was deleted after it began is not part of it.
            return running.done.thenCompose(_ -> sweep(family));
        }
        var sweep = new Sweep(family);
        sweeps.put(family, sweep);
        sweep.begin();
        return sweep.done;
    }

    private final class Sweep {
        private final long family;
        private final LoopFuture<Void> done = new LoopFuture<>(loop);
        private final Map<Vid, BitSet> referenced = new TreeMap<>();
        private Deque<VdiEntry> living = new ArrayDeque<>();
        private Deque<VdiEntry> dead = new ArrayDeque<>();

        Sweep(long family) {
            this.family = family;
        }

        void begin() {
            referenced.clear();
            living = new ArrayDeque<>();
            dead = new ArrayDeque<>();
            for (VdiEntry entry : entries(family)) {
                switch (entry.state()) {
                    case LIVE -> living.add(entry);
                    case DELETED -> {
                        dead.add(entry);
                        referenced.put(entry.vid(), new BitSet());
                    }
                    case RESERVED, GONE -> {}
                }
            }
            if (dead.isEmpty()) {
                end();
            } else {
                readIndexes();
            }
        }

        private void again() {
            loop.after(RETRY, this::begin);
        }

        private void end() {
            sweeps.remove(family);
            sweptWith.put(family, members(family));
            done.complete(null);
        }

        private void readIndexes() {
            VdiEntry entry = living.poll();
            if (entry == null) {
                nextDead();
                return;
            }
            gateway.read(ObjectId.ofInode(entry.vid()), 0, ObjectId.INODE_BYTES).thenAccept(answer -> {
                if (answer.result() == ResultCode.SUCCESS) {
                    note(entry.vid(), answer);
                } else {
                    // Without this index nobody can say what is unused.
                    LOG.warn("reclaim cannot read the inode of vdi={} result={}", entry.vid(), answer.result());
                    answer.release();
                    again();
                }
            });
        }

        private void note(Vid reader, Response index) {
            var dead = Set.copyOf(referenced.keySet());
            loop.offload(Pool.BULK, reader.value(), () -> slotsOf(index.data().bytes(), dead))
                    .thenAccept(used -> {
                        index.release();
                        used.forEach((vid, slots) -> referenced.get(vid).or(slots));
                        readIndexes();
                    });
        }

        private void nextDead() {
            VdiEntry entry = dead.poll();
            if (entry == null) {
                end();
                return;
            }
            // Whoever still wrote it has ended when the right is here, so that nothing comes to be behind the list.
            gateway.exclusively(entry.vid(), CompletableFuture::completedStage)
                    .thenAccept(generation -> list(entry, generation));
        }

        private void list(VdiEntry entry, long generation) {
            Vid vid = entry.vid();
            var lister = new Lister(vid);
            lister.list().thenAccept(found -> {
                if (found.isEmpty()) {
                    again();
                    return;
                }
                removeAll(entry, generation, found.get(), false);
            });
        }

        /** @param left what was not looked at yet; so much of it is at a time */
        private void removeAll(VdiEntry entry, long generation, TreeMap<ObjectId, List<Node>> left, boolean keptSome) {
            boolean kept = keptSome;
            for (int looks = 0; looks < LOOKS_MAX && !left.isEmpty(); looks++) {
                var next = left.pollFirstEntry();
                ObjectId oid = next.getKey();
                if (oid.isData() && referenced.get(entry.vid()).get(oid.index())) {
                    kept = true;
                } else {
                    boolean keptSoFar = kept;
                    remove(entry, generation, new Holders(oid, next.getValue())).thenAccept(removed -> {
                        if (removed) {
                            removeAll(entry, generation, left, keptSoFar);
                        } else {
                            again();
                        }
                    });
                    return;
                }
            }
            boolean keptAny = kept;
            if (!left.isEmpty()) {
                loop.execute(() -> removeAll(entry, generation, left, keptAny));
            } else if (kept) {
                nextDead();
            } else {
                cluster.propose(new ClusterCommand.ReclaimedVdi(entry.vid(), entry.createTime()))
                        .thenAccept(_ -> nextDead());
            }
        }

        /** @return whether no member has the object any more */
        private CompletionStage<Boolean> remove(VdiEntry entry, long generation, Holders holders) {
            return gateway.mutate(
                            new Mutation.Remove(holders.oid()),
                            _ -> isDead(entry) ? Optional.empty() : Optional.of(ResultCode.NO_VDI))
                    .thenCompose(code -> {
                        if (code != ResultCode.SUCCESS && code != ResultCode.NO_OBJ) {
                            LOG.warn("reclaim cannot remove oid={} result={}", holders.oid(), code);
                            return CompletableFuture.completedStage(false);
                        }
                        return removeLeftOver(generation, holders);
                    });
        }

        /** After a format its id may be another VDI's. */
        private boolean isDead(VdiEntry entry) {
            return cluster.state()
                    .vdis()
                    .find(entry.vid())
                    .filter(e -> e.state() == State.DELETED && e.createTime() == entry.createTime())
                    .isPresent();
        }

        /**
         * Removes the object from members that were its replicas in an earlier epoch: before the id is given out again
         * nobody may have anything that could pass for the new VDI's.
         */
        private CompletionStage<Boolean> removeLeftOver(long generation, Holders holders) {
            ObjectId oid = holders.oid();
            CompletionStage<Boolean> all = CompletableFuture.completedStage(true);
            if (cluster.view().isEmpty()) {
                return CompletableFuture.completedStage(false);
            }
            var view = cluster.view().get();
            var replicas = view.replicas(oid, cluster.copies(oid));
            for (Node node : holders.nodes()) {
                if (!replicas.contains(node)) {
                    var header = Header.of(Opcode.REMOVE_REPLICA, 0, view.epoch(), 0);
                    var gone = peers.send(node, new PeerRequest.RemoveReplica(header, oid, generation, 1, 0))
                            .thenApply(answer -> {
                                answer.release();
                                return answer.result() == ResultCode.SUCCESS || answer.result() == ResultCode.NO_OBJ;
                            });
                    all = all.thenCombine(gone, (a, b) -> a && b);
                }
            }
            return all;
        }
    }

    /** Which slots of an inode's image name one of {@code vids}. A million to look at: not for the loop. */
    private static Map<Vid, BitSet> slotsOf(ByteBuffer image, Set<Vid> vids) {
        var used = new HashMap<Vid, BitSet>();
        Inode inode = Inode.of(image);
        for (int i = 0; i < ObjectId.INDEX_LIMIT; i++) {
            int slot = inode.slot(i);
            if (slot > 0 && slot < Vid.COUNT) {
                Vid vid = new Vid(slot);
                if (vids.contains(vid)) {
                    used.computeIfAbsent(vid, _ -> new BitSet()).set(i);
                }
            }
        }
        return used;
    }

    /** An object and the members that list it. */
    private record Holders(ObjectId oid, List<Node> nodes) {}

    /** Lists which objects of one VDI exist anywhere, inode last. */
    private final class Lister {
        private final Vid vid;
        private final LoopFuture<Optional<TreeMap<ObjectId, List<Node>>>> done = new LoopFuture<>(loop);
        private final TreeMap<ObjectId, List<Node>> found = new TreeMap<>();
        private final Deque<Node> nodes = new ArrayDeque<>();
        private final Deque<ObjectId> ranges = new ArrayDeque<>();

        Lister(Vid vid) {
            this.vid = vid;
        }

        /** @return each object with the members that list it; empty if a node did not answer */
        CompletionStage<Optional<TreeMap<ObjectId, List<Node>>>> list() {
            if (cluster.view().isEmpty()) {
                return CompletableFuture.completedStage(Optional.empty());
            }
            nodes.addAll(cluster.view().get().nodes()); // Those, too, that store nothing any more.
            nextNode();
            return done;
        }

        private void nextNode() {
            if (nodes.isEmpty()) {
                done.complete(Optional.of(found));
                return;
            }
            ranges.clear();
            ranges.add(ObjectId.ofData(vid, 0));
            ranges.add(ObjectId.ofVmState(vid, 0));
            ranges.add(ObjectId.ofInode(vid));
            nextRange();
        }

        private void nextRange() {
            ObjectId first = ranges.poll();
            if (first == null) {
                nodes.poll();
                nextNode();
            } else {
                page(first.bits() >>> 32, new ObjectId(first.bits() - 1));
            }
        }

        /** @param range the upper half of the ids that are looked for */
        private void page(long range, ObjectId after) {
            if (cluster.view().isEmpty()) {
                done.complete(Optional.empty());
                return;
            }
            var view = cluster.view().get();
            var request = new PeerRequest.ListObjects(
                    Header.of(Opcode.LIST_OBJECTS, 0, view.epoch(), 0), Optional.of(after), LIST_PAGE);
            peers.send(nodes.peek(), request).thenAccept(answer -> {
                if (!(answer instanceof Response.ObjectVersions list) || list.result() != ResultCode.SUCCESS) {
                    answer.release();
                    done.complete(Optional.empty());
                    return;
                }
                for (var version : list.objects()) {
                    if (version.oid().bits() >>> 32 != range) {
                        nextRange();
                        return;
                    }
                    found.computeIfAbsent(version.oid(), _ -> new ArrayList<>()).add(nodes.peek());
                }
                if (list.objects().size() < LIST_PAGE) {
                    nextRange();
                } else {
                    page(range, list.objects().getLast().oid());
                }
            });
        }
    }
}
