package sheepdog.sheep.gateway;

import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.wire.Flags;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.PeerRequest;

/**
 * A change of one object, as the gateway wants it. It holds its payload until the mutation is answered; whoever starts
 * it releases it afterwards.
 */
public sealed interface Mutation {
    ObjectId oid();

    /** First byte that may change. */
    default int from() {
        return 0;
    }

    /** Byte after the last one that may change. */
    default int to() {
        return oid().size();
    }

    /** The same as a request to a replica. */
    PeerRequest toReplica(Epoch epoch, long generation, long sequence, long completed);

    /** Into an object that exists. */
    record Write(ObjectId oid, int from, Payload data) implements Mutation {
        @Override
        public int to() {
            return from + data.length();
        }

        @Override
        public PeerRequest toReplica(Epoch epoch, long generation, long sequence, long completed) {
            return new PeerRequest.WriteReplica(
                    header(Opcode.WRITE_REPLICA, Flags.WRITE, epoch), oid, from, data, generation, sequence, completed);
        }
    }

    /** Of an object that is not there yet; locks the whole of it. */
    record Create(ObjectId oid, int offset, Payload data) implements Mutation {
        @Override
        public PeerRequest toReplica(Epoch epoch, long generation, long sequence, long completed) {
            return new PeerRequest.CreateReplica(
                    header(Opcode.CREATE_REPLICA, Flags.WRITE, epoch),
                    oid,
                    offset,
                    data,
                    generation,
                    sequence,
                    completed);
        }
    }

    /** Of an object; locks the whole of it. */
    record Remove(ObjectId oid) implements Mutation {
        @Override
        public PeerRequest toReplica(Epoch epoch, long generation, long sequence, long completed) {
            return new PeerRequest.RemoveReplica(
                    header(Opcode.REMOVE_REPLICA, 0, epoch), oid, generation, sequence, completed);
        }
    }

    private static Header header(Opcode opcode, int flags, Epoch epoch) {
        return Header.of(opcode, flags, epoch, 0);
    }
}
