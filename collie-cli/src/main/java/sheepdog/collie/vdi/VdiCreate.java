package sheepdog.collie.vdi;

import java.nio.ByteBuffer;
import java.util.Optional;
import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.cli.Names;
import sheepdog.collie.cli.Sizes;
import sheepdog.collie.command.Handler;
import sheepdog.collie.command.Invocation;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.vdi.Slots;
import sheepdog.protocol.wire.Flags;

/** {@code vdi create}: makes a disk, with {@code -P} all its objects too. */
final class VdiCreate implements Handler {
    @Override
    public ExitCode run(Invocation call) {
        String name = call.arguments().getFirst();
        String sizeText =
                call.argument(1).orElseThrow(() -> new CommandException(ExitCode.USAGE, "Please specify the VDI size"));
        long size = Sizes.parse(sizeText);
        if (size > Slots.VDI_BYTES_MAX) {
            throw new CommandException(ExitCode.USAGE, "VDI size is too large");
        }
        int copies = call.option("copies");
        int nodes = call.cluster().nodes().size();
        if (copies > nodes) {
            throw new CommandException(
                    ExitCode.USAGE, "There are not enough nodes(" + nodes + ") to hold the copies(" + copies + ")");
        }
        Names.checkedVdi(name);
        var access = new VdiAccess(call.cluster());
        Vid vid = access.create(name, Sizes.roundUpToSector(size), Vid.NONE, false, copies);
        if (call.<Boolean>option("prealloc")) {
            allocate(call, access, vid);
        }
        return ExitCode.SUCCESS;
    }

    private static void allocate(Invocation call, VdiAccess access, Vid vid) {
        var inode = access.headerOf(vid)
                .orElseThrow(() -> new CommandException(ExitCode.FAILURE, "Failed to read a newly created VDI object"));
        for (int index = 0; index < inode.objectCount(); index++) {
            var nothing = ByteBuffer.allocate(0);
            access.require(call.cluster()
                    .create(ObjectId.ofData(vid, index), Optional.empty(), 0, nothing, inode.copies(), Flags.DIRECT));
            access.require(access.writeSlot(vid, index, inode.copies(), Flags.DIRECT));
        }
    }
}
