package sheepdog.sheep.recovery;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletionStage;
import sheepdog.membership.runtime.Pool;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.ObjectChanges;
import sheepdog.protocol.wire.Response;
import sheepdog.protocol.wire.Response.ObjectState;
import sheepdog.protocol.wire.Response.ObjectState.Kind;
import sheepdog.sheep.cluster.Cluster;
import sheepdog.store.api.ObjectStore;

/**
 * What this store says of its objects to sheep that are in doubt of theirs, whether it is the truth or not. Loop-owned.
 *
 * <p>Mutations may go on meanwhile. A mark is asked for before and after: one that comes is there before the bytes change,
 * and one that goes may have stood for what was read.
 */
public final class LocalCopies {
    private final Cluster cluster;
    private final ObjectStore store;
    private final Spare spare = new Spare();

    public LocalCopies(Cluster cluster, ObjectStore store) {
        this.cluster = cluster;
        this.store = store;
    }

    /** What is here of {@code oid}. */
    public CompletionStage<ObjectState> stat(ObjectId oid) {
        return cluster.onStore(Pool.STORE, oid.bits(), () -> state(oid));
    }

    private ObjectState state(ObjectId oid) {
        boolean before = store.isInFlight(oid);
        Epoch forgotten = store.removalsForgotten();
        var copy = store.find(oid);
        var removed = store.removedIn(oid);
        boolean marked = before | store.isInFlight(oid);
        return copy.map(info ->
                        new ObjectState(ResultCode.SUCCESS, Kind.COPY, info.epoch(), marked, forgotten, info.mutated()))
                .or(() -> removed.map(epoch ->
                        new ObjectState(ResultCode.SUCCESS, Kind.REMOVED, epoch, marked, forgotten, Epoch.NONE)))
                .orElse(new ObjectState(ResultCode.SUCCESS, Kind.NOTHING, Epoch.NONE, marked, forgotten, Epoch.NONE));
    }

    /**
     * The whole of {@code oid} as it is here, for another sheep that found that to be the newest.
     *
     * @param digests of what it has already, or empty ({@link ObjectChanges}); released when the stage completes
     */
    public CompletionStage<Response> fetch(ObjectId oid, Payload digests) {
        return cluster.onStore(
                Pool.STORE, oid.bits(), () -> spare.with(oid, whole -> read(oid, digests.bytes(), whole)));
    }

    private Response read(ObjectId oid, ByteBuffer digests, ByteBuffer whole) {
        boolean before = store.isInFlight(oid);
        if (store.read(oid, 0, whole) instanceof Outcome.Refused<Void>(var code)) {
            return Response.of(code);
        }
        var changes = Payload.of(ObjectChanges.of(whole.clear(), digests));
        boolean marked = before | store.isInFlight(oid);
        return store.find(oid)
                .<Response>map(info -> new Response.ObjectCopy(ResultCode.SUCCESS, marked, info.mutated(), changes))
                .orElse(Response.of(ResultCode.NO_OBJ));
    }
}
