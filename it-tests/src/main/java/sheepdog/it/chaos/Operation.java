package sheepdog.it.chaos;

import java.util.Arrays;

/**
 * What one client did to a run of sectors of a disk, and when. Times are of {@link System#nanoTime} in one process.
 *
 * <p>A write puts one value, which no other write to the disk has, into all its sectors. Value 0 is what a sector holds
 * before its first write.
 *
 * @param client        who did it
 * @param write         or a read
 * @param invokedNanos  just before the request was sent
 * @param returnedNanos just after its answer came; {@link #NEVER} for a write whose outcome is unknown
 * @param firstSector   from the beginning of the disk
 * @param values        a value for each sector
 */
public record Operation(
        int client, boolean write, long invokedNanos, long returnedNanos, long firstSector, long[] values) {
    /** When an operation returned that did not. */
    public static final long NEVER = Long.MAX_VALUE;

    /** A write of {@code value} to {@code sectors} sectors. */
    public static Operation write(
            int client, long invokedNanos, long returnedNanos, long firstSector, int sectors, long value) {
        long[] values = new long[sectors];
        Arrays.fill(values, value);
        return new Operation(client, true, invokedNanos, returnedNanos, firstSector, values);
    }

    /** A read that found {@code values}. */
    public static Operation read(int client, long invokedNanos, long returnedNanos, long firstSector, long... values) {
        return new Operation(client, false, invokedNanos, returnedNanos, firstSector, values);
    }

    /** How many sectors it is of. */
    public int sectors() {
        return values.length;
    }

    /** How many sectors there are up to its last one. */
    long endSector() {
        return firstSector + values.length;
    }

    @Override
    public String toString() {
        boolean same = Arrays.stream(values).distinct().count() == 1;
        return "%d %s %d+%d %s invoked %,d returned %s"
                .formatted(
                        client,
                        write ? "write" : "read",
                        firstSector,
                        values.length,
                        same ? Long.toString(values[0]) : Arrays.toString(values),
                        invokedNanos,
                        returnedNanos == NEVER ? "never" : "%,d".formatted(returnedNanos));
    }
}
