package sheepdog.collie.client;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Predicate;
import sheepdog.collie.cli.Console;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.wire.Flags;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.Protocol;
import sheepdog.protocol.wire.Request;

/**
 * Walks over all VDIs and snapshots there are, by ascending id. Inodes that cannot be read are complained about and
 * left out, deleted ones just left out.
 */
public final class InodeScan {
    private final Cluster cluster;
    private final Console console;
    private final ByteBuffer inode = ByteBuffer.allocate(ObjectId.INODE_BYTES).order(ByteOrder.LITTLE_ENDIAN);

    private InodeScan(Cluster cluster, Console console) {
        this.cluster = cluster;
        this.console = console;
    }

    public static InodeScan of(Cluster cluster, Console console) {
        return new InodeScan(cluster, console);
    }

    /** Calls {@code each} for every VDI; status 2 if the list of ids is not to be had. */
    public void headers(Consumer<VdiInode> each) {
        scan((oid, header) -> each.accept(header));
    }

    /**
     * Calls {@code each} for every VDI that is wanted with its index, as far as its size goes: slot i is the int at
     * 4 * i, little endian.
     */
    public void indexes(Predicate<VdiInode> wanted, BiConsumer<VdiInode, ByteBuffer> each) {
        scan((oid, header) -> {
            if (!wanted.test(header)) {
                return;
            }
            ByteBuffer index =
                    inode.slice(VdiInode.HEADER_BYTES, header.indexBytes()).order(ByteOrder.LITTLE_ENDIAN);
            if (index.hasRemaining() && !read(oid, VdiInode.HEADER_BYTES, index)) {
                console.error("Failed to read inode");
                return;
            }
            each.accept(header, index);
        });
    }

    private void scan(BiConsumer<ObjectId, VdiInode> each) {
        var request = new Request.ReadVdis(cluster.header(Opcode.READ_VDIS, 0), Protocol.VDI_BITMAP_BYTES);
        Payload bitmap = cluster.ask(request).response().data();
        ByteBuffer bits = bitmap.bytes();
        for (int at = 0; at < bits.limit(); at++) {
            for (int rest = bits.get(at) & 0xff; rest != 0; rest &= rest - 1) {
                var vid = new Vid(at * 8 + Integer.numberOfTrailingZeros(rest));
                visit(ObjectId.ofInode(vid), each);
            }
        }
    }

    private void visit(ObjectId oid, BiConsumer<ObjectId, VdiInode> each) {
        ByteBuffer bytes = inode.slice(0, VdiInode.HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        if (!read(oid, 0, bytes)) {
            console.error("Failed to read inode header");
            return;
        }
        var header = VdiInode.read(bytes);
        if (!header.name().isEmpty()) {
            each.accept(oid, header);
        }
    }

    private boolean read(ObjectId oid, int offset, ByteBuffer into) {
        ObjectAnswer answer = cluster.read(oid, offset, into, Flags.DIRECT);
        cluster.complain(answer);
        return answer.isSuccess();
    }
}
