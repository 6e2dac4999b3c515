package sheepdog.membership.log;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import sheepdog.membership.consensus.Entry;
import sheepdog.membership.consensus.HardState;
import sheepdog.membership.consensus.LogWrite;
import sheepdog.membership.consensus.Restored;
import sheepdog.membership.consensus.Snapshot;
import sheepdog.membership.files.NoSpaceException;

/**
 * A log in memory, for simulations: keeps over {@link #reopened} what was synced, loses exactly the rest, and fails on
 * request. It copies nothing: what it is given is immutable by contract.
 */
public final class SimLogStorage implements LogStorage {
    private Restored written = Restored.EMPTY;
    private Restored synced = Restored.EMPTY;
    private boolean failing;
    private boolean closed;
    private boolean full;
    private boolean lying;
    private long writes;

    @Override
    public Restored load() {
        return written;
    }

    @Override
    public void write(LogWrite write) throws IOException {
        if (failing) {
            throw new IOException("Input/output error");
        }
        if (closed) {
            throw new IOException("closed");
        }
        if (full) {
            throw new NoSpaceException("No space left on device");
        }
        Optional<Snapshot> snapshot = write.snapshot().isPresent() ? write.snapshot() : written.snapshot();
        var entries = new ArrayList<Entry>(write.snapshot().isPresent() ? List.of() : written.entries());
        while (!entries.isEmpty() && entries.getLast().index() >= write.truncateFrom()) {
            entries.removeLast();
        }
        long next = snapshot.map(Snapshot::index).orElse(0L) + entries.size() + 1;
        for (Entry entry : write.entries()) {
            if (entry.index() != next) {
                throw new AssertionError("entry " + entry + " written where " + next + " is due");
            }
            entries.add(entry);
            next++;
        }
        written = new Restored(write.hard(), snapshot, entries);
        writes++;
        if (!lying || writes % 4 == 0) {
            synced = written;
        }
    }

    @Override
    public void close() {
        closed = true;
    }

    /** What a process that starts after a power loss finds. */
    public SimLogStorage reopened() {
        written = synced;
        closed = false;
        failing = false;
        return this;
    }

    /** The last entries are gone, the hard state is not, as after a repair that went wrong. */
    public void loseTail(int count) {
        List<Entry> entries = synced.entries();
        HardState hard = synced.hard();
        synced = new Restored(hard, synced.snapshot(), entries.subList(0, Math.max(0, entries.size() - count)));
        written = synced;
    }

    /** What a copy of the folder holds. */
    public SimLogStorage copy() {
        var copy = new SimLogStorage();
        copy.written = synced;
        copy.synced = synced;
        return copy;
    }

    /** Every write fails from now on. */
    public void fail() {
        failing = true;
    }

    /** Writes succeed again. */
    public void heal() {
        failing = false;
    }

    /** Whether every write fails. */
    public boolean failing() {
        return failing;
    }

    /** From now on no write finds space, also for the processes to come; or all do again. */
    public void full(boolean now) {
        full = now;
    }

    /** Most syncs are not done: a planted fault, for tests of the tests. */
    public void lie() {
        lying = true;
    }

    public HardState hard() {
        return synced.hard();
    }
}
