package sheepdog.membership.log;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import sheepdog.membership.api.EpochRecord;

/**
 * Stores that were put out because others did not reach them, and are kept out until they do. The leader says so to
 * all, again and again: the next leader goes on from there, and who is kept out can say why. Loop-owned.
 */
final class Bars {
    /** Nobody is taken in again sooner. Doubled each time it happens to one store. */
    static final Duration WAIT = Duration.ofSeconds(15);

    private static final int DOUBLINGS_MAX = 4;
    private static final Duration FORGOTTEN = Duration.ofMinutes(10);
    /** An epoch that was proposed without a store is committed by then, or not at all. */
    private static final Duration PROPOSED = Duration.ofSeconds(5);

    private final TreeMap<Long, Bar> bars = new TreeMap<>();

    /**
     * @param since      when it was put out
     * @param times      how often lately
     * @param lifted     it may come back; kept so that the next time is known not to be the first
     * @param toldAt     when this sheep was last told of it, or found something out itself
     * @param notReached stores that it does not reach, or that do not reach it
     */
    record Bar(long since, int times, boolean lifted, long toldAt, Set<Long> notReached) {
        Bar {
            notReached = Set.copyOf(notReached);
        }
    }

    /** The leader has put {@code id} out. */
    void add(long id, Set<Long> notReached, long now) {
        int times = Optional.ofNullable(bars.get(id)).map(Bar::times).orElse(0) + 1;
        bars.put(id, new Bar(now, times, false, now, notReached));
    }

    /** The leader says so. */
    void told(Letter.Barred said, long now) {
        var notReached = new TreeSet<>(said.notReached());
        bars.put(said.storeId(), new Bar(now - said.elapsedNanos(), said.times(), said.lifted(), now, notReached));
    }

    /** What a round of checks of {@code id} has shown. */
    void found(long id, Set<Long> notReached, long now) {
        bars.computeIfPresent(id, (_, bar) -> new Bar(bar.since, bar.times, bar.lifted, now, notReached));
    }

    void lift(long id, long now) {
        bars.computeIfPresent(id, (_, bar) -> new Bar(bar.since, bar.times, true, now, Set.of()));
    }

    /** Whether {@code id} must not be taken into an epoch. */
    boolean isBarred(long id) {
        return bars.containsKey(id) && !bars.get(id).lifted;
    }

    /** Whether it has been out as long as it must be in any case. */
    boolean isWaitOver(long id, long now) {
        Bar bar = bars.get(id);
        return bar == null || now - bar.since >= WAIT.toNanos() << Math.min(bar.times - 1, DOUBLINGS_MAX);
    }

    /** Why {@code id} is kept out, as far as was heard within {@code lately}; empty if it is not. */
    Optional<Set<Long>> notReached(long id, Duration lately, long now) {
        return Optional.ofNullable(bars.get(id))
                .filter(bar -> !bar.lifted && now - bar.toldAt < lately.toNanos())
                .map(Bar::notReached);
    }

    /** Stores that are kept out. A copy. */
    Set<Long> barred() {
        var ids = new TreeSet<Long>();
        bars.forEach((id, bar) -> {
            if (!bar.lifted) {
                ids.add(id);
            }
        });
        return ids;
    }

    /** What the others are to be told. */
    List<Letter.Barred> letters(long now) {
        var letters = new ArrayList<Letter.Barred>();
        bars.forEach((id, bar) -> letters.add(new Letter.Barred(
                id, bar.times, now - bar.since, bar.lifted, List.copyOf(new TreeSet<>(bar.notReached)))));
        return letters;
    }

    /** Who is in an epoch after all is not kept out; what is long ago is forgotten. */
    void tidy(EpochRecord epoch, long now) {
        bars.replaceAll((id, bar) -> !bar.lifted && epoch.store(id).isPresent() && now - bar.since > PROPOSED.toNanos()
                ? new Bar(bar.since, bar.times, true, now, Set.of())
                : bar);
        bars.values().removeIf(bar -> now - bar.toldAt > FORGOTTEN.toNanos());
    }
}
