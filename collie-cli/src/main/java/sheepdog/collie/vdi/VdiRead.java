package sheepdog.collie.vdi;

import java.nio.ByteBuffer;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.cli.Names;
import sheepdog.collie.client.ObjectAnswer;
import sheepdog.collie.command.Handler;
import sheepdog.collie.command.Invocation;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Vid;

/** {@code vdi read}: streams a disk, object by object, to stdout; what is not allocated is zeros. */
final class VdiRead implements Handler {
    @Override
    public ExitCode run(Invocation call) {
        Range wanted = Range.parse(call, "Read");
        String name = Names.checkedVdi(call.arguments().getFirst());
        var access = new VdiAccess(call.cluster());
        var opened = access.open(name, call.option("snapshot"));
        ByteBuffer zeros = ByteBuffer.allocateDirect(ObjectId.DATA_BYTES);
        ByteBuffer data = ByteBuffer.allocateDirect(ObjectId.DATA_BYTES);
        Range rest = wanted.within(opened.inode().sizeBytes(), "Read");
        while (rest.length() > 0) {
            int piece = rest.firstPiece();
            Vid owner = opened.slot(rest.index());
            if (owner.equals(Vid.NONE)) {
                call.console().write(zeros.clear().limit(piece));
            } else {
                ObjectAnswer answer = call.cluster()
                        .read(
                                ObjectId.ofData(owner, rest.index()),
                                rest.offsetInObject(),
                                data.clear().limit(piece),
                                0);
                access.require(answer, "Failed to read VDI");
                call.console().write(data);
            }
            rest = rest.after(piece);
        }
        return ExitCode.SUCCESS;
    }
}
