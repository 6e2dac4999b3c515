package sheepdog.collie.vdi;

import java.nio.ByteBuffer;
import java.util.function.Predicate;
import sheepdog.collie.cli.Columns;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.cli.Sizes;
import sheepdog.collie.client.InodeScan;
import sheepdog.collie.client.VdiInode;
import sheepdog.collie.command.Handler;
import sheepdog.collie.command.Invocation;
import sheepdog.protocol.model.ObjectId;

/** {@code vdi list}: all disks and snapshots by ascending id, or those of one name. */
final class VdiList implements Handler {
    @Override
    public ExitCode run(Invocation call) {
        boolean raw = call.option("raw");
        if (!raw) {
            call.console().line("  Name        Id    Size    Used  Shared    Creation time   VDI id  Copies  Tag");
        }
        Predicate<VdiInode> wanted =
                inode -> call.argument(0).map(name -> name.equals(inode.name())).orElse(true);
        InodeScan.of(call.cluster(), call.console())
                .indexes(wanted, (inode, index) -> call.console().line(row(call, inode, index)));
        return ExitCode.SUCCESS;
    }

    private static String row(Invocation call, VdiInode inode, ByteBuffer index) {
        boolean raw = call.option("raw");
        long own = 0;
        long inherited = 0;
        while (index.hasRemaining()) {
            int owner = index.getInt();
            own += owner == inode.vid().value() ? ObjectId.DATA_BYTES : 0;
            inherited += owner != 0 && owner != inode.vid().value() ? ObjectId.DATA_BYTES : 0;
        }
        String id = Integer.toUnsignedString(inode.isSnapshot() ? inode.snapId() : 0);
        String size = Sizes.text(inode.sizeBytes(), raw);
        String used = Sizes.text(own, raw);
        String shared = Sizes.text(inherited, raw);
        if (raw) {
            return String.join(
                    " ",
                    flag(inode, "="),
                    escaped(inode.name()),
                    id,
                    size,
                    used,
                    shared,
                    Long.toString(inode.createSeconds()),
                    inode.vid().toString(),
                    Integer.toString(inode.copies()),
                    inode.tag());
        }
        return String.join(
                " ",
                flag(inode, " "),
                Columns.left(8, inode.name()),
                Columns.right(5, id),
                Columns.right(7, size),
                Columns.right(7, used),
                Columns.right(7, shared),
                call.dates().toMinute(inode.createSeconds()),
                " " + Columns.right(7, inode.vid()),
                Columns.right(5, inode.copies()),
                Columns.right(13, inode.tag()));
    }

    private static String flag(VdiInode inode, String ordinary) {
        if (inode.isSnapshot()) {
            return "s";
        }
        return inode.isClone() ? "c" : ordinary;
    }

    /** A name that programs can split off: blanks and backslashes get a backslash before them. */
    private static String escaped(String name) {
        var escaped = new StringBuilder();
        for (char letter : name.toCharArray()) {
            boolean blank = letter == ' ' || 9 <= letter && letter <= 13;
            escaped.append(blank || letter == '\\' ? "\\" : "").append(letter);
        }
        return escaped.toString();
    }
}
