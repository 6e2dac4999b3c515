package sheepdog.collie.vdi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.cli.SnapshotName;
import sheepdog.collie.client.Cluster;
import sheepdog.collie.client.ObjectAnswer;
import sheepdog.collie.client.Reply;
import sheepdog.collie.client.VdiInode;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.VdiName;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.vdi.Slots;
import sheepdog.protocol.wire.Flags;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;

/** Looking VDIs up, making them, and reading their inodes, with the complaints that all commands share. */
final class VdiAccess {
    private final Cluster cluster;

    VdiAccess(Cluster cluster) {
        this.cluster = cluster;
    }

    /**
     * A VDI with its index.
     *
     * @param slots vids that own the data objects, 0 for none; as far as the disk's size goes, little endian
     */
    record Opened(VdiInode inode, ByteBuffer slots) {
        /** The vid in slot {@code index}; {@link Vid#NONE} for an object that is not allocated. */
        Vid slot(int index) {
            return VdiInode.vidOf(slots.getInt(index * Slots.SLOT_BYTES));
        }
    }

    /** The id of a VDI or snapshot; without one the command ends with status 1. */
    Vid find(String name, SnapshotName snapshot) {
        var request = new Request.GetVdiInfo(
                cluster.header(Opcode.GET_VDI_INFO, 0), new VdiName(name), new VdiName(snapshot.tag()), snapshot.id());
        return find(name, snapshot, request);
    }

    /** As {@link #find(String, SnapshotName)}, with the request of a client that is going to use the VDI. */
    Vid lock(String name, SnapshotName snapshot) {
        var request = new Request.LockVdi(
                cluster.header(Opcode.LOCK_VDI, 0), new VdiName(name), new VdiName(snapshot.tag()), snapshot.id(), 0);
        return find(name, snapshot, request);
    }

    /** Looks a VDI up and reads its header; status 1 if that fails. */
    VdiInode header(String name, SnapshotName snapshot) {
        return header(name, snapshot, find(name, snapshot));
    }

    /** Looks a VDI up and reads its inode; status 1 if that fails. */
    Opened open(String name, SnapshotName snapshot) {
        var header = header(name, snapshot);
        if (Long.compareUnsigned(header.sizeBytes(), Slots.VDI_BYTES_MAX) > 0) {
            throw new CommandException(
                    ExitCode.FAILURE,
                    "VDI " + name + " is larger than its index: " + Long.toUnsignedString(header.sizeBytes())
                            + " bytes");
        }
        ByteBuffer slots = ByteBuffer.allocate(header.indexBytes()).order(ByteOrder.LITTLE_ENDIAN);
        if (slots.hasRemaining()) {
            ObjectAnswer answer =
                    cluster.read(ObjectId.ofInode(header.vid()), VdiInode.HEADER_BYTES, slots, Flags.DIRECT);
            if (!answer.isSuccess()) {
                cluster.complain(answer);
                throw unread(name, snapshot);
            }
        }
        return new Opened(header, slots);
    }

    /**
     * Makes a VDI; status 1 if that is refused.
     *
     * @param sizeBytes rounded up to whole sectors on the way
     * @param base      what it starts as a copy of
     * @param snapshot  {@code base} becomes a snapshot, and the new VDI takes its place
     */
    Vid create(String name, long sizeBytes, Vid base, boolean snapshot, int copies) {
        var request = new Request.NewVdi(
                cluster.header(Opcode.NEW_VDI, 0), new VdiName(name), sizeBytes, base, copies, snapshot, 0, 0, 0);
        Reply reply = cluster.ask(request);
        if (reply.response() instanceof Response.VdiInfo made) {
            return made.vid();
        }
        throw new CommandException(ExitCode.FAILURE, "Failed to create VDI " + name + ": " + reply.resultText());
    }

    /** Enters {@code vid} into its slot for a data object it now has. */
    ObjectAnswer writeSlot(Vid vid, int index, int copies, int flags) {
        ByteBuffer slot = ByteBuffer.allocate(Slots.SLOT_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0, vid.value());
        return cluster.write(ObjectId.ofInode(vid), Slots.offset(index), slot, copies, flags);
    }

    /** Ends the command with status 1, after the answer's own lines, unless it is a success. */
    void require(ObjectAnswer answer, String... complaint) {
        if (!answer.isSuccess()) {
            cluster.complain(answer);
            throw new CommandException(ExitCode.FAILURE, complaint);
        }
    }

    /** The header of a VDI just made; empty if it cannot be read, after the complaint about that. */
    Optional<VdiInode> headerOf(Vid vid) {
        ByteBuffer bytes = ByteBuffer.allocate(VdiInode.HEADER_BYTES);
        ObjectAnswer answer = cluster.read(ObjectId.ofInode(vid), 0, bytes, Flags.DIRECT);
        cluster.complain(answer);
        return answer.isSuccess() ? Optional.of(VdiInode.read(bytes)) : Optional.empty();
    }

    private VdiInode header(String name, SnapshotName snapshot, Vid vid) {
        return headerOf(vid).orElseThrow(() -> unread(name, snapshot));
    }

    private Vid find(String name, SnapshotName snapshot, Request request) {
        Reply reply;
        try {
            reply = cluster.ask(request);
        } catch (CommandException unreachable) {
            String[] lines =
                    unreachable.lines().toArray(new String[unreachable.lines().size() + 1]);
            lines[lines.length - 1] = "Failed to open VDI " + name;
            throw new CommandException(ExitCode.FAILURE, lines);
        }
        if (reply.response() instanceof Response.VdiInfo found) {
            return found.vid();
        }
        throw new CommandException(
                ExitCode.FAILURE,
                "Cannot get VDI info for " + name + " " + Integer.toUnsignedString(snapshot.id()) + " " + snapshot.tag()
                        + ": " + reply.resultText(),
                "Failed to open VDI " + name);
    }

    private static CommandException unread(String name, SnapshotName snapshot) {
        if (!snapshot.isGiven()) {
            return new CommandException(ExitCode.FAILURE, "Failed to read a vdi " + name);
        }
        String which = snapshot.id() != 0 ? Integer.toUnsignedString(snapshot.id()) : snapshot.tag();
        return new CommandException(ExitCode.FAILURE, "Failed to read a snapshot " + name + ":" + which);
    }
}
