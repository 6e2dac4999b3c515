package sheepdog.collie.vdi;

import java.nio.ByteBuffer;
import java.util.Optional;
import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.cli.Names;
import sheepdog.collie.cli.Sizes;
import sheepdog.collie.cli.SnapshotName;
import sheepdog.collie.command.Handler;
import sheepdog.collie.command.Invocation;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.wire.Flags;

/**
 * {@code vdi clone}: makes a disk that starts as a snapshot. Copies are the cluster's default unless given, not the
 * snapshot's. With {@code -P} all its objects are made, those that hold nothing too.
 */
final class VdiClone implements Handler {
    @Override
    public ExitCode run(Invocation call) {
        String source = call.arguments().getFirst();
        String target = call.argument(1)
                .orElseThrow(() -> new CommandException(ExitCode.USAGE, "Destination VDI name must be specified"));
        SnapshotName snapshot = call.option("snapshot");
        if (!snapshot.isGiven()) {
            throw new CommandException(
                    ExitCode.USAGE, "Only snapshot VDIs can be cloned", "Please specify the '-s' option");
        }
        Names.checkedVdi(source);
        Names.checkedVdi(target);
        var access = new VdiAccess(call.cluster());
        var opened = access.open(source, snapshot);
        var inode = opened.inode();
        Vid vid = access.create(
                target, Sizes.roundUpToSector(inode.sizeBytes()), inode.vid(), false, call.option("copies"));
        if (call.<Boolean>option("prealloc")) {
            copy(call, access, opened, vid);
        }
        return ExitCode.SUCCESS;
    }

    private static void copy(Invocation call, VdiAccess access, VdiAccess.Opened source, Vid vid) {
        var clone = access.headerOf(vid)
                .orElseThrow(() -> new CommandException(ExitCode.FAILURE, "Failed to read a newly created VDI object"));
        ByteBuffer data = ByteBuffer.allocateDirect(ObjectId.DATA_BYTES);
        for (int index = 0; index < source.inode().objectCount(); index++) {
            Vid owner = source.slot(index);
            data.clear();
            if (owner.equals(Vid.NONE)) {
                data.limit(0);
            } else {
                access.require(call.cluster().read(ObjectId.ofData(owner, index), 0, data, Flags.DIRECT));
            }
            access.require(call.cluster()
                    .create(ObjectId.ofData(vid, index), Optional.empty(), 0, data, clone.copies(), Flags.DIRECT));
            access.require(access.writeSlot(vid, index, clone.copies(), Flags.DIRECT));
        }
    }
}
