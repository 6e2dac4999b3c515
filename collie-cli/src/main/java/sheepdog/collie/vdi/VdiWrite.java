package sheepdog.collie.vdi;

import java.nio.ByteBuffer;
import java.util.Optional;
import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.cli.Names;
import sheepdog.collie.cli.SnapshotName;
import sheepdog.collie.client.Cluster;
import sheepdog.collie.client.ObjectAnswer;
import sheepdog.collie.command.Handler;
import sheepdog.collie.command.Invocation;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.wire.Flags;

/**
 * {@code vdi write}: fills the working VDI from stdin, up to the length, the end of the disk or the end of input.
 *
 * <p>Data goes in chunks that end where an object or the range ends. If input ends inside a chunk, the rest of the
 * chunk is written as zeros, as the original does; if it ends before a chunk, nothing of that chunk is touched.
 *
 * <p>A sheep that answers READONLY says that the VDI became a snapshot meanwhile: the name is looked up again and the
 * chunk goes to the new working VDI. The index slot is written after the object, so that it never names one that is not
 * there.
 */
final class VdiWrite implements Handler {
    /** Snapshots that one chunk may be overtaken by before the write is given up. */
    private static final int TRIES_MAX = 16;

    @Override
    public ExitCode run(Invocation call) {
        Range wanted = Range.parse(call, "Write");
        String name = Names.checkedVdi(call.arguments().getFirst());
        int flags = call.<Boolean>option("writeback") ? Flags.CACHE : 0;
        var access = new VdiAccess(call.cluster());
        var target = new Target(call.cluster(), access, name, flags, access.open(name, SnapshotName.CURRENT));
        ByteBuffer chunk = ByteBuffer.allocateDirect(ObjectId.DATA_BYTES);
        Range rest = wanted.within(target.opened.inode().sizeBytes(), "Write");
        while (rest.length() > 0) {
            int piece = rest.firstPiece();
            call.console().read(chunk.clear().limit(piece));
            int given = chunk.position();
            if (given == 0) {
                break;
            }
            chunk.put(new byte[piece - given]).flip();
            target.write(rest.index(), rest.offsetInObject(), chunk);
            rest = given < piece ? new Range(rest.offset(), 0) : rest.after(piece);
        }
        return ExitCode.SUCCESS;
    }

    /** The VDI that is written to: what the name stood for when it was last looked up. */
    private static final class Target {
        private final Cluster cluster;
        private final VdiAccess access;
        private final String name;
        private final int flags;
        private VdiAccess.Opened opened;

        Target(Cluster cluster, VdiAccess access, String name, int flags, VdiAccess.Opened opened) {
            this.cluster = cluster;
            this.access = access;
            this.name = name;
            this.flags = flags;
            this.opened = opened;
        }

        void write(int index, int offset, ByteBuffer chunk) {
            ObjectAnswer answer = attempt(index, offset, chunk);
            for (int tries = 1; answer.is(ResultCode.READONLY) && tries < TRIES_MAX; tries++) {
                reopen(index);
                answer = attempt(index, offset, chunk);
            }
            access.require(answer, "Failed to write VDI");
        }

        private ObjectAnswer attempt(int index, int offset, ByteBuffer chunk) {
            Vid vid = opened.inode().vid();
            int copies = opened.inode().copies();
            Vid owner = opened.slot(index);
            var oid = ObjectId.ofData(vid, index);
            if (owner.equals(vid)) {
                return cluster.write(oid, offset, chunk, copies, flags);
            }
            Optional<ObjectId> inherited =
                    owner.equals(Vid.NONE) ? Optional.empty() : Optional.of(ObjectId.ofData(owner, index));
            ObjectAnswer made = cluster.create(oid, inherited, offset, chunk, copies, flags);
            if (!made.isSuccess()) {
                return made;
            }
            return access.writeSlot(vid, index, copies, flags);
        }

        private void reopen(int index) {
            opened = access.open(name, SnapshotName.CURRENT);
            if (index >= opened.inode().objectCount()) {
                throw new CommandException(ExitCode.FAILURE, "Failed to write VDI");
            }
        }
    }
}
