package sheepdog.collie.cluster;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import sheepdog.collie.client.Cluster;
import sheepdog.collie.client.VdiInode;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.vdi.Slots;
import sheepdog.protocol.wire.Flags;

/** The data objects that a VDI refers to, its own and those it shares with its snapshots, by its index. */
final class VdiObjects {
    private VdiObjects() {}

    /** Empty if the inode cannot be read. */
    static Optional<List<ObjectId>> of(Cluster cluster, Vid vid) {
        var inode = ObjectId.ofInode(vid);
        ByteBuffer header = ByteBuffer.allocate(VdiInode.HEADER_BYTES);
        if (!cluster.read(inode, 0, header, Flags.DIRECT).isSuccess()) {
            return Optional.empty();
        }
        var slots = ByteBuffer.allocate(VdiInode.read(header).indexBytes()).order(ByteOrder.LITTLE_ENDIAN);
        if (slots.hasRemaining()
                && !cluster.read(inode, VdiInode.HEADER_BYTES, slots, Flags.DIRECT)
                        .isSuccess()) {
            return Optional.empty();
        }
        var oids = new ArrayList<ObjectId>();
        for (int i = 0; i < slots.limit() / Slots.SLOT_BYTES; i++) {
            Vid owner = VdiInode.vidOf(slots.getInt(i * Slots.SLOT_BYTES));
            if (!owner.equals(Vid.NONE)) {
                oids.add(ObjectId.ofData(owner, i));
            }
        }
        return Optional.of(oids);
    }
}
