package sheepdog.protocol.wire;

import java.util.List;
import java.util.Optional;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;

/**
 * What a request is answered with, without epoch, opcode and id: those are stamped when it is encoded.
 *
 * <p>Every answer has its result at offset 16 of the header; the layouts below name what follows it.
 */
public sealed interface Response {
    ResultCode result();

    /** The payload this response holds, owned by it. */
    default Payload data() {
        return Payload.EMPTY;
    }

    /** Releases {@link #data}. To be called once, when it has been written or will not be. */
    default void release() {
        data().release();
    }

    /** A response that is nothing but a result. */
    static Response of(ResultCode result) {
        return new Plain(result);
    }

    static Response success() {
        return new Plain(ResultCode.SUCCESS);
    }

    /** Nothing but a result. */
    record Plain(ResultCode result) implements Response {}

    /** A result and bytes that belong to the operation; errors may have some too (STAT_CLUSTER). */
    record Data(ResultCode result, Payload data) implements Response {}

    /**
     * Bytes of an object that was read.
     *
     * <pre>
     *  20 copies u32 | 24 offset u64
     * </pre>
     *
     * @param copies replicas the object has
     * @param offset where {@code data} belongs, from the start of the range that was asked for; what is before and
     *               behind it is zero. Clients of versions below 2 must be given the whole range, and 0
     */
    record ObjectData(ResultCode result, int copies, int offset, Payload data) implements Response {
        public ObjectData {
            Invariant.check(result == ResultCode.SUCCESS || data.length() == 0, "data with %s", result);
            Invariant.check(offset >= 0, "offset %d", offset);
        }
    }

    /**
     * A VDI that was made or found.
     *
     * <pre>
     *  24 vid u32 | 28 attribute id u32 | 32 copies u8 | 33 block size shift u8
     * </pre>
     *
     * @param blockSizeShift 0 as early servers have it, or 22
     */
    record VdiInfo(ResultCode result, Vid vid, int attrId, int copies, int blockSizeShift) implements Response {}

    /**
     * Nodes, or a node's space.
     *
     * <pre>
     *  20 nodes u32 | 24 local index u32 | 28 master index u32 | 32 store size u64 | 40 store free u64
     * </pre>
     *
     * @param masterIndex all ones, as collie expects it
     * @param data        nodes one after the other, see {@link NodeCodec}
     */
    record NodeStat(
            ResultCode result,
            int nodeCount,
            int localIndex,
            int masterIndex,
            long storeSize,
            long storeFree,
            Payload data)
            implements Response {}

    /**
     * What a new VDI gets that names nothing itself.
     *
     * <pre>
     *  20 copies u8 | 21 copy policy u8 | 22 block size shift u8
     * </pre>
     */
    record ClusterDefault(ResultCode result, int copies, int copyPolicy, int blockSizeShift) implements Response {}

    /**
     * The answer to {@link PeerRequest.Hello}: who is there. Comes with VER_MISMATCH or INVALID_CTIME too.
     *
     * <pre>
     *  20 version u32 | 24 cluster ctime u64 | 32 store id u64 | 40 incarnation u64
     *  payload: address[16] | port u16
     * </pre>
     */
    record HelloReply(ResultCode result, int version, long clusterCtime, long storeId, long incarnation, NodeId from)
            implements Response {}

    /** Ids of objects: payload u64 each. */
    record ObjectIds(ResultCode result, List<ObjectId> oids) implements Response {
        public ObjectIds {
            oids = List.copyOf(oids);
        }
    }

    /**
     * What a store has of an object (R4).
     *
     * <pre>
     *  20 kind u8: 0 NOTHING, 1 COPY, 2 REMOVED | 21 marked u8 | 24 epoch u32 | 28 forgotten u32 | 32 mutated u32
     * </pre>
     *
     * @param epoch  of the newest mutation, or of the recovery if that is later; without meaning with NOTHING
     * @param marked whether the copy, or the absence, has an in-flight mark
     * @param forgotten removals of epochs up to this one are not remembered there: NOTHING may stand for one
     * @param mutated   the epoch since which nobody changed the bytes of the copy; without meaning if it is none
     */
    record ObjectState(ResultCode result, Kind kind, Epoch epoch, boolean marked, Epoch forgotten, Epoch mutated)
            implements Response {
        /** The order is the wire's. */
        public enum Kind {
            /** No copy, and nothing is known of a removal. */
            NOTHING,
            COPY,
            /** No copy: the object was removed. */
            REMOVED;

            private static final Kind[] ALL = values();

            static Optional<Kind> of(int code) {
                return code < ALL.length ? Optional.of(ALL[code]) : Optional.empty();
            }
        }
    }

    /**
     * A whole object, for recovery.
     *
     * <pre>
     *  20 marked u8 | 24 mutated u32
     * </pre>
     *
     * @param marked  whether it has an in-flight mark there
     * @param mutated the epoch since which nobody changed its bytes
     * @param data    what makes it of the content that the request told of, see {@link ObjectChanges}
     */
    record ObjectCopy(ResultCode result, boolean marked, Epoch mutated, Payload data) implements Response {}

    /** Objects with the epoch of their newest mutation: payload oid u64, epoch u32, 4 bytes of zeros each. */
    record ObjectVersions(ResultCode result, List<Version> objects) implements Response {
        public ObjectVersions {
            objects = List.copyOf(objects);
        }

        /** One object of a list. */
        public record Version(ObjectId oid, Epoch epoch) {}
    }
}
