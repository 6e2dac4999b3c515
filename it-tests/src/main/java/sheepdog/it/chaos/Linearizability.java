package sheepdog.it.chaos;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Decides whether each sector of a disk behaved like a linearizable register: whether there is an order of all operations
 * in which every read finds what the last write before it wrote, and in which an operation that had returned before
 * another was invoked comes before it. A write whose outcome is unknown may take effect at any time after it was invoked,
 * or never.
 *
 * <p>Deciding this for any register takes exponential time in the worst case. Here all values written are different, so
 * that each read names its write, and n log n is enough (Gibbons and Korach, "Testing shared memories", 1997). A write and
 * its reads are a family, and in any order that will do they stand together. One family must precede another if one of its
 * members returned before one of the other's was invoked, which is so if its first return is before the other's last
 * invocation. The history is linearizable if and only if no read returned before its write was invoked, and no two
 * families must each precede the other.
 *
 * <p>The libraries that there are for this take histories of other languages (Knossos, Porcupine), or drive the code under
 * test themselves (Lincheck).
 */
public final class Linearizability {
    private Linearizability() {}

    /** Of a family: its member that returned first, and the one that was invoked last. */
    private static final class Family {
        private final long value;
        private final Operation write;
        private Operation returnedFirst;
        private Operation invokedLast;

        private Family(long value, Operation write) {
            this.value = value;
            this.write = write;
            returnedFirst = write;
            invokedLast = write;
        }

        private void add(Operation read) {
            if (read.returnedNanos() < firstReturn()) {
                returnedFirst = read;
            }
            if (read.invokedNanos() > lastInvocation()) {
                invokedLast = read;
            }
        }

        private long firstReturn() {
            return returnedFirst.returnedNanos();
        }

        private long lastInvocation() {
            return invokedLast.invokedNanos();
        }

        /** Whether something of it returned before something else of it was invoked: then no other may lie there. */
        private boolean isSpread() {
            return firstReturn() < lastInvocation();
        }

        private boolean mustPrecede(Family other) {
            return firstReturn() < other.lastInvocation();
        }
    }

    /**
     * Checks a disk.
     *
     * @return for each sector that is not a linearizable register, in their order, why
     * @throws IllegalArgumentException if two writes to one sector have the same value, or one has value 0
     */
    public static List<String> check(Collection<Operation> operations) {
        var sectors = new TreeMap<Long, List<Operation>>();
        for (Operation operation : operations) {
            for (long sector = operation.firstSector(); sector < operation.endSector(); sector++) {
                sectors.computeIfAbsent(sector, _ -> new ArrayList<>()).add(operation);
            }
        }
        var violations = new ArrayList<String>();
        sectors.forEach((sector, accesses) ->
                check(sector, accesses).ifPresent(violation -> violations.add("sector " + sector + ": " + violation)));
        return violations;
    }

    private static Optional<String> check(long sector, List<Operation> accesses) {
        Map<Long, Family> families = writes(sector, accesses);
        for (Operation access : accesses) {
            if (access.write()) {
                continue;
            }
            long value = valueAt(sector, access);
            Family family = families.get(value);
            if (family == null) {
                return Optional.of("nobody wrote what was read by " + access);
            }
            if (access.returnedNanos() < family.write.invokedNanos()) {
                return Optional.of("read before it was written: " + access + " of " + family.write);
            }
            family.add(access);
        }
        return conflict(families.values());
    }

    private static Map<Long, Family> writes(long sector, List<Operation> accesses) {
        var families = new HashMap<Long, Family>();
        var before = new Operation(-1, true, Long.MIN_VALUE, Long.MIN_VALUE, sector, new long[1]);
        families.put(0L, new Family(0, before));
        for (Operation access : accesses) {
            if (access.write()) {
                long value = valueAt(sector, access);
                if (families.put(value, new Family(value, access)) != null) {
                    throw new IllegalArgumentException("a second write of " + value + " to sector " + sector);
                }
            }
        }
        return families;
    }

    /** Two families of which each must precede the other. */
    private static Optional<String> conflict(Collection<Family> families) {
        // What lies spread in time may not overlap with another such family...
        Family[] spread = families.stream()
                .filter(Family::isSpread)
                .sorted(Comparator.comparingLong(Family::firstReturn))
                .toArray(Family[]::new);
        for (int i = 1; i < spread.length; i++) {
            if (spread[i].mustPrecede(spread[i - 1])) {
                return Optional.of(explain(spread[i - 1], spread[i]));
            }
        }
        // ...nor around the whole of a family whose members all overlap. As spread ones do not overlap, only the last
        // that
        // begins before it can be around it.
        long[] begins = Arrays.stream(spread).mapToLong(Family::firstReturn).toArray();
        for (Family family : families) {
            if (family.isSpread()) {
                continue;
            }
            int at = Arrays.binarySearch(begins, family.lastInvocation());
            int before = (at < 0 ? -at - 1 : at) - 1;
            if (before >= 0 && family.mustPrecede(spread[before])) {
                return Optional.of(explain(spread[before], family));
            }
        }
        return Optional.empty();
    }

    private static String explain(Family one, Family other) {
        return "%d and %d each come before the other:%n  [%s] was over before [%s] began, and%n  [%s] was over before [%s] began"
                .formatted(
                        one.value,
                        other.value,
                        one.returnedFirst,
                        other.invokedLast,
                        other.returnedFirst,
                        one.invokedLast);
    }

    private static long valueAt(long sector, Operation access) {
        return access.values()[(int) (sector - access.firstSector())];
    }
}
