package sheepdog.store.meta;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import sheepdog.store.disk.DiskException;
import sheepdog.store.disk.PowerCut;
import sheepdog.store.disk.SimPower;

/** Metadata in memory that lose, at a power cut, exactly the last batches that were not synced. */
public final class SimMetaStore implements MetaStore {
    private final SimPower power;
    private final TreeMap<byte[], byte[]> entries = new TreeMap<>(Arrays::compareUnsigned);
    private final TreeMap<byte[], byte[]> durable = new TreeMap<>(Arrays::compareUnsigned);
    private final List<MetaBatch> unsynced = new ArrayList<>();
    private BooleanSupplier full = () -> false;
    private boolean readOnly;
    private boolean closed;

    public SimMetaStore(SimPower power) {
        this.power = power;
    }

    /** The power is back: of the batches not synced the first few are there, and no later one. */
    public synchronized void restart(RandomGenerator random) {
        int kept = unsynced.isEmpty() ? 0 : random.nextInt(unsynced.size() + 1);
        unsynced.subList(0, kept).forEach(batch -> apply(batch, durable));
        unsynced.clear();
        entries.clear();
        entries.putAll(durable);
        closed = false;
        readOnly = false;
    }

    /** Everything that {@code other} had synced. */
    public synchronized void copyOf(SimMetaStore other) {
        synchronized (other) {
            durable.putAll(other.durable);
        }
        entries.putAll(durable);
    }

    /** Opened again after it was closed, or after the program ended. */
    public synchronized void restartProgram() {
        closed = false;
        readOnly = false;
    }

    /** Changes find no room while {@code full} says so, and after one that did not, none is taken until {@link #resume}. */
    public synchronized void full(BooleanSupplier isFull) {
        full = isFull;
    }

    private void checkRoom() throws IOException {
        readOnly |= full.getAsBoolean();
        if (readOnly) {
            throw new DiskException(DiskException.Kind.NO_SPACE, "write", "metadata", "no space left");
        }
    }

    @Override
    public synchronized void resume() throws IOException {
        checkOpen();
        if (full.getAsBoolean()) {
            throw new DiskException(DiskException.Kind.NO_SPACE, "open", "metadata", "no space left");
        }
        readOnly = false;
    }

    private void checkOpen() throws IOException {
        power.check();
        if (closed) {
            throw new IOException("the metadata are closed");
        }
    }

    @Override
    public synchronized Optional<byte[]> get(byte[] key) throws IOException {
        checkOpen();
        return Optional.ofNullable(entries.get(key)).map(byte[]::clone);
    }

    @Override
    public synchronized void apply(MetaBatch batch) throws IOException {
        checkOpen();
        checkRoom();
        boolean cut = power.change();
        unsynced.add(batch);
        apply(batch, entries);
        if (cut) {
            power.check();
        }
    }

    private static void apply(MetaBatch batch, TreeMap<byte[], byte[]> to) {
        for (MetaBatch.Change change : batch.changes()) {
            switch (change) {
                case MetaBatch.Put(byte[] key, byte[] value) -> to.put(key.clone(), value.clone());
                case MetaBatch.Delete(byte[] key) -> to.remove(key);
                case MetaBatch.DeleteRange(byte[] from, byte[] until) ->
                    to.subMap(from, until).clear();
            }
        }
    }

    /** @throws PowerCut if the power goes; nothing was synced then */
    @Override
    public synchronized void sync() throws IOException {
        checkOpen();
        checkRoom();
        power.change();
        power.check();
        unsynced.forEach(batch -> apply(batch, durable));
        unsynced.clear();
    }

    @Override
    public void scan(byte[] from, byte[] to, Visitor visitor) throws IOException {
        TreeMap<byte[], byte[]> seen;
        synchronized (this) {
            checkOpen();
            seen = new TreeMap<>(entries);
        }
        for (Map.Entry<byte[], byte[]> entry : seen.subMap(from, to).entrySet()) {
            if (!visitor.visit(entry.getKey().clone(), entry.getValue().clone())) {
                return;
            }
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
    }
}
