package sheepdog.sheep.main;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.Vid;
import sheepdog.sheep.metrics.SheepMetrics;
import sheepdog.sheep.metrics.SheepMetrics.StoreOperation;
import sheepdog.store.api.ObjectInfo;
import sheepdog.store.api.ObjectStore;
import sheepdog.store.api.Stamp;
import sheepdog.store.api.StoreStats;

/** A store whose reads and changes of objects are timed. Any thread, as the store behind it. */
final class MeasuredStore implements ObjectStore {
    private final ObjectStore store;
    private final SheepMetrics metrics;

    /** @param store closed with this one */
    MeasuredStore(ObjectStore store, SheepMetrics metrics) {
        this.store = store;
        this.metrics = metrics;
    }

    @Override
    public Outcome<Void> read(ObjectId oid, int offset, ByteBuffer into) {
        return timed(StoreOperation.READ, () -> store.read(oid, offset, into));
    }

    @Override
    public Outcome<Void> create(ObjectId oid, int offset, ByteBuffer data, Stamp stamp) {
        return timed(StoreOperation.CREATE, () -> store.create(oid, offset, data, stamp));
    }

    @Override
    public Outcome<Void> recovered(
            ObjectId oid, Optional<ByteBuffer> whole, Epoch mutated, Stamp stamp, boolean inFlight) {
        var operation = whole.isPresent() ? StoreOperation.CREATE : StoreOperation.REMOVE;
        return timed(operation, () -> store.recovered(oid, whole, mutated, stamp, inFlight));
    }

    @Override
    public Outcome<Void> write(ObjectId oid, int offset, ByteBuffer data, Stamp stamp) {
        return timed(StoreOperation.WRITE, () -> store.write(oid, offset, data, stamp));
    }

    @Override
    public Outcome<Void> remove(ObjectId oid, Stamp stamp) {
        return timed(StoreOperation.REMOVE, () -> store.remove(oid, stamp));
    }

    @Override
    public Outcome<Void> discard(ObjectId oid, int offset, int length, Stamp stamp) {
        return timed(StoreOperation.DISCARD, () -> store.discard(oid, offset, length, stamp));
    }

    @Override
    public Optional<ObjectInfo> find(ObjectId oid) {
        return store.find(oid);
    }

    @Override
    public Optional<Epoch> removedIn(ObjectId oid) {
        return store.removedIn(oid);
    }

    @Override
    public void forgetRemovals(Epoch through) {
        store.forgetRemovals(through);
    }

    @Override
    public Epoch removalsForgotten() {
        return store.removalsForgotten();
    }

    @Override
    public Outcome<Void> confirm(ObjectId oid, Epoch epoch, Epoch mutated) {
        return store.confirm(oid, epoch, mutated);
    }

    @Override
    public Outcome<Void> drop(ObjectId oid, Epoch epoch) {
        return timed(StoreOperation.REMOVE, () -> store.drop(oid, epoch));
    }

    @Override
    public List<ObjectInfo> list(Optional<ObjectId> after, int countMax) {
        return store.list(after, countMax);
    }

    @Override
    public void fence(Epoch epoch) {
        store.fence(epoch);
    }

    @Override
    public void fenceOwner(Vid vid, long generation) {
        store.fenceOwner(vid, generation);
    }

    @Override
    public void completed(Vid vid, long generation, long sequence) {
        store.completed(vid, generation, sequence);
    }

    @Override
    public List<ObjectId> inFlight(Vid vid) {
        return store.inFlight(vid);
    }

    @Override
    public boolean isInFlight(ObjectId oid) {
        return store.isInFlight(oid);
    }

    @Override
    public List<Vid> inFlightVids() {
        return store.inFlightVids();
    }

    @Override
    public Outcome<Void> settled(ObjectId oid, Epoch epoch, long generation) {
        return store.settled(oid, epoch, generation);
    }

    @Override
    public Outcome<Void> format(Epoch epoch) {
        return store.format(epoch);
    }

    @Override
    public boolean isFailed() {
        return store.isFailed();
    }

    @Override
    public StoreStats stats() {
        return store.stats();
    }

    @Override
    public void close() {
        store.close();
    }

    private <T> T timed(StoreOperation operation, Supplier<T> call) {
        long start = System.nanoTime();
        T result = call.get();
        metrics.storeIo(operation, System.nanoTime() - start);
        return result;
    }
}
