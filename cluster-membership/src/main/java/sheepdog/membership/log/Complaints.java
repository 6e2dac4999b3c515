package sheepdog.membership.log;

import java.time.Duration;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import sheepdog.membership.api.EpochRecord;

/**
 * Who has lately said of whom that it does not answer. Every sheep keeps this, not only the leader: the one that leads
 * next, perhaps because the leader itself was complained of, must not have to ask again. Loop-owned.
 */
final class Complaints {
    /** Two different complaints about one sheep count together if they are no further apart. */
    static final Duration WINDOW = Duration.ofSeconds(10);

    /** Whom, by whom, when last. */
    private final TreeMap<Long, TreeMap<Long, Long>> all = new TreeMap<>();

    /** Members only, of members only: so there are never more than can be of use. */
    void add(long by, long of, EpochRecord epoch, long now) {
        if (epoch.store(by).isPresent() && epoch.store(of).isPresent()) {
            all.computeIfAbsent(of, _ -> new TreeMap<>()).put(by, now);
        }
    }

    /** The members that were complained of lately. A copy. */
    Set<Long> accused(EpochRecord epoch, long now) {
        // Whoever is out of the epoch starts afresh.
        all.keySet().removeIf(of -> epoch.store(of).isEmpty());
        // And what it said of others is of a time when it was reached, and they were.
        all.values().forEach(by -> by.keySet().removeIf(id -> epoch.store(id).isEmpty()));
        all.values().forEach(by -> by.values().removeIf(at -> now - at > WINDOW.toNanos()));
        all.values().removeIf(TreeMap::isEmpty);
        return new TreeSet<>(all.keySet());
    }

    /** Those who complained of {@code of} lately, as of the last {@link #accused}. A copy. */
    Set<Long> by(long of) {
        return new TreeSet<>(all.getOrDefault(of, new TreeMap<>()).keySet());
    }

    /** A new process: what was said of the last one is not about it, and what that one said was about its own links. */
    void forget(long id) {
        all.remove(id);
        all.values().forEach(by -> by.remove(id));
    }
}
