package sheepdog.sheep.gateway;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.runtime.Loop;
import sheepdog.membership.runtime.LoopFuture;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.wire.Flags;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.protocol.wire.Response;
import sheepdog.sheep.cluster.Cluster;
import sheepdog.sheep.cluster.ClusterView;
import sheepdog.sheep.runtime.PeerLink;

/**
 * Makes copies equal that an interrupted write may have left different (R6): the first replica's content, which is as
 * good as any for a write that nobody acknowledged, is written to the others.
 *
 * <p>Every request carries the new owner's generation, so that from the first answer on a replica refuses whatever the
 * old owner still has on its way. An epoch change in between makes it fail; its caller starts it again. Loop-owned; one
 * object at a time per VDI, so it holds one object's bytes in memory.
 */
final class Settlement {
    private static final Logger LOG = LoggerFactory.getLogger(Settlement.class);

    private static final CompletionStage<Boolean> NOT_SETTLED = CompletableFuture.completedStage(false);

    private final Loop loop;
    private final Cluster cluster;
    private final PeerLink peers;

    Settlement(Loop loop, Cluster cluster, PeerLink peers) {
        this.loop = loop;
        this.cluster = cluster;
        this.peers = peers;
    }

    /**
     * Settles every object of {@code vid} that any replica has an in-flight mark for.
     *
     * @param stillMine asked before each object: false ends it
     * @return whether everything was settled
     */
    CompletionStage<Boolean> settle(Vid vid, long generation, BooleanSupplier stillMine) {
        return run(vid, generation, stillMine).map(Run::settleMarked).orElse(NOT_SETTLED);
    }

    /**
     * Makes a range equal after replicas disagreed on a write to it. The rest of the object may be written meanwhile, and
     * is left alone; so is its mark, which goes with the write's number.
     *
     * @param write  whose range the caller holds
     * @param source the replica whose content goes to the others
     */
    CompletionStage<Boolean> settleRange(Mutation.Write write, Right right, long sequence, Node source) {
        return run(write.oid(), right)
                .map(run -> run.settleRange(write, sequence, source))
                .orElse(NOT_SETTLED);
    }

    /**
     * Settles one object after replicas disagreed on a mutation of the whole of it.
     *
     * @param source the replica whose content goes to the others
     */
    CompletionStage<Boolean> settleObject(ObjectId oid, Right right, long sequence, Node source) {
        return run(oid, right)
                .map(run -> {
                    run.source = Optional.of(source);
                    return run.settleObject(oid, sequence);
                })
                .orElse(NOT_SETTLED);
    }

    /** What came of the attempt to replace damaged copies. */
    enum Healing {
        DONE,
        /** The epoch moved, or somebody did not answer. */
        LATER,
        /** No replica has a copy that can be read as a whole. */
        NEVER
    }

    /**
     * Replaces damaged copies of an object. No mutation of it may be on its way.
     *
     * @param sound replicas whose content may go to all others
     */
    CompletionStage<Healing> heal(ObjectId oid, Right right, long sequence, List<Node> sound) {
        return run(oid, right)
                .map(run -> {
                    run.sound = Optional.of(sound);
                    return run.settleObject(oid, sequence)
                            .thenApply(whole -> whole ? Healing.DONE : run.unreadable ? Healing.NEVER : Healing.LATER);
                })
                .orElse(CompletableFuture.completedStage(Healing.LATER));
    }

    private Optional<Run> run(ObjectId oid, Right right) {
        return run(oid.vid(), right.generation(), () -> true);
    }

    /** Empty before the first epoch. */
    private Optional<Run> run(Vid vid, long generation, BooleanSupplier stillMine) {
        return cluster.view().map(view -> new Run(vid, generation, stillMine, view));
    }

    private final class Run {
        private final Vid vid;
        private final long generation;
        private final BooleanSupplier stillMine;
        private final ClusterView view;
        private final LoopFuture<Boolean> done = new LoopFuture<>(loop);
        private final TreeSet<ObjectId> marked = new TreeSet<>();
        private final Deque<ObjectId> left = new ArrayDeque<>();
        private int pending;
        private boolean failed;
        private long sequence;
        private Optional<Node> source = Optional.empty();
        private Optional<List<Node>> sound = Optional.empty();
        private boolean unreadable;
        /** Those whose disks had no room for what they were sent last. */
        private final List<Node> full = new ArrayList<>();

        private boolean fromFull;

        Run(Vid vid, long generation, BooleanSupplier stillMine, ClusterView view) {
            this.vid = vid;
            this.generation = generation;
            this.stillMine = stillMine;
            this.view = view;
        }

        /** Settles whatever has a mark. */
        CompletionStage<Boolean> settleMarked() {
            collect();
            return done;
        }

        /** Settles that object only. */
        CompletionStage<Boolean> settleObject(ObjectId oid, long number) {
            sequence = number - 1;
            left.add(oid);
            next();
            return done;
        }

        /** Settles that range only. */
        CompletionStage<Boolean> settleRange(Mutation.Write write, long number, Node from) {
            var replicas = view.replicas(write.oid(), cluster.copies(write.oid()));
            if (!replicas.contains(from)) {
                return NOT_SETTLED;
            }
            fetchRange(
                    write,
                    number,
                    from,
                    replicas.stream().filter(node -> !node.equals(from)).toList());
            return done;
        }

        private void collect() {
            // Also those that are gateways only now: what they stored before may count.
            pending = view.nodes().size();
            for (Node node : view.nodes()) {
                var ask = new PeerRequest.InFlightObjects(header(Opcode.IN_FLIGHT_OBJECTS, 0), vid, generation);
                peers.send(node, ask).thenAccept(answer -> {
                    if (answer instanceof Response.ObjectIds ids && ids.result() == ResultCode.SUCCESS) {
                        marked.addAll(ids.oids());
                    } else {
                        failed = true;
                        note(node, answer);
                    }
                    answer.release();
                    if (--pending == 0) {
                        left.addAll(marked);
                        next();
                    }
                });
            }
        }

        private void next() {
            boolean moved = !cluster.epoch().equals(view.epoch()) || !stillMine.getAsBoolean();
            if (failed || moved) {
                done.complete(false);
            } else if (left.isEmpty()) {
                LOG.info("settled vdi={} objects={}", vid, marked.size());
                done.complete(true);
            } else {
                fetch(left.poll());
            }
        }

        private void fetch(ObjectId oid) {
            var replicas = view.replicas(oid, cluster.copies(oid));
            if (replicas.isEmpty()) {
                done.complete(false);
                return;
            }
            var candidates = new ArrayDeque<>(replicas);
            sound.ifPresent(candidates::retainAll);
            source.filter(candidates::remove).ifPresent(candidates::addFirst);
            fromFull = false;
            fetch(oid, replicas, candidates);
        }

        /** A copy that is damaged is as good as none: the next one is taken for the truth, and replaces it. */
        private void fetch(ObjectId oid, List<Node> replicas, Deque<Node> candidates) {
            Node from = candidates.poll();
            if (from == null) {
                LOG.error("no copy can be read oid={}", oid);
                unreadable = true;
                failed = sound.isPresent() || source.isPresent() || fromFull;
                next(); // The other objects of the VDI are not to wait for it, and its mark stays.
                return;
            }
            var others = replicas.stream().filter(node -> !node.equals(from)).toList();
            var ask = new PeerRequest.ReadReplica(header(Opcode.READ_REPLICA, 0), oid, 0, oid.size(), generation);
            peers.send(from, ask).thenAccept(answer -> {
                switch (answer.result()) {
                    case SUCCESS -> spread(oid, replicas, others, answer.data());
                    case EIO -> {
                        answer.release();
                        fetch(oid, replicas, candidates);
                    }
                    case NO_OBJ -> {
                        answer.release();
                        if (sound.isPresent()) {
                            fetch(oid, replicas, candidates);
                        } else {
                            remove(oid, replicas);
                        }
                    }
                    default -> {
                        note(from, answer);
                        failed = true;
                        answer.release();
                        next();
                    }
                }
            });
        }

        private void fetchRange(Mutation.Write write, long number, Node from, List<Node> others) {
            int length = write.to() - write.from();
            var ask = new PeerRequest.ReadReplica(
                    header(Opcode.READ_REPLICA, 0), write.oid(), write.from(), length, generation);
            peers.send(from, ask).thenAccept(answer -> {
                if (answer.result() != ResultCode.SUCCESS) {
                    note(from, answer);
                    answer.release();
                    done.complete(false);
                    return;
                }
                whoseDiffers(write.oid(), write.from(), answer.data(), others, different -> {
                    var requests = different.stream()
                            .map(_ -> new PeerRequest.WriteReplica(
                                    header(Opcode.WRITE_REPLICA, Flags.WRITE),
                                    write.oid(),
                                    write.from(),
                                    answer.data(),
                                    generation,
                                    number,
                                    0))
                            .toList();
                    sendAll(
                            different,
                            requests,
                            () -> done.complete(
                                    full.isEmpty() && cluster.epoch().equals(view.epoch())));
                    answer.release();
                });
            });
        }

        /**
         * Finds those whose bytes have to change, for a full disk may refuse even to be told what it has already.
         *
         * @param then gets them; not called if somebody does not say
         */
        private void whoseDiffers(
                ObjectId oid, int offset, Payload content, List<Node> others, Consumer<List<Node>> then) {
            var different = new ArrayList<Node>();
            if (others.isEmpty()) {
                then.accept(different);
                return;
            }
            pending = others.size();
            for (Node node : others) {
                var ask = new PeerRequest.ReadReplica(
                        header(Opcode.READ_REPLICA, 0), oid, offset, content.length(), generation);
                peers.send(node, ask).thenAccept(answer -> {
                    switch (answer.result()) {
                        case SUCCESS -> {
                            if (!answer.data().bytes().equals(content.bytes())) {
                                different.add(node);
                            }
                        }
                        case NO_OBJ, EIO -> different.add(node);
                        default -> {
                            failed = true;
                            note(node, answer);
                        }
                    }
                    answer.release();
                    if (--pending == 0) {
                        if (failed) {
                            content.release();
                            next();
                        } else {
                            then.accept(different);
                        }
                    }
                });
            }
        }

        /**
         * A disk that is full may have no room for another's content; then its own goes to the others, which is as good as
         * any, and fits.
         */
        private void spread(ObjectId oid, List<Node> replicas, List<Node> others, Payload whole) {
            var requests = new ArrayList<PeerRequest>();
            for (int i = 0; i < others.size(); i++) {
                requests.add(new PeerRequest.CreateReplica(
                        header(Opcode.CREATE_REPLICA, Flags.WRITE), oid, 0, whole, generation, ++sequence, 0));
            }
            sendAll(
                    others,
                    requests,
                    () -> {
                        if (failed || full.isEmpty()) {
                            whole.release();
                        }
                    },
                    () -> {
                        if (full.isEmpty()) {
                            finish(oid, replicas);
                        } else {
                            whoseDiffers(oid, 0, whole, List.copyOf(full), different -> {
                                whole.release();
                                if (different.isEmpty()) {
                                    finish(oid, replicas);
                                } else {
                                    takeOfFull(oid, replicas, different.getFirst());
                                }
                            });
                        }
                    });
        }

        private void takeOfFull(ObjectId oid, List<Node> replicas, Node from) {
            if (fromFull || sound.filter(nodes -> !nodes.contains(from)).isPresent()) {
                failed = true;
                next();
            } else {
                fromFull = true;
                fetch(oid, replicas, new ArrayDeque<>(List.of(from)));
            }
        }

        /** The one who lacks it, too, for he may not remember why, and who asks him later would take an older copy for the newest. */
        private void remove(ObjectId oid, List<Node> replicas) {
            var requests = new ArrayList<PeerRequest>();
            for (int i = 0; i < replicas.size(); i++) {
                requests.add(new PeerRequest.RemoveReplica(
                        header(Opcode.REMOVE_REPLICA, 0), oid, generation, ++sequence, 0));
            }
            sendAll(replicas, requests, () -> {
                var refused = List.copyOf(full);
                whoseDiffers(oid, 0, Payload.EMPTY, refused, lacking -> {
                    if (lacking.size() == refused.size()) {
                        finish(oid, replicas);
                    } else {
                        failed = true; // One that has it has not even the room to forget it.
                        next();
                    }
                });
            });
        }

        private void finish(ObjectId oid, List<Node> replicas) {
            var requests = new ArrayList<PeerRequest>();
            for (int i = 0; i < replicas.size(); i++) {
                requests.add(new PeerRequest.SettleObject(header(Opcode.SETTLE_OBJECT, 0), oid, generation));
            }
            sendAll(replicas, requests, this::next);
        }

        private void sendAll(List<Node> nodes, List<? extends PeerRequest> requests, Runnable then) {
            sendAll(nodes, requests, () -> {}, then);
        }

        /**
         * @param arrived when all have answered, whatever they said
         * @param then    after it, if nobody refused but for space
         */
        private void sendAll(List<Node> nodes, List<? extends PeerRequest> requests, Runnable arrived, Runnable then) {
            full.clear();
            if (nodes.isEmpty()) {
                arrived.run();
                then.run();
                return;
            }
            pending = nodes.size();
            for (int i = 0; i < nodes.size(); i++) {
                Node node = nodes.get(i);
                peers.send(node, requests.get(i)).thenAccept(answer -> {
                    switch (answer.result()) {
                        case SUCCESS, NO_OBJ -> {}
                        case NO_SPACE -> full.add(node);
                        default -> {
                            failed = true;
                            note(node, answer);
                        }
                    }
                    answer.release();
                    if (--pending == 0) {
                        arrived.run();
                        if (failed) {
                            next();
                        } else {
                            then.run();
                        }
                    }
                });
            }
        }

        private void note(Node node, Response answer) {
            if (answer.result() == ResultCode.NETWORK_ERROR) {
                cluster.complain(node);
            }
        }

        private Header header(Opcode opcode, int flags) {
            return Header.of(opcode, flags, view.epoch(), 0);
        }
    }
}
