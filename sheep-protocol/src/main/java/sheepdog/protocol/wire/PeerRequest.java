package sheepdog.protocol.wire;

import java.util.Optional;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.Vid;

/**
 * What one sheep asks of another: our own family of opcodes from 0xE0, version 7 in the header's first byte. The first
 * request on a connection is {@link Hello}; the epoch a request was admitted under travels in its header.
 *
 * <p>Offsets below count from the header's first byte. All that is not named is zero. Mutations carry the owner
 * generation under which they were admitted and their number within it (rules R6 and R7): {@code sequence} grows from
 * 1, and {@code completed}, always smaller, says that all mutations up to it are on every replica. On the wire it is
 * the distance to {@code sequence}; distances past 2^32-2 are sent as "nothing completed".
 *
 * <pre>
 *  mutation: 16 oid u64 | 24 generation u64 | 32 sequence u64 | 40 offset u32 | 44 sequence - completed u32
 * </pre>
 */
public sealed interface PeerRequest extends Request {
    /**
     * Opens a connection: who is asking, and from which cluster.
     *
     * <pre>
     *  16 version u32 | 24 cluster ctime u64 | 32 store id u64 | 40 incarnation u64
     *  payload: address[16] | port u16 | length of authentication u16 | authentication
     * </pre>
     *
     * @param version        {@link Protocol#SHEEP_VERSION}
     * @param clusterCtime   0 before a format
     * @param authentication empty now; room for a proof of membership, at most
     *                       {@link Protocol#AUTHENTICATION_BYTES_MAX} bytes
     */
    record Hello(
            Header header,
            int version,
            long clusterCtime,
            long storeId,
            long incarnation,
            NodeId from,
            byte[] authentication)
            implements PeerRequest {
        public Hello {
            Invariant.check(
                    authentication.length <= Protocol.AUTHENTICATION_BYTES_MAX, "proof of %d B", authentication.length);
            authentication = authentication.clone();
        }

        @Override
        public byte[] authentication() {
            return authentication.clone();
        }
    }

    /** Asks for an empty answer. */
    record Ping(Header header) implements PeerRequest {}

    /**
     * Reads from the replica that the receiver holds; answered with {@link Response.ObjectData}.
     *
     * <pre>
     *  16 oid u64 | 24 generation u64 | 40 offset u32 | data_length = length
     * </pre>
     */
    record ReadReplica(Header header, ObjectId oid, int offset, int length, long generation) implements PeerRequest {}

    /** Writes into an object that exists; layout "mutation", data as payload. */
    record WriteReplica(
            Header header, ObjectId oid, int offset, Payload data, long generation, long sequence, long completed)
            implements PeerRequest {
        public WriteReplica {
            checkCompleted(sequence, completed);
        }
    }

    /**
     * Makes an object of full size that is zero outside of {@code data}, or merges {@code data} into one that exists;
     * layout "mutation", data as payload.
     */
    record CreateReplica(
            Header header, ObjectId oid, int offset, Payload data, long generation, long sequence, long completed)
            implements PeerRequest {
        public CreateReplica {
            checkCompleted(sequence, completed);
        }
    }

    /** Removes an object; layout "mutation" with offset 0. */
    record RemoveReplica(Header header, ObjectId oid, long generation, long sequence, long completed)
            implements PeerRequest {
        public RemoveReplica {
            checkCompleted(sequence, completed);
        }
    }

    /** Makes a range read as zeros and gives its space back; layout "mutation", data_length = length, no payload. */
    record DiscardReplica(
            Header header, ObjectId oid, int offset, int length, long generation, long sequence, long completed)
            implements PeerRequest {
        public DiscardReplica {
            checkCompleted(sequence, completed);
        }
    }

    /**
     * Says that all mutations of an owner generation up to {@code through} are on every replica.
     *
     * <pre>
     *  16 vid u32 | 24 generation u64 | 32 through u64
     * </pre>
     */
    record CompletedWrites(Header header, Vid vid, long generation, long through) implements PeerRequest {}

    /**
     * Asks which objects of a VDI the receiver has in-flight marks for; answered with {@link Response.ObjectIds}.
     *
     * <pre>
     *  16 vid u32 | 24 generation u64 | data_length = room for the answer
     * </pre>
     *
     * @param generation of the owner that asks: mutations by earlier ones are refused before the answer is given
     */
    record InFlightObjects(Header header, Vid vid, long generation) implements PeerRequest {}

    /**
     * Says that the copies of an object were made equal, so that its mark may go.
     *
     * <pre>
     *  16 oid u64 | 24 generation u64
     * </pre>
     *
     * @param generation of the owner that made them equal: an earlier one's word says nothing about later writes
     */
    record SettleObject(Header header, ObjectId oid, long generation) implements PeerRequest {}

    /**
     * Asks what the receiver has of an object, whether it can be sure of it or not; answered with
     * {@link Response.ObjectState}.
     *
     * <pre>
     *  16 oid u64
     * </pre>
     */
    record StatObject(Header header, ObjectId oid) implements PeerRequest {}

    /**
     * Recovery's read of a whole object, as it is at the receiver; answered with {@link Response.ObjectCopy}.
     *
     * <pre>
     *  16 oid u64
     *  payload: digests, see {@link ObjectChanges}
     * </pre>
     *
     * @param data digests of the old content that the sender has; empty if it has none
     */
    record FetchObject(Header header, ObjectId oid, Payload data) implements PeerRequest {}

    /**
     * Asks for the objects that the receiver holds, in unsigned order of their ids; answered with
     * {@link Response.ObjectVersions}.
     *
     * <pre>
     *  16 after u64 | 24 whether there is an after u32 | 28 count u32 | 32 store u64 | data_length = 16 * count
     * </pre>
     *
     * @param after    exclusive; from the first object if empty
     * @param countMax 1 to {@link Protocol#LIST_COUNT_MAX}
     * @param forStore only what this store may have to hold in the request's epoch, and perhaps some more; 0 for everything
     */
    record ListObjects(Header header, Optional<ObjectId> after, int countMax, long forStore) implements PeerRequest {
        public ListObjects {
            Invariant.check(0 < countMax && countMax <= Protocol.LIST_COUNT_MAX, "list of %d", countMax);
        }

        /** For everything. */
        public ListObjects(Header header, Optional<ObjectId> after, int countMax) {
            this(header, after, countMax, 0);
        }
    }

    /**
     * Asks a gateway to finish what it writes to a VDI and to give up writing it.
     *
     * <pre>
     *  16 vid u32 | 24 generation u64
     * </pre>
     *
     * @param generation the one to give up; a newer one is not touched
     */
    record YieldOwner(Header header, Vid vid, long generation) implements PeerRequest {}

    private static void checkCompleted(long sequence, long completed) {
        Invariant.check(0 <= completed && completed < sequence, "completed %d of %d", completed, sequence);
    }
}
