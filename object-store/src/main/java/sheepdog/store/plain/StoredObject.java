package sheepdog.store.plain;

import java.io.IOException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;

/**
 * What the store knows of one object, while it is in use.
 *
 * <p>{@link #mutation} is held through a whole mutation; {@link #content} only while the file's bytes and the fields
 * below change together, or are read together. The order is mutation, content.
 */
final class StoredObject {
    final ObjectId oid;
    final ReentrantLock mutation = new ReentrantLock();
    final ReentrantReadWriteLock content = new ReentrantReadWriteLock();

    boolean loaded;
    boolean exists;
    Epoch epoch = Epoch.NONE;
    Epoch mutated = Epoch.NONE;

    /** A checksum per block; empty if the metadata have none, though they have the object. */
    int[] sums = new int[0];

    /** Counts what was written to the file and not synced at once; what it was at the last sync. */
    long writes;

    long writesSynced;

    /** The count of {@link StoreFiles#namesChanged} when the file got its name. */
    long nameChange;

    /** The table's: uses that keep it in memory. */
    int pins;

    StoredObject(ObjectId oid) {
        this.oid = oid;
    }

    /** An object whose checksums are lost is not served: what they would say is not known. */
    void requireSums() throws IOException {
        if (sums.length == 0) {
            throw new IOException("the checksums of " + oid + " are lost");
        }
    }

    boolean isHole(int block) {
        return sums[block] == Blocks.HOLE;
    }

    void isMade(Epoch itsEpoch, Epoch itsMutated) {
        epoch = itsEpoch;
        mutated = itsMutated;
    }

    boolean isOlder(Epoch newEpoch, Epoch newMutated) {
        return epoch.isBefore(newEpoch) || mutated.isBefore(newMutated);
    }

    /**
     * Epochs only grow, but for an object that is made.
     *
     * @return whether something changed
     */
    boolean isNow(Epoch newEpoch, Epoch newMutated) {
        boolean older = isOlder(newEpoch, newMutated);
        epoch = epoch.isBefore(newEpoch) ? newEpoch : epoch;
        mutated = mutated.isBefore(newMutated) ? newMutated : mutated;
        return older;
    }

    void becomes(boolean present, int[] itsSums) {
        exists = present;
        sums = itsSums;
    }
}
