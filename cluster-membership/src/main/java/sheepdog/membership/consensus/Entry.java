package sheepdog.membership.consensus;

import java.util.Arrays;

/**
 * One entry of the log.
 *
 * @param index its place, from 1 without gaps
 * @param data  not to be changed
 */
public record Entry(long index, long term, Kind kind, byte[] data) {
    /** What an entry is to the core. The ordinals are on disk and on the wire. */
    public enum Kind {
        /** Written by each new leader, so that what its predecessors left is committed. */
        NOOP,
        /** A {@link Config}; in force as soon as it is in the log. */
        CONFIG,
        /** Bytes of the owner, of no concern to the core. */
        COMMAND,
        /** Bytes of the owner that make what was true before false: like a configuration it ends all leases. */
        FENCE;

        /** Whether a node that has not applied the entry may not act on what it knows. */
        boolean endsLeases() {
            return this == CONFIG || this == FENCE;
        }
    }

    /** Bytes it takes in a message, roughly. */
    int weight() {
        return data.length + 32;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Entry that
                && index == that.index
                && term == that.term
                && kind == that.kind
                && Arrays.equals(data, that.data);
    }

    @Override
    public int hashCode() {
        return Long.hashCode(index) * 31 + Long.hashCode(term);
    }

    @Override
    public String toString() {
        return index + "@" + term + " " + kind + "[" + data.length + "]";
    }
}
