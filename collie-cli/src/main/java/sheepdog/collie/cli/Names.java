package sheepdog.collie.cli;

/**
 * Checks the lengths of names. The original cuts what is too long, so that two names become one disk, and takes an
 * empty name, which then cannot be told from a deleted disk; here both are refused.
 */
public final class Names {
    /** Bytes of a VDI name or a tag, at most. */
    public static final int BYTES_MAX = 255;

    private Names() {}

    /** @return {@code name}, if a VDI can be called that */
    public static String checkedVdi(String name) {
        if (name.isEmpty()) {
            throw new CommandException(ExitCode.USAGE, "The VDI name must not be empty");
        }
        return checkedLength("VDI name", name);
    }

    /** @return {@code tag}, if a snapshot can be tagged with it; it may be empty */
    public static String checkedTag(String tag) {
        return checkedLength("snapshot tag", tag);
    }

    private static String checkedLength(String what, String name) {
        if (name.length() > BYTES_MAX) {
            throw new CommandException(
                    ExitCode.USAGE, "The " + what + " is too long: " + name.length() + " bytes, at most " + BYTES_MAX);
        }
        return name;
    }
}
