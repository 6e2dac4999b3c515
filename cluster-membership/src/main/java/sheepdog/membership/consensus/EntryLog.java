package sheepdog.membership.consensus;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import sheepdog.protocol.model.Invariant;

/** The entries in memory: from some base, which is at or before the newest snapshot, to the last. Core-owned. */
final class EntryLog {
    /** Index of a log that has not even a beginning. */
    static final long NONE = -1;

    /** Bytes kept behind the newest snapshot at most. */
    private static final int TRAILING_BYTES = 4 << 20;

    private long baseIndex = NONE;
    private long baseTerm;
    private List<Entry> entries = new ArrayList<>();
    private final TreeMap<Long, Config> configs = new TreeMap<>();
    /** Indexes of the entries that end leases, the newest up to the base among them; a snapshot's index if it may be one. */
    private final TreeSet<Long> fences = new TreeSet<>();

    void reset(Snapshot snapshot) {
        baseIndex = snapshot.index();
        baseTerm = snapshot.term();
        entries = new ArrayList<>();
        configs.clear();
        configs.put(baseIndex, snapshot.config());
        fences.clear();
        fences.add(baseIndex);
    }

    boolean begun() {
        return baseIndex != NONE;
    }

    long baseIndex() {
        return baseIndex;
    }

    long last() {
        return baseIndex + entries.size();
    }

    long lastTerm() {
        return entries.isEmpty() ? baseTerm : entries.getLast().term();
    }

    boolean knows(long index) {
        return begun() && baseIndex <= index && index <= last();
    }

    /** Term of the entry at {@code index}, which must be the base or later. */
    long term(long index) {
        Invariant.check(knows(index), "term of %d, log is %d to %d", index, baseIndex, last());
        return index == baseIndex ? baseTerm : get(index).term();
    }

    Entry get(long index) {
        return entries.get(Math.toIntExact(index - baseIndex - 1));
    }

    /** From {@code from} on, at least one if there is one, and about {@code bytesMax} of them. */
    List<Entry> slice(long from, long bytesMax) {
        var slice = new ArrayList<Entry>();
        long bytes = 0;
        for (long i = from; i <= last() && (slice.isEmpty() || bytes + get(i).weight() <= bytesMax); i++) {
            slice.add(get(i));
            bytes += get(i).weight();
        }
        return slice;
    }

    void append(Entry entry) {
        Invariant.check(entry.index() == last() + 1, "append of %s after %d", entry, last());
        Invariant.check(entry.term() >= lastTerm(), "term of %s after %d", entry, lastTerm());
        entries.add(entry);
        if (entry.kind() == Entry.Kind.CONFIG) {
            configs.put(entry.index(), Config.decode(entry.data()));
        }
        if (entry.kind().endsLeases()) {
            fences.add(entry.index());
        }
    }

    void truncate(long from) {
        Invariant.check(from > baseIndex, "truncate at %d, base %d", from, baseIndex);
        entries.subList(Math.toIntExact(from - baseIndex - 1), entries.size()).clear();
        configs.tailMap(from, true).clear();
        fences.tailSet(from, true).clear();
    }

    /** Drops what is more than {@code trailing} entries, or some megabytes, behind {@code snapshotIndex}. */
    void compact(long snapshotIndex, int trailing) {
        long base = snapshotIndex;
        long bytes = 0;
        while (base > baseIndex && snapshotIndex - base < trailing && bytes < TRAILING_BYTES) {
            bytes += get(base).weight();
            base--;
        }
        if (base == baseIndex) {
            return;
        }
        Config config = configAt(base);
        long term = term(base);
        entries = new ArrayList<>(entries.subList(Math.toIntExact(base - baseIndex), entries.size()));
        configs.headMap(base, true).clear();
        configs.put(base, config);
        long fence = fenceAt(base);
        fences.headSet(base, true).clear();
        fences.add(fence);
        baseIndex = base;
        baseTerm = term;
    }

    /** The newest one; in force, committed or not. */
    Config config() {
        return configs.lastEntry().getValue();
    }

    long configIndex() {
        return configs.lastKey();
    }

    Config configAt(long index) {
        Map.Entry<Long, Config> entry = configs.floorEntry(index);
        Invariant.check(entry != null, "config at %d, base %d", index, baseIndex);
        return entry.getValue();
    }

    /**
     * Index of the newest entry up to {@code index} that ends leases, or of the snapshot that the log began with, if
     * none is known. Greater than any other if {@code index} is before all that is known.
     */
    long fenceAt(long index) {
        Long found = fences.floor(index);
        return found == null ? Long.MAX_VALUE : found;
    }

    /** First index of the run of entries of one term that {@code index} belongs to, as far as is known. */
    long firstOfTerm(long index) {
        long term = term(index);
        long first = index;
        while (first - 1 > baseIndex && term(first - 1) == term) {
            first--;
        }
        return first;
    }

    /** The last index whose term is {@code term} or earlier; the base if there is none after it. */
    long lastAtOrBefore(long term, long from) {
        long index = Math.min(from, last());
        while (index > baseIndex && term(index) > term) {
            index--;
        }
        return index;
    }
}
