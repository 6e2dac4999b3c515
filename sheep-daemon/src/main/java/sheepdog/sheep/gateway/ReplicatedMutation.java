package sheepdog.sheep.gateway;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import sheepdog.membership.runtime.Loop;
import sheepdog.membership.runtime.LoopFuture;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.Response;
import sheepdog.sheep.cluster.ClusterView;
import sheepdog.sheep.runtime.PeerLink;

/**
 * One mutation on its way to all replicas of an object, once.
 *
 * <p>Answers only when every replica has answered, even after the first failure: a replica still writing while the
 * retry starts would let two versions of the same bytes race on its disk. Loop-owned.
 */
final class ReplicatedMutation {
    /** What all replicas together said. */
    sealed interface Result {
        /** Every replica has it on stable storage. */
        record Everywhere() implements Result {}

        /** Every replica refused for the same reason; nothing changed. */
        record Nowhere(ResultCode code) implements Result {}

        /** The epoch or the owner moved, or a replica did not answer: to be tried again. */
        record Again(List<Node> silent) implements Result {}

        /**
         * Some replicas cannot read or write their copy any more: it is to be replaced, then tried again.
         *
         * @param sound those that may have a copy to replace it with, at least one
         */
        record Damaged(List<Node> sound) implements Result {}

        /**
         * Some may have it and some refused it for good: copies may differ until they are settled.
         *
         * @param code   what the mutation comes to once they are
         * @param source whose content goes to the others: a replica that refused, for that always fits; but where one
         *               only lacks the object, a replica that has it
         */
        record Mixed(ResultCode code, Node source) implements Result {}
    }

    private final LoopFuture<Result> done;
    private final List<Node> replicas;
    private final ResultCode[] answers;
    private final boolean removal;
    private final boolean repeated;
    private int pending;

    private ReplicatedMutation(Loop loop, List<Node> replicas, boolean removal, boolean repeated) {
        this.done = new LoopFuture<>(loop);
        this.replicas = replicas;
        this.removal = removal;
        this.repeated = repeated;
        this.answers = new ResultCode[replicas.size()];
        this.pending = replicas.size();
    }

    /** @param repeated an earlier attempt may have reached some of the replicas */
    static CompletionStage<Result> send(
            Loop loop,
            PeerLink peers,
            ClusterView view,
            List<Node> replicas,
            Mutation mutation,
            Right right,
            long sequence,
            boolean repeated) {
        Invariant.check(!replicas.isEmpty(), "%s has no replica", mutation.oid());
        var flow = new ReplicatedMutation(loop, replicas, mutation instanceof Mutation.Remove, repeated);
        long completed = Math.min(right.completed(), sequence - 1);
        for (int i = 0; i < replicas.size(); i++) {
            int which = i;
            var request = mutation.toReplica(view.epoch(), right.generation(), sequence, completed);
            peers.send(replicas.get(i), request).thenAccept(answer -> flow.answered(which, answer));
        }
        return flow.done;
    }

    private void answered(int which, Response answer) {
        Invariant.check(answers[which] == null, "two answers of one replica");
        answers[which] = answer.result();
        answer.release();
        if (--pending == 0) {
            done.complete(sum());
        }
    }

    private Result sum() {
        boolean again = false;
        int done = 0;
        int absent = 0;
        int damaged = 0;
        ResultCode refusal = ResultCode.SUCCESS;
        for (ResultCode code : answers) {
            switch (code) {
                case SUCCESS -> done++;
                case NO_OBJ -> absent++;
                case EIO -> damaged++;
                case OLD_NODE_VER,
                        NEW_NODE_VER,
                        AGAIN,
                        NETWORK_ERROR,
                        WAIT_FOR_JOIN,
                        WAIT_FOR_FORMAT,
                        SHUTDOWN,
                        KILLED -> again = true;
                default -> refusal = code;
            }
        }
        if (again) {
            return new Result.Again(silent());
        }
        if (damaged > 0) {
            var sound = sound();
            return sound.isEmpty() ? new Result.Nowhere(ResultCode.EIO) : new Result.Damaged(sound);
        }
        if (refusal == ResultCode.NO_SPACE && !repeated && allSaid(ResultCode.NO_SPACE)) {
            return new Result.Nowhere(ResultCode.NO_SPACE); // A store finds that out before it changes anything.
        }
        if (refusal != ResultCode.SUCCESS) {
            // It may have changed a part.
            return new Result.Mixed(refusal, whoSaid(refusal));
        }
        if (absent == 0 || removal && (done > 0 || repeated)) {
            return new Result.Everywhere();
        }
        return done == 0
                ? new Result.Nowhere(ResultCode.NO_OBJ)
                : new Result.Mixed(ResultCode.SUCCESS, whoSaid(ResultCode.SUCCESS));
    }

    private boolean allSaid(ResultCode code) {
        return Arrays.stream(answers).allMatch(code::equals);
    }

    private Node whoSaid(ResultCode code) {
        return IntStream.range(0, answers.length)
                .filter(i -> answers[i] == code)
                .mapToObj(replicas::get)
                .findFirst()
                .orElseThrow();
    }

    private List<Node> sound() {
        return IntStream.range(0, answers.length)
                .filter(i -> answers[i] != ResultCode.EIO && answers[i] != ResultCode.NO_OBJ)
                .mapToObj(replicas::get)
                .toList();
    }

    private List<Node> silent() {
        return IntStream.range(0, answers.length)
                .filter(i -> answers[i] == ResultCode.NETWORK_ERROR)
                .mapToObj(replicas::get)
                .toList();
    }
}
