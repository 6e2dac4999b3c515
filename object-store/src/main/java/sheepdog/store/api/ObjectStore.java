package sheepdog.store.api;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.Vid;

/**
 * The objects of one node. A mutation that returned success is on stable storage.
 *
 * <p>Any thread; blocking. Mutations of one object must not overlap in time (the caller's pool is striped by object id);
 * everything else may. Lengths and offsets are bytes, checked against {@link ObjectId#size}: outside of it the answer
 * is {@code INVALID_PARMS}. Disk errors come back as {@code EIO}, a full disk as {@code NO_SPACE}, both without damage; what
 * was refused for want of space has changed nothing.
 *
 * <p>Every mutation carries a {@link Stamp}: older than the fenced epoch is {@code OLD_NODE_VER}, an owner generation
 * older than the fenced one of that VDI is {@code AGAIN}. The first mutation of a newer generation raises that fence by
 * itself. Fences survive a restart.
 *
 * <p>After a write or a sync that the disk failed, every mutation is refused with {@code EIO} until the store is opened
 * again ({@link #isFailed}); reads go on. Before, {@code EIO} is the trouble of one object. {@link #find}, {@link #removedIn},
 * {@link #list} and {@link #stats} throw {@link java.io.UncheckedIOException} if the disk fails them or the store is
 * closed: an answer that leaves something out would be taken for the truth.
 */
public interface ObjectStore extends AutoCloseable {
    /**
     * Fills {@code into} (position to limit) from {@code offset}; holes read as zeros. No byte whose checksum fails is
     * returned: {@code EIO}.
     *
     * @return {@code NO_OBJ} if there is no such object
     */
    Outcome<Void> read(ObjectId oid, int offset, ByteBuffer into);

    /**
     * Makes an object of full size that holds {@code data} at {@code offset} and zeros elsewhere. If the object exists
     * this is a retry: the range is merged into it, and nothing else of it changes. A whole object replaces what cannot be
     * read or written any more.
     *
     * @param data position to limit; left as it was. Empty makes an object of zeros
     */
    Outcome<Void> create(ObjectId oid, int offset, ByteBuffer data, Stamp stamp);

    /**
     * Recovery's word about an object: what is here, sound, damaged or remembered as removed, is replaced by it in one
     * step. A crash leaves the old state or the new one. Nothing is merged.
     *
     * @param whole    exactly the object's size; the copy is of the stamp's epoch then. Empty if there is no such object
     *                 as of that epoch, which is remembered as a removal is
     * @param mutated  of the content, where it came from ({@link ObjectInfo#mutated}); without meaning if there is none
     * @param inFlight the object may not be the same everywhere: leaves a mark with the stamp's generation and sequence,
     *                 also on an absence, and is admitted as any mutation of that owner. Otherwise no mark is made, one
     *                 that is here stays, and only the epoch is checked
     */
    Outcome<Void> recovered(ObjectId oid, Optional<ByteBuffer> whole, Epoch mutated, Stamp stamp, boolean inFlight);

    /**
     * Recovery's word that the copy here is the newest as of {@code epoch}: it is of that epoch from now on, if it is not
     * of a later one.
     *
     * @param mutated its bytes count as changed in that epoch, if they were not in a later one
     * @return {@code NO_OBJ} if there is none; {@code OLD_NODE_VER} under an older epoch than the fenced
     */
    Outcome<Void> confirm(ObjectId oid, Epoch epoch, Epoch mutated);

    /** Writes into an object that exists; {@code NO_OBJ} otherwise. An empty {@code data} only checks. */
    Outcome<Void> write(ObjectId oid, int offset, ByteBuffer data, Stamp stamp);

    /**
     * Removes an object and gives its space back; {@code NO_OBJ} if there is none. That it was to be removed is remembered
     * in either case ({@link #removedIn}) until it is made again.
     */
    Outcome<Void> remove(ObjectId oid, Stamp stamp);

    /** Makes a range of an object read as zeros and gives its whole blocks back to the file system. */
    Outcome<Void> discard(ObjectId oid, int offset, int length, Stamp stamp);

    Optional<ObjectInfo> find(ObjectId oid);

    /** The epoch of the newest removal remembered; empty if the object is here or nothing is known of it. */
    Optional<Epoch> removedIn(ObjectId oid);

    /**
     * Removals of epochs up to and including {@code through} need not be remembered, those to come neither. Takes as long
     * as there are many; others go on meanwhile. Survives a crash; only a format takes it back.
     */
    void forgetRemovals(Epoch through);

    /** Up to which epoch removals may have been forgotten; NONE if none were. */
    Epoch removalsForgotten();

    /**
     * This node is no replica of the object any more, and every replica has it: gives its space back. Neither a mark nor
     * the memory of a removal is left, for what is here may be anything: others do not look at it again.
     *
     * @return {@code NO_OBJ} if there is none; {@code AGAIN}, and it stays, if the copy is of {@code epoch} or a later
     *         one; {@code OLD_NODE_VER} under an older epoch than the fenced
     */
    Outcome<Void> drop(ObjectId oid, Epoch epoch);

    /** Objects after {@code after} (exclusive; empty from the first) in unsigned order of their ids. */
    List<ObjectInfo> list(Optional<ObjectId> after, int countMax);

    /** From now on mutations of earlier epochs are refused. When it returns, none of them is under way. */
    void fence(Epoch epoch);

    /** From now on mutations of {@code vid} by earlier owner generations are refused; likewise. */
    void fenceOwner(Vid vid, long generation);

    /**
     * The owner's word that its mutations of {@code vid} up to {@code sequence} are on every replica: their in-flight
     * marks may go, when it suits.
     */
    void completed(Vid vid, long generation, long sequence);

    /** Objects of {@code vid} whose last mutations are not known to be on every replica (R6); survives a crash. */
    List<ObjectId> inFlight(Vid vid);

    /** Whether {@code oid} is one of them, be it here or not. */
    boolean isInFlight(ObjectId oid);

    /** Every VDI that {@link #inFlight} has something for. */
    List<Vid> inFlightVids();

    /**
     * The copy was made equal on all replicas: its mark goes, but for what that owner itself wrote since. A marked copy
     * counts as mutated in {@code epoch}: stores that are away may not have what is in it by now, though no mark says so.
     *
     * @param generation of the owner that made it equal
     * @return {@code OLD_NODE_VER} or {@code AGAIN}, and the mark stays, if that is an earlier one than the fenced: it
     *         knows nothing of what its successors have in flight
     */
    Outcome<Void> settled(ObjectId oid, Epoch epoch, long generation);

    /**
     * Removes every object and mark, and what is remembered of removals: the cluster is formatted. The fences start again
     * at {@code epoch}.
     */
    Outcome<Void> format(Epoch epoch);

    StoreStats stats();

    /** Whether there will be no more mutations, because the disk failed one or the store is closed. */
    boolean isFailed();

    /** Waits for calls under way, then closes. Later calls fail with {@code EIO}. */
    @Override
    void close();
}
