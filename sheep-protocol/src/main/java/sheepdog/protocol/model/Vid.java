package sheepdog.protocol.model;

/** A VDI's id: 24 bits, never 0 for a VDI that exists. */
public record Vid(int value) implements Comparable<Vid> {
    /** Number of vids there are. */
    public static final int COUNT = 1 << 24;

    public static final Vid NONE = new Vid(0);

    public Vid {
        Invariant.check(0 <= value && value < COUNT, "vid %x", value);
    }

    /** The vid after this one, wrapping from the last to 0. */
    public Vid next() {
        return new Vid((value + 1) & (COUNT - 1));
    }

    @Override
    public int compareTo(Vid other) {
        return Integer.compare(value, other.value);
    }

    /** Lower-case hex without padding, as collie prints it. */
    @Override
    public String toString() {
        return Integer.toHexString(value);
    }
}
