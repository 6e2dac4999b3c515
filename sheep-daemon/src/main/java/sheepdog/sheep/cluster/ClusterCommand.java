package sheepdog.sheep.cluster;

import java.util.List;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Vid;

/**
 * What can be put into the cluster's log. Every command carries all that its outcome depends on: applied to the same
 * state it does the same on every node.
 */
public sealed interface ClusterCommand {
    /**
     * Erases all VDIs and starts a new cluster instance with epoch 1.
     *
     * @param ctime  seconds and nanoseconds as the wire packs them; names the instance
     * @param flags  the header flags of the request, stored as they came
     * @param store  name of the backend
     */
    record Format(long ctime, int copies, int flags, String store) implements ClusterCommand {}

    /** Every sheep that is a member when this is applied stops. */
    record Shutdown() implements ClusterCommand {}

    /** Changes nothing: once applied here, everything committed before it was asked for is applied here too. */
    record Barrier() implements ClusterCommand {}

    /**
     * First half of creating a VDI: picks its id. Nobody sees the VDI until {@link CommitVdi}.
     *
     * @param base     the VDI it is made from, or {@link Vid#NONE}
     * @param snapshot whether {@code base}, or the working VDI of that name, becomes a snapshot by it
     * @param copies   0 for the cluster's default
     * @param storeId  the sheep that makes it; should it die first, the reservation is void
     */
    record ReserveVdi(
            String name, Vid base, boolean snapshot, int copies, long createTime, long storeId, long incarnation)
            implements ClusterCommand {}

    /**
     * Second half: the inode is written; from now on the VDI is there, and what it snapshots is read-only.
     *
     * @param createTime  tells the reservation from a later one of that id
     * @param generation  of the right to write the VDI that becomes a snapshot, under which its inode was read; if
     *                    somebody else has got the right since, the new inode may lack what was written
     * @param snapshotTag tag of the VDI that becomes a snapshot, as its inode has it
     */
    record CommitVdi(Vid vid, long createTime, long generation, String snapshotTag) implements ClusterCommand {}

    /**
     * Gives a reservation up.
     *
     * @param createTime as of {@link CommitVdi}
     */
    record AbortVdi(Vid vid, long createTime) implements ClusterCommand {}

    /** Deletes the working VDI of that name, or one of its snapshots; its objects are reclaimed afterwards. */
    record DeleteVdi(String name, String tag, int snapId) implements ClusterCommand {}

    /**
     * No object of this deleted VDI is left: the id is free.
     *
     * @param createTime tells the VDI from a later one that got its id
     */
    record ReclaimedVdi(Vid vid, long createTime) implements ClusterCommand {}

    /**
     * Takes the right to write {@code vid} (R7), if nobody has it and its generation is still {@code generation}.
     *
     * @param storeId the gateway that wants it, in this incarnation
     */
    record TakeOwner(Vid vid, long storeId, long incarnation, long generation) implements ClusterCommand {}

    /** The owner has no write under way any more and gives its right back. */
    record ReleaseOwner(Vid vid, long generation) implements ClusterCommand {}

    /** The owner has made all copies equal that its dead predecessor may have left different (R6). */
    record SettledVdi(Vid vid, long generation) implements ClusterCommand {}

    /**
     * The store has the newest of every object that any member of {@code epoch} lists and that it is a replica of, but
     * perhaps for objects of fewer than {@code copies} copies.
     */
    record RecoveredStore(long storeId, Epoch epoch, int copies) implements ClusterCommand {}

    /**
     * The store gets no objects from the next epoch on, and hands over what it has.
     *
     * @param fewer even if the others have too few zones for as many copies as there are now
     */
    record DrainStore(long storeId, boolean fewer) implements ClusterCommand {}

    /** The store takes objects again from the next epoch on. */
    record FillStore(long storeId) implements ClusterCommand {}
    /** Whether stores bring by themselves what no client asks for. A format enables that. */
    record SetRecovery(boolean enabled) implements ClusterCommand {}

    /**
     * The operator does not wait any more for those who are absent in {@code epoch} and may have newer copies of these
     * objects: the newest that its members have is the newest there is.
     */
    record LostObjects(Epoch epoch, List<ObjectId> oids) implements ClusterCommand {
        public LostObjects {
            oids = List.copyOf(oids);
        }
    }
}
