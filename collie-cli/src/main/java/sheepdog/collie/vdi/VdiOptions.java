package sheepdog.collie.vdi;

import java.math.BigInteger;
import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.cli.Numbers;
import sheepdog.collie.cli.OptionSpec;
import sheepdog.collie.cli.Options;
import sheepdog.collie.cli.SnapshotName;

/** The options of the vdi family. */
final class VdiOptions {
    private static final int COPIES_MAX = 8;

    static final OptionSpec PREALLOC =
            OptionSpec.flag('P', "prealloc", "allocate all data objects now", (options, _) -> options.prealloc(true));
    static final OptionSpec INDEX =
            OptionSpec.value('i', "index", "index of a data object, from 0", VdiOptions::storeIndex);
    static final OptionSpec SNAPSHOT = OptionSpec.value(
            's',
            "snapshot",
            "snapshot, by id or by tag",
            (options, value) -> options.snapshot(SnapshotName.parse(value)));
    static final OptionSpec EXCLUSIVE =
            OptionSpec.flag('x', "exclusive", "fail if the key is there already", (_, _) -> {});
    static final OptionSpec DELETE = OptionSpec.flag('d', "delete", "remove the key", (_, _) -> {});
    static final OptionSpec WRITEBACK = OptionSpec.flag(
            'w',
            "writeback",
            "write through the object cache, if there is one",
            (options, _) -> options.writeback(true));
    static final OptionSpec COPIES = OptionSpec.value(
            'c', "copies", "copies of each object (0: the cluster's default)", VdiOptions::storeCopies);
    static final OptionSpec FROM =
            OptionSpec.value('F', "from", "snapshot that the difference starts at", VdiOptions::storeFrom);

    private VdiOptions() {}

    private static void storeIndex(Options options, String value) {
        var index = Numbers.leading(value)
                .orElseThrow(() -> new CommandException(ExitCode.FAILURE, "The index must be an integer"));
        // What is negative or does not fit is beyond every disk as well, and refused as such.
        boolean fits = index.signum() >= 0 && index.bitLength() < Long.SIZE;
        options.index(fits ? index.longValueExact() : Long.MAX_VALUE);
    }

    private static void storeCopies(Options options, String value) {
        options.copies(Numbers.leading(value, 0, COPIES_MAX)
                .orElseThrow(() -> new CommandException(
                        ExitCode.FAILURE, "Invalid copies number, must be an integer between 0 and " + COPIES_MAX)));
    }

    private static void storeFrom(Options options, String value) {
        // Unlike -s this option takes 0, which then names no snapshot.
        boolean zero = Numbers.leading(value)
                .filter(number -> number.equals(BigInteger.ZERO))
                .isPresent();
        options.from(zero ? SnapshotName.CURRENT : SnapshotName.parse(value));
    }
}
