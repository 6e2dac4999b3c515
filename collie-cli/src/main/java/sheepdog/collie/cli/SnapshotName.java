package sheepdog.collie.cli;

import java.math.BigInteger;

/**
 * Which snapshot of a VDI is meant: by id, by tag, or none, the current VDI.
 *
 * @param id  1 and up, unsigned 32 bit; 0 if not named by id
 * @param tag empty if not named by tag
 */
public record SnapshotName(int id, String tag) {
    /** The current VDI. */
    public static final SnapshotName CURRENT = new SnapshotName(0, "");

    private static final BigInteger ID_MAX = BigInteger.valueOf(0xffff_ffffL);

    /**
     * What begins with a number is an id ({@code 1abc} is 1), anything else a tag.
     *
     * @throws CommandException for the ids 0, below, and beyond 32 bits, and for a tag that is too long
     */
    public static SnapshotName parse(String text) {
        var number = Numbers.leading(text);
        if (number.isEmpty()) {
            return new SnapshotName(0, Names.checkedTag(text));
        }
        if (number.get().signum() == 0) {
            throw new CommandException(ExitCode.FAILURE, "The snapshot id must be larger than zero");
        }
        if (number.get().signum() < 0 || number.get().compareTo(ID_MAX) > 0) {
            throw new CommandException(ExitCode.FAILURE, "Invalid snapshot id '" + text + "'");
        }
        return new SnapshotName(number.get().intValue(), "");
    }

    /** Whether a snapshot is named at all. */
    public boolean isGiven() {
        return id != 0 || !tag.isEmpty();
    }
}
