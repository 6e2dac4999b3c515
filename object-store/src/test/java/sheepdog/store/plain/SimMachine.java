package sheepdog.store.plain;

import java.io.IOException;
import java.nio.file.Path;
import java.util.random.RandomGenerator;
import sheepdog.protocol.model.ObjectId;
import sheepdog.store.disk.SimDisk;
import sheepdog.store.disk.SimPower;
import sheepdog.store.meta.SimMetaStore;

/** A disk and metadata on one power supply, and the store on them. */
public final class SimMachine {
    /** A journal that is full after a few dozen writes, and limits that are reached. */
    public static final PlainStoreConfig SMALL = new PlainStoreConfig(256 << 10, 32 << 10, 4, 3, 0, true);

    private static final Path DIRECTORY = Path.of("/sheep");

    public final SimPower power = new SimPower();
    public final SimDisk disk = new SimDisk(power);
    public final SimMetaStore meta = new SimMetaStore(power);

    /** Other programs fill the disk: the store's own files keep what they have, and the metadata find room as files do. */
    public void fillUp() {
        disk.capacity(disk.usedBytes());
        meta.full(() -> disk.space(DIRECTORY).freeBytes() == 0);
    }

    /** Opens the store. The machine must have power. */
    public PlainStore open(PlainStoreConfig config) throws IOException {
        disk.makeDirectory(DIRECTORY);
        disk.makeDirectory(DIRECTORY.resolve("meta"));
        meta.restartProgram();
        return PlainStore.open(disk, DIRECTORY, meta, config, Runnable::run, () -> 0x5ec7e7L);
    }

    public PlainStore open() throws IOException {
        return open(SMALL);
    }

    /** The power comes back. */
    public void restart(RandomGenerator random) {
        power.restore();
        disk.restart(random);
        meta.restart(random);
    }

    /** The program was killed and nothing else happened. */
    public void restartProgram() {
        disk.restartProgram();
        meta.restartProgram();
    }

    /** Another machine with all that this one has synced, as a snapshot of its file system would be. */
    public SimMachine copy() {
        var copy = new SimMachine();
        copy.disk.copyOf(disk);
        copy.meta.copyOf(meta);
        return copy;
    }

    static Path objectPath(ObjectId oid) {
        return DIRECTORY.resolve("obj").resolve(oid.toString());
    }
}
