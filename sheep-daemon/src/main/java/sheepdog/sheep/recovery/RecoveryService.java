package sheepdog.sheep.recovery;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.runtime.Loop;
import sheepdog.membership.runtime.LoopFuture;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.LostObject;
import sheepdog.protocol.wire.LostObject.Answer;
import sheepdog.protocol.wire.RecoveryLimit;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;
import sheepdog.sheep.cluster.Cluster;
import sheepdog.sheep.cluster.ClusterCommand;

/** What an operator asks of recovery. Loop-owned. */
public final class RecoveryService {
    private static final Logger LOG = LoggerFactory.getLogger(RecoveryService.class);

    /** Objects of one request that are asked about at once. */
    private static final int DOUBTS_AT_ONCE = 16;

    private final Loop loop;
    private final Cluster cluster;
    private final Recovery recovery;

    public RecoveryService(Loop loop, Cluster cluster, Recovery recovery) {
        this.loop = loop;
        this.cluster = cluster;
        this.recovery = recovery;
    }

    /** How far it is: the lines that {@code docs/protocol.md} describes. */
    public Response progress(Request.GetProgress request) {
        return new Response.Data(
                ResultCode.SUCCESS, Payload.of(recovery.progress().text(request.lengthMax())));
    }

    /** How much this node recovers at once. */
    public Response limit(Request.GetRecovery request) {
        return request.lengthMax() < RecoveryLimit.BYTES
                ? Response.of(ResultCode.BUFFER_SMALL)
                : new Response.Data(
                        ResultCode.SUCCESS, Payload.of(recovery.limit().encode()));
    }

    /**
     * From now on, and after a restart; INVALID_PARMS for an interval of more than an hour. It holds also if the answer is that
     * it could not be kept.
     */
    public CompletionStage<Response> setLimit(Request.SetRecovery request) {
        var limit = new RecoveryLimit(request.max(), request.intervalMillis());
        if (limit.intervalMillis() < 0 || RecoverySettings.INTERVAL_MAX.toMillis() < limit.intervalMillis()) {
            return CompletableFuture.completedStage(Response.of(ResultCode.INVALID_PARMS));
        }
        LOG.info("recovery limit max={} interval={} ms", Integer.toUnsignedString(limit.max()), limit.intervalMillis());
        return recovery.limit(limit).thenApply(kept -> {
            if (!kept.isOk()) {
                LOG.warn("the recovery limit will not outlive this process result={}", kept.code());
            }
            return Response.of(kept.code());
        });
    }

    /** Lets the cluster bring by itself what nobody asks for, or keeps it from that. */
    public CompletionStage<Response> enable(boolean enabled) {
        return cluster.propose(new ClusterCommand.SetRecovery(enabled)).thenApply(result -> Response.of(result.code()));
    }

    /**
     * Says of each object whether its newest copy is there. Those of which all such copies are absent are declared lost, if
     * that is the wish; the others are left as they are.
     */
    public CompletionStage<Response> lost(Request.LostObjects request) {
        if (cluster.view().isEmpty()) {
            return CompletableFuture.completedStage(Response.of(ResultCode.WAIT_FOR_FORMAT));
        }
        return new Declaration(request.oids(), request.lookOnly()).start();
    }

    private final class Declaration {
        private final List<ObjectId> oids;
        private final boolean lookOnly;
        private final Epoch epoch = cluster.epoch();
        private final List<LostObject> answers;
        private final Queue<Integer> unasked = new ArrayDeque<>();
        private final LoopFuture<Response> done = new LoopFuture<>(loop);
        private int left;

        Declaration(List<ObjectId> oids, boolean lookOnly) {
            this.oids = oids;
            this.lookOnly = lookOnly;
            this.answers = new ArrayList<>(Collections.nCopies(
                    oids.size(), new LostObject(Answer.EPOCH_CHANGED, Epoch.NONE, LostObject.NOBODY)));
            left = oids.size();
            for (int i = 0; i < oids.size(); i++) {
                unasked.add(i);
            }
        }

        CompletionStage<Response> start() {
            for (int i = 0; i < DOUBTS_AT_ONCE; i++) {
                next();
            }
            return done;
        }

        private void next() {
            Optional.ofNullable(unasked.poll()).ifPresent(index -> {
                if (cluster.epoch().equals(epoch)) {
                    recovery.doubt(oids.get(index)).ask().thenAccept(answer -> answered(index, answer));
                } else {
                    loop.execute(() -> answered(index, answers.get(index)));
                }
            });
        }

        private void answered(int index, LostObject answer) {
            answers.set(index, answer);
            left--;
            if (left == 0) {
                propose();
            } else {
                next();
            }
        }

        private void propose() {
            var lost = new ArrayList<ObjectId>();
            for (int i = 0; i < oids.size(); i++) {
                if (answers.get(i).answer() == Answer.LOST) {
                    lost.add(oids.get(i));
                }
            }
            if (lost.isEmpty() || lookOnly) {
                answer(ResultCode.SUCCESS);
                return;
            }
            cluster.propose(new ClusterCommand.LostObjects(epoch, lost)).thenAccept(result -> {
                if (result.code() == ResultCode.SUCCESS) {
                    LOG.warn("declared lost epoch={} objects={}", epoch, lost.size());
                    answer(ResultCode.SUCCESS);
                } else if (result.code() == ResultCode.AGAIN) {
                    answers.replaceAll(a -> a.answer() == Answer.LOST
                            ? new LostObject(Answer.EPOCH_CHANGED, Epoch.NONE, LostObject.NOBODY)
                            : a);
                    answer(ResultCode.SUCCESS);
                } else {
                    answer(result.code());
                }
            });
        }

        private void answer(ResultCode code) {
            done.complete(
                    code == ResultCode.SUCCESS
                            ? new Response.Data(code, Payload.of(LostObject.encode(answers)))
                            : Response.of(code));
        }
    }
}
