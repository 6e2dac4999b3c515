package sheepdog.protocol.model;

/**
 * Version of the node list: an unsigned 32-bit number that grows by one per change, compared as a serial number.
 * 0 stands for a cluster that has not been formatted.
 */
public record Epoch(int number) implements Comparable<Epoch> {
    public static final Epoch NONE = new Epoch(0);
    public static final Epoch FIRST = new Epoch(1);

    public Epoch next() {
        return new Epoch(number + 1);
    }

    public boolean isBefore(Epoch other) {
        return compareTo(other) < 0;
    }

    @Override
    public int compareTo(Epoch other) {
        return Integer.signum(number - other.number);
    }

    @Override
    public String toString() {
        return Integer.toUnsignedString(number);
    }
}
