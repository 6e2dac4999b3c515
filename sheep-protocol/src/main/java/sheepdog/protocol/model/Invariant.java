package sheepdog.protocol.model;

/** Checks that are always on: a broken one is a programmer's error, and a wrong sheep is worse than a dead one. */
public final class Invariant {
    private Invariant() {}

    /**
     * @param format as {@link String#format}; built only when the check fails
     * @throws AssertionError if {@code holds} is false
     */
    public static void check(boolean holds, String format, Object... args) {
        if (!holds) {
            throw new AssertionError("broken invariant: " + String.format(format, args));
        }
    }
}
