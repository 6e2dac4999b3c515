package sheepdog.it.sim;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Outcome;
import sheepdog.store.api.ObjectInfo;
import sheepdog.store.api.ObjectStore;
import sheepdog.store.disk.DiskException;
import sheepdog.store.disk.PowerCut;
import sheepdog.store.plain.PlainStore;
import sheepdog.store.plain.PlainStoreConfig;
import sheepdog.store.plain.SimMachine;

/**
 * The disk of a simulated node, and the production {@link PlainStore} on it while a process runs. A power loss drops
 * what was not synced, in whole or in part; what a process was writing when it ended is broken off in the middle. The
 * disk can be full, and it can fail.
 */
public final class SimStore {
    /** Checkpoints every few dozen writes; of what guests write, the longer ones go to the object's file at once. */
    private static final PlainStoreConfig CONFIG = new PlainStoreConfig(256 << 10, 6 << 10, 4, 3, 0, true);

    /** A step that is broken off gets at most this far, in calls that change something on the disk. */
    private static final int CALLS_BROKEN_OFF_MAX = 8;

    private final SimMachine machine;
    private final RandomGenerator random;
    private Optional<PlainStore> open = Optional.empty();
    private boolean troubled;

    /** What a disk does when it fails. */
    public enum Failure {
        /** Writes do not get through. */
        WRITE,
        /** Writes are taken, but no sync succeeds. */
        SYNC,
        /** What is there cannot be read. */
        READ;

        private String operation() {
            return switch (this) {
                case WRITE -> "write";
                case SYNC -> "sync";
                case READ -> "read";
            };
        }
    }

    /** An empty disk. @param random decides what is left of what was not synced */
    public SimStore(RandomGenerator random) {
        this(random, new SimMachine());
    }

    private SimStore(RandomGenerator random, SimMachine machine) {
        this.random = random;
        this.machine = machine;
    }

    /** A disk with all that this one has synced. */
    SimStore copy() {
        return new SimStore(random, machine.copy());
    }

    /** Opens the store, for a process that starts; nothing if a disk that fails does not let it. */
    public Optional<ObjectStore> start() {
        Invariant.check(open.isEmpty(), "%s is open", this);
        try {
            open = Optional.of(machine.open(CONFIG));
        } catch (IOException failure) {
            Invariant.check(troubled, "a store does not open again: %s", failure);
            machine.restartProgram();
        }
        return open.map(store -> store);
    }

    /** Whether its disk fails now, or may. */
    public boolean troubled() {
        return troubled;
    }

    /** The process ends in order. */
    void close() {
        open.orElseThrow().close();
        open = Optional.empty();
        machine.restartProgram();
    }

    /** The process is killed in the middle of {@code underWay}. */
    void kill(List<Runnable> underWay) {
        breakOff(underWay);
        machine.power.restore();
        machine.restartProgram();
    }

    /** The machine loses its power in the middle of {@code underWay}. */
    void losePower(List<Runnable> underWay) {
        breakOff(underWay);
        machine.restart(random);
    }

    private void breakOff(List<Runnable> steps) {
        open = Optional.empty();
        machine.power.cutAt(machine.power.changes() + 1 + random.nextInt(CALLS_BROKEN_OFF_MAX));
        try {
            steps.forEach(Runnable::run);
        } catch (PowerCut _) {
            return;
        }
        machine.power.cut();
    }

    /** From now on the disk fails; what was on it can still be read. */
    public void fails(Failure failure) {
        String operation = failure.operation();
        troubled = true;
        machine.disk.hook((call, path) -> {
            if (call.equals(operation)) {
                throw new DiskException(DiskException.Kind.IO, call, path, "Input/output error");
            }
        });
    }

    /** One call fails, the one after {@code spared} others of its kind; then the disk is well, as after a cable's fault. */
    public void failsOnce(Failure failure, int spared) {
        String operation = failure.operation();
        var calls = new int[1];
        troubled = true;
        machine.disk.hook((call, path) -> {
            if (call.equals(operation) && calls[0]++ == spared) {
                throw new DiskException(DiskException.Kind.IO, call, path, "Input/output error");
            }
        });
    }

    /** Whether an object has a file here. */
    public boolean holds(ObjectId oid) {
        return machine.disk.exists(file(oid));
    }

    /** Turns one bit of an object's file over, which it must have. */
    public void rot(ObjectId oid, int offset) {
        machine.disk.rot(file(oid), offset);
    }

    private static Path file(ObjectId oid) {
        return Path.of("/sheep/obj").resolve(oid.toString());
    }

    /** From now on only so many bytes more find a place on it. */
    public void fillsUp(long freeBytes) {
        machine.disk.capacity(machine.disk.usedBytes() + freeBytes);
    }

    /** The disk is well again and has space. */
    public void heals() {
        troubled = false;
        machine.disk.hook((_, _) -> {});
        machine.disk.capacity(Long.MAX_VALUE);
    }

    /** What its files take, in bytes. */
    public long usedBytes() {
        return machine.disk.usedBytes();
    }

    /** The ids of all objects. The process must run. */
    public List<ObjectId> oids() {
        var found = new ArrayList<ObjectId>();
        List<ObjectInfo> part;
        do {
            part = open.orElseThrow().list(found.isEmpty() ? Optional.empty() : Optional.of(found.getLast()), 1_000);
            part.forEach(info -> found.add(info.oid()));
        } while (!part.isEmpty());
        return found;
    }

    /** Whether every object can be read as a whole. The process must run. */
    public boolean isSound() {
        return oids().stream()
                .allMatch(oid -> open.orElseThrow()
                        .read(oid, 0, ByteBuffer.allocate(oid.size()))
                        .isOk());
    }

    /** The whole object, for comparisons; every checksum must fit. The process must run. */
    public Optional<byte[]> content(ObjectId oid) {
        var into = ByteBuffer.allocate(oid.size());
        Outcome<Void> outcome = open.orElseThrow().read(oid, 0, into);
        return switch (outcome.code()) {
            case SUCCESS -> Optional.of(into.array());
            case NO_OBJ -> Optional.empty();
            default -> throw new AssertionError(oid + " cannot be read: " + outcome.code());
        };
    }
}
