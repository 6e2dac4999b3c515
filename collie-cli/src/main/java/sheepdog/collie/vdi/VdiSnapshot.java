package sheepdog.collie.vdi;

import java.nio.ByteBuffer;
import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.cli.Names;
import sheepdog.collie.cli.Sizes;
import sheepdog.collie.cli.SnapshotName;
import sheepdog.collie.command.Handler;
import sheepdog.collie.command.Invocation;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.VdiName;
import sheepdog.protocol.wire.Flags;
import sheepdog.protocol.wire.InodeHeader;

/**
 * {@code vdi snapshot}: writes the tag into the working VDI's inode, then asks for a new working VDI based on it, which
 * makes the old one the snapshot, tag and all.
 */
final class VdiSnapshot implements Handler {
    @Override
    public ExitCode run(Invocation call) {
        SnapshotName wanted = call.option("snapshot");
        if (wanted.id() != 0) {
            throw new CommandException(ExitCode.USAGE, "Please specify a non-integer value for a snapshot tag name");
        }
        String name = Names.checkedVdi(call.arguments().getFirst());
        var access = new VdiAccess(call.cluster());
        var inode = access.header(name, SnapshotName.CURRENT);
        ByteBuffer tag = ByteBuffer.allocate(VdiName.BYTES);
        new VdiName(wanted.tag()).put(tag, 0);
        access.require(call.cluster()
                .write(ObjectId.ofInode(inode.vid()), InodeHeader.TAG_OFFSET, tag, inode.copies(), Flags.DIRECT));
        access.create(name, Sizes.roundUpToSector(inode.sizeBytes()), inode.vid(), true, inode.copies());
        return ExitCode.SUCCESS;
    }
}
