package sheepdog.sheep.recovery;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletionStage;
import sheepdog.membership.runtime.Pool;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.Response;
import sheepdog.protocol.wire.Response.ObjectState;
import sheepdog.protocol.wire.Response.ObjectState.Kind;
import sheepdog.sheep.cluster.Cluster;
import sheepdog.store.api.ObjectStore;

/** What this store says of its objects to sheep that are in doubt of theirs, whether it is the truth or not. Loop-owned. */
public final class LocalCopies {
    private final Cluster cluster;
    private final ObjectStore store;

    public LocalCopies(Cluster cluster, ObjectStore store) {
        this.cluster = cluster;
        this.store = store;
    }

    /** What is here of {@code oid}. */
    public CompletionStage<ObjectState> stat(ObjectId oid) {
        return cluster.onStore(Pool.STORE, oid.bits(), () -> state(oid));
    }

    private ObjectState state(ObjectId oid) {
        // Asked first, so that nothing that is under way ever comes without its mark.
        boolean marked = store.isInFlight(oid);
        Epoch forgotten = store.removalsForgotten();
        var copy = store.find(oid);
        var removed = store.removedIn(oid);
        return copy.map(info -> new ObjectState(ResultCode.SUCCESS, Kind.COPY, info.epoch(), marked, forgotten))
                .or(() -> removed.map(
                        epoch -> new ObjectState(ResultCode.SUCCESS, Kind.REMOVED, epoch, marked, forgotten)))
                .orElse(new ObjectState(ResultCode.SUCCESS, Kind.NOTHING, Epoch.NONE, marked, forgotten));
    }

    /** The whole of {@code oid} as it is here, for another sheep that found that to be the newest. */
    public CompletionStage<Response> fetch(ObjectId oid) {
        return cluster.onStore(Pool.STORE, oid.bits(), () -> read(oid));
    }

    private Response read(ObjectId oid) {
        var whole = ByteBuffer.allocate(oid.size());
        int marked = store.isInFlight(oid) ? 1 : 0; // First, as above.
        return switch (store.read(oid, 0, whole)) {
            case Outcome.Ok<Void> _ ->
                new Response.ObjectData(ResultCode.SUCCESS, marked, 0, Payload.of(whole.clear()));
            case Outcome.Refused<Void>(var code) -> Response.of(code);
        };
    }
}
