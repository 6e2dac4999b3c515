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
 * @param beforeServing accepted in every state but the last ones
 */
public record Operation(Opcode opcode, Kind kind, boolean beforeServing, Handler handler) {
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
        return new Operation(opcode, kind, true, handler);
    }
}
