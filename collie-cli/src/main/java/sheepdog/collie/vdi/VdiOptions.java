package sheepdog.collie.vdi;

import java.math.BigInteger;
import picocli.CommandLine.Model.OptionSpec;
import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.cli.Numbers;
import sheepdog.collie.cli.SnapshotName;
import sheepdog.commandline.OptionSpecs;

/** The options of the vdi family; the type of each is that of its value. */
final class VdiOptions {
    private static final int COPIES_MAX = 8;

    private VdiOptions() {}

    /** {@code -P}. */
    static OptionSpec prealloc() {
        return OptionSpecs.flag('P', "prealloc", "allocate all data objects now");
    }

    /** {@code -i}, a long: 0 and up, may be beyond what a disk can have; null if not given. */
    static OptionSpec index() {
        return OptionSpecs.value(
                'i', "index", "index of a data object, from 0", Long.class, null, VdiOptions::readIndex);
    }

    /** {@code -s}, a {@link SnapshotName}. */
    static OptionSpec snapshot() {
        String summary = "snapshot, by id or by tag";
        return OptionSpecs.value(
                's', "snapshot", summary, SnapshotName.class, SnapshotName.CURRENT, SnapshotName::parse);
    }

    /** {@code -x}. */
    static OptionSpec exclusive() {
        return OptionSpecs.flag('x', "exclusive", "fail if the key is there already");
    }

    /** {@code -d}. */
    static OptionSpec delete() {
        return OptionSpecs.flag('d', "delete", "remove the key");
    }

    /** {@code -w}. */
    static OptionSpec writeback() {
        return OptionSpecs.flag('w', "writeback", "write through the object cache, if there is one");
    }

    /** {@code -c}, an integer; 0 stands for the cluster's default. */
    static OptionSpec copies() {
        String summary = "copies of each object (0: the cluster's default)";
        return OptionSpecs.value('c', "copies", summary, Integer.class, 0, VdiOptions::readCopies);
    }

    /** {@code -F}, a {@link SnapshotName}. */
    static OptionSpec from() {
        String summary = "snapshot that the difference starts at";
        return OptionSpecs.value('F', "from", summary, SnapshotName.class, SnapshotName.CURRENT, VdiOptions::readFrom);
    }

    private static long readIndex(String text) {
        var index = Numbers.leading(text)
                .orElseThrow(() -> new CommandException(ExitCode.FAILURE, "The index must be an integer"));
        // What is negative or does not fit is beyond every disk as well, and refused as such.
        boolean fits = index.signum() >= 0 && index.bitLength() < Long.SIZE;
        return fits ? index.longValueExact() : Long.MAX_VALUE;
    }

    private static int readCopies(String text) {
        return Numbers.leading(text, 0, COPIES_MAX)
                .orElseThrow(() -> new CommandException(
                        ExitCode.FAILURE, "Invalid copies number, must be an integer between 0 and " + COPIES_MAX));
    }

    private static SnapshotName readFrom(String text) {
        // Unlike -s this option takes 0, which then names no snapshot.
        boolean zero = Numbers.leading(text)
                .filter(number -> number.equals(BigInteger.ZERO))
                .isPresent();
        return zero ? SnapshotName.CURRENT : SnapshotName.parse(text);
    }
}
