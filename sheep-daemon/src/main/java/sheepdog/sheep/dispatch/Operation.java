package sheepdog.sheep.dispatch;

import java.util.concurrent.CompletionStage;
import java.util.function.BiFunction;
import java.util.function.Function;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;
import sheepdog.sheep.runtime.ConnectionInfo;

/**
 * One line of the table of operations.
 *
 * @param accepted while the cluster does not serve
 */
public record Operation(Opcode opcode, Kind kind, Accepted accepted, Handler handler) {
    /** In which states it is carried out. */
    public enum Accepted {
        WHEN_SERVING,
        /** Also while the cluster halts for want of zones. */
        WHEN_HALTED,
        /** In every state but the last ones. */
        ALWAYS
    }

    /** Where an operation's work is. */
    public enum Kind {
        /** On the replicas of an object. */
        GATEWAY,
        /** On this node's store, under the asker's epoch. */
        PEER,
        /** On this node. */
        LOCAL,
        /** In the cluster's log. */
        CLUSTER
    }

    /** How it is carried out, on the loop. */
    public sealed interface Handler {
        /** Answers at once. */
        record Now(Function<Request, Response> answer) implements Handler {}

        /**
         * Starts work; the stage completes on the loop, never exceptionally. Work that nobody waits for any more, the
         * connection being closed, need not be begun: the client may have asked again elsewhere.
         */
        record Later(BiFunction<Request, ConnectionInfo, CompletionStage<Response>> start) implements Handler {}
    }

    /** The same, but also accepted while the cluster does not serve. */
    public Operation alsoBeforeServing() {
        return new Operation(opcode, kind, Accepted.ALWAYS, handler);
    }

    /** The same, but also accepted while the cluster halts. */
    public Operation alsoWhenHalted() {
        return new Operation(opcode, kind, Accepted.WHEN_HALTED, handler);
    }

    public boolean beforeServing() {
        return accepted == Accepted.ALWAYS;
    }
}
