package sheepdog.protocol.wire;

import java.util.List;
import java.util.Optional;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.VdiName;
import sheepdog.protocol.model.Vid;

/**
 * What a client asks: one record per operation, with just the fields it uses.
 *
 * <p>What {@link RequestCodec} decoded is well-formed: ids that can exist, ranges inside of their object, lengths that
 * are non-negative. Whether the thing is there and may be done is the handler's to check. Fields named
 * {@code lengthMax} are the bytes the client has room for in the answer.
 */
public sealed interface Request
        permits Request.ReadObject,
                Request.WriteObject,
                Request.CreateObject,
                Request.RemoveObject,
                Request.DiscardObject,
                Request.NewVdi,
                Request.LockVdi,
                Request.GetVdiInfo,
                Request.ReleaseVdi,
                Request.ReadVdis,
                Request.FlushVdi,
                Request.DeleteVdi,
                Request.GetClusterDefault,
                Request.GetNodeList,
                Request.MakeFs,
                Request.Shutdown,
                Request.StatSheep,
                Request.StatCluster,
                Request.GetVdiAttr,
                Request.ForceRecover,
                Request.GetStoreList,
                Request.GetWaiting,
                Request.DrainNode,
                Request.GetProgress,
                Request.LostObjects,
                Request.ListVdis,
                Request.GetRecovery,
                Request.SetRecovery,
                Request.Snapshot,
                Request.Restore,
                Request.GetSnapFile,
                Request.Cleanup,
                Request.StatRecovery,
                Request.FlushDelCache,
                Request.KillNode,
                Request.GetObjList,
                Request.GetEpoch,
                Request.CreatePeer,
                Request.ReadPeer,
                Request.WritePeer,
                Request.RemovePeer,
                Request.SetCacheSize,
                Request.EnableRecover,
                Request.DisableRecover,
                Request.DeleteCache,
                Request.MdInfo,
                Request.MdPlug,
                Request.MdUnplug,
                Request.Unknown,
                PeerRequest {
    Header header();

    /** The payload this request holds, owned by it; empty if it has none, or if its fields were read from it. */
    default Payload data() {
        return Payload.EMPTY;
    }

    /** Releases {@link #data}. To be called once, by whoever answers the request. */
    default void release() {
        data().release();
    }

    /**
     * Reads {@code length} bytes; answered with {@link Response.ObjectData}.
     *
     * @param copies replicas to look for, 0 for the VDI's own number
     */
    record ReadObject(Header header, ObjectId oid, int offset, int length, int copies) implements Request {}

    /** Writes into an object that exists. */
    record WriteObject(Header header, ObjectId oid, int offset, Payload data, int copies) implements Request {}

    /**
     * Makes an object that holds {@code data} at {@code offset}. If it exists this is a repeated request.
     *
     * @param cow where the rest of the object comes from; zeros if empty
     */
    record CreateObject(Header header, ObjectId oid, Optional<ObjectId> cow, int offset, Payload data, int copies)
            implements Request {}

    /** Removes an object. */
    record RemoveObject(Header header, ObjectId oid) implements Request {}

    /** Forgets a data object of a working VDI, slot and all. */
    record DiscardObject(Header header, ObjectId oid) implements Request {}

    /**
     * Makes a VDI, a clone or a snapshot; answered with {@link Response.VdiInfo}.
     *
     * @param sizeBytes      unsigned, as it came
     * @param base           what it starts as a copy of; {@link Vid#NONE} for an empty one
     * @param copies         0 for the cluster's default
     * @param snapshot       {@code base} becomes a snapshot, and the new VDI takes its place
     * @param copyPolicy     0 for replication; others come from later clients
     * @param blockSizeShift object size as a power of two, 0 if the client does not know of it
     * @param storePolicy    0 for the flat index; others come from later clients
     */
    record NewVdi(
            Header header,
            VdiName name,
            long sizeBytes,
            Vid base,
            int copies,
            boolean snapshot,
            int copyPolicy,
            int blockSizeShift,
            int storePolicy)
            implements Request {}

    /**
     * Looks a VDI up to use it; answered with {@link Response.VdiInfo}.
     *
     * @param tag      empty for none
     * @param snapId   0 for none
     * @param lockType 0 exclusive, 1 shared, by later clients
     */
    record LockVdi(Header header, VdiName name, VdiName tag, int snapId, int lockType) implements Request {}

    /** Looks a VDI up; answered with {@link Response.VdiInfo}. */
    record GetVdiInfo(Header header, VdiName name, VdiName tag, int snapId) implements Request {}

    /** Ends the use of a VDI. */
    record ReleaseVdi(Header header, Vid vid) implements Request {}

    /** Asks for the bitmap of vids in use; answered with {@link Response.Data}. */
    record ReadVdis(Header header, int lengthMax) implements Request {}

    /** Pushes what a cache holds of the VDI that {@code oid} belongs to. */
    record FlushVdi(Header header, ObjectId oid) implements Request {}

    /** Deletes a VDI or one of its snapshots. */
    record DeleteVdi(Header header, VdiName name, VdiName tag, int snapId) implements Request {}

    /** Asks what a new VDI gets that names nothing itself; answered with {@link Response.ClusterDefault}. */
    record GetClusterDefault(Header header) implements Request {}

    /** Asks for the nodes; answered with {@link Response.NodeStat}. */
    record GetNodeList(Header header, int lengthMax) implements Request {}

    /**
     * Formats the cluster. The mode is in the header's flags, which are stored as they came.
     *
     * @param ctime     seconds in the high half, nanoseconds in the low; identifies the cluster from now on
     * @param storeName one char per byte, at most 15
     */
    record MakeFs(Header header, int copies, long ctime, String storeName) implements Request {}

    /** Ends every sheep of the cluster. */
    record Shutdown(Header header) implements Request {}

    /** Asks for this node's space; answered with {@link Response.NodeStat}. */
    record StatSheep(Header header) implements Request {}

    /**
     * Asks for the epochs, newest first; the result tells the cluster's status. Answered with {@link Response.Data}.
     */
    record StatCluster(Header header, int lengthMax) implements Request {}

    /**
     * Finds, makes or deletes an attribute, by the header's flags; answered with {@link Response.VdiInfo}.
     *
     * @param data an attribute object, {@link ObjectId#ATTR_BYTES} bytes
     */
    record GetVdiAttr(Header header, int snapId, Payload data) implements Request {}

    /** Starts a cluster without those who are missing; answered with {@link Response.Data}, its nodes. */
    record ForceRecover(Header header, int lengthMax) implements Request {}

    /** Asks for the names of the stores; answered with {@link Response.Data}. */
    record GetStoreList(Header header, int lengthMax) implements Request {}

    /** What this sheep waits for, and which stores of the newest epoch are not there: lines of text. */
    record GetWaiting(Header header, int lengthMax) implements Request {}

    /**
     * Has this sheep's store hand over what it holds, or no longer; answered with {@link Response.Data}: why it is refused,
     * as a line for the operator, or how far it has come.
     */
    record DrainNode(Header header, How how, int lengthMax) implements Request {
        /** What is asked for. Their order is on the wire. */
        public enum How {
            /** Hand everything over, if the others can have as many copies of it as there are now. */
            DRAIN,
            /** Hand everything over, if the others can hold it at all. */
            DRAIN_WITH_FEWER_COPIES,
            /** Take objects again. */
            CANCEL,
            /**
             * Say when all is handed over: SUCCESS then; AGAIN after a moment if it is not, with how many of how many stores
             * have all that they should, two numbers, and {@code disabled} if recovery is; NO_TAG if nothing is being handed over.
             */
            AWAIT
        }
    }

    /** How far this sheep's recovery is: lines of text. */
    record GetProgress(Header header, int lengthMax) implements Request {}

    /**
     * Declares objects lost whose newest copies are all absent; answered with {@link Response.Data}, a {@link LostObject}
     * for each.
     *
     * @param lookOnly whether it is only said how it is with them, and nothing is declared
     * @param oids     1 to {@link #COUNT_MAX}
     */
    record LostObjects(Header header, boolean lookOnly, List<ObjectId> oids) implements Request {
        /** Objects in one request. */
        public static final int COUNT_MAX = 512;

        public LostObjects {
            oids = List.copyOf(oids);
        }
    }

    /**
     * Asks for the VDIs and snapshots behind one in the order of their ids, as the cluster knows them, be their inodes
     * there or not; answered with {@link Response.Data}, a line for each, as many as there is room for: id, snapshot id
     * (0 of a working VDI), name and tag, all in hexadecimal digits, the last two of their bytes; a tag that is empty is
     * {@code -}.
     *
     * @param after {@link Vid#NONE} for the first ones
     */
    record ListVdis(Header header, Vid after, int lengthMax) implements Request {}

    /** Asks how much this node recovers at once; answered with {@link Response.Data}, a {@link RecoveryLimit}. */
    record GetRecovery(Header header, int lengthMax) implements Request {}

    /** Says how much this node may recover at once; as {@link RecoveryLimit} has it. */
    record SetRecovery(Header header, int max, long intervalMillis) implements Request {}

    /** Takes a snapshot of the whole cluster. */
    record Snapshot(Header header) implements Request {}

    /** Goes back to a snapshot of the whole cluster. */
    record Restore(Header header, int number) implements Request {}

    /** Asks for the log of cluster snapshots; answered with {@link Response.Data}. */
    record GetSnapFile(Header header, int lengthMax) implements Request {}

    /** Deletes what recovery keeps of earlier epochs. */
    record Cleanup(Header header) implements Request {}

    /** Asks whether this node is recovering: NODE_IN_RECOVERY if so. */
    record StatRecovery(Header header) implements Request {}

    /** Pushes, then drops what this node's cache holds of a VDI. */
    record FlushDelCache(Header header, ObjectId oid) implements Request {}

    /** Ends this sheep. */
    record KillNode(Header header) implements Request {}

    /** Asks for the ids of this node's objects; answered with {@link Response.Data}, u64 each. */
    record GetObjList(Header header, Epoch targetEpoch, int lengthMax) implements Request {}

    /** Asks for the nodes of an epoch and its time; answered with {@link Response.Data}. */
    record GetEpoch(Header header, Epoch targetEpoch, int lengthMax) implements Request {}

    /** As {@link CreateObject}, on this node only. */
    record CreatePeer(Header header, ObjectId oid, Optional<ObjectId> cow, int offset, Payload data, int copies)
            implements Request {}

    /** As {@link ReadObject}, from this node only. */
    record ReadPeer(Header header, ObjectId oid, int offset, int length, int copies, Epoch targetEpoch)
            implements Request {}

    /** As {@link WriteObject}, on this node only. */
    record WritePeer(Header header, ObjectId oid, int offset, Payload data, int copies) implements Request {}

    /** As {@link RemoveObject}, on this node only. */
    record RemovePeer(Header header, ObjectId oid) implements Request {}

    /** Changes the size of this node's cache; unsigned. */
    record SetCacheSize(Header header, int megabytes) implements Request {}

    /** Lets the cluster recover by itself. */
    record EnableRecover(Header header) implements Request {}

    /** Keeps the cluster from recovering by itself. */
    record DisableRecover(Header header) implements Request {}

    /** Drops what any cache holds of a VDI, unpushed data too. */
    record DeleteCache(Header header, ObjectId oid) implements Request {}

    /** Asks for this node's disks; answered with {@link Response.Data}. */
    record MdInfo(Header header, int lengthMax) implements Request {}

    /**
     * Adds disks to this node.
     *
     * @param paths separated by commas, one char per byte
     */
    record MdPlug(Header header, String paths) implements Request {}

    /**
     * Takes disks from this node.
     *
     * @param paths separated by commas, one char per byte
     */
    record MdUnplug(Header header, String paths) implements Request {}

    /**
     * An opcode without a number of ours, or one that nobody serves: answered INVALID_PARMS on a healthy connection.
     */
    record Unknown(Header header) implements Request {}
}
