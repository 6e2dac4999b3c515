package sheepdog.membership.log;

import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import sheepdog.membership.api.EpochRecord;

/**
 * Who has lately found whom in reach, and whom not, when it was asked to look. Every sheep keeps this, as it keeps
 * {@link Complaints}: a new leader need not ask again. Loop-owned.
 */
final class Reports {
    /** A report counts so long. */
    static final Duration WINDOW = Duration.ofSeconds(6);

    /** Of a link that only one end finds broken, so many reports in a row count. */
    static final int ONE_SIDED = 2;

    private final TreeMap<Long, TreeMap<Long, Report>> all = new TreeMap<>();

    /** @param failures how many reports in a row said that it is not in reach, this one included */
    private record Report(boolean reached, int failures, long at) {}

    /** A link between two stores, whichever of them is named first. */
    record Link(long low, long high) implements Comparable<Link> {
        static Link of(long a, long b) {
            return new Link(Math.min(a, b), Math.max(a, b));
        }

        boolean touches(long id) {
            return low == id || high == id;
        }

        @Override
        public int compareTo(Link other) {
            return low != other.low ? Long.compare(low, other.low) : Long.compare(high, other.high);
        }
    }

    /** Members only, of members only, so there are never more than can be of use. */
    void add(long by, long of, boolean reached, EpochRecord epoch, long now) {
        if (epoch.store(by).isEmpty() || epoch.store(of).isEmpty() || by == of) {
            return;
        }
        var said = all.computeIfAbsent(by, _ -> new TreeMap<>());
        Report before = said.get(of);
        boolean again = before != null && now - before.at < WINDOW.toNanos();
        said.put(of, new Report(reached, reached ? 0 : again ? before.failures + 1 : 1, now));
    }

    /**
     * Links between members that do not work: neither end reaches the other, or one end does not, again and again,
     * while the other one says that it does. Who says nothing proves nothing.
     */
    Set<Link> broken(EpochRecord epoch, long now) {
        all.keySet().removeIf(by -> epoch.store(by).isEmpty());
        all.values().forEach(said -> {
            said.keySet().removeIf(of -> epoch.store(of).isEmpty());
            said.values().removeIf(report -> now - report.at > WINDOW.toNanos());
        });
        all.values().removeIf(TreeMap::isEmpty);
        var broken = new TreeSet<Link>();
        all.forEach((by, said) -> said.forEach((of, report) -> {
            Optional<Report> back = report(of, by);
            if (!report.reached && back.isPresent() && (!back.get().reached || report.failures >= ONE_SIDED)) {
                broken.add(Link.of(by, of));
            }
        }));
        return broken;
    }

    /** Whether of a broken link only {@code end} says so. */
    boolean onlyFrom(long end, Link link) {
        long other = link.low == end ? link.high : link.low;
        return report(end, other).filter(report -> !report.reached).isPresent()
                && report(other, end).filter(Report::reached).isPresent();
    }

    private Optional<Report> report(long by, long of) {
        return Optional.ofNullable(all.get(by)).map(said -> said.get(of));
    }

    /** A new process: what was found of the last one is not about it. */
    void forget(long of) {
        all.remove(of);
        all.values().forEach(said -> said.remove(of));
    }
}
