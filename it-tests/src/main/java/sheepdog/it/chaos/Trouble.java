package sheepdog.it.chaos;

import java.util.ArrayList;
import java.util.List;

/**
 * Which host was in trouble when, for the question whether what a client met was to be expected. Any thread.
 */
final class Trouble {
    private static final long AFTERMATH_NANOS = 3_000_000_000L;

    /** What may come of it. */
    enum Kind {
        /** The sheep ends, its connections with it. */
        ENDS,
        /** The sheep does not answer for now. */
        WAITS,
        /** A full disk: clients may be told so. */
        FULL
    }

    private static final class Spell {
        private final int host;
        private final Kind kind;
        private final long fromNanos = System.nanoTime();
        private volatile long untilNanos = Long.MAX_VALUE;

        private Spell(int host, Kind kind) {
            this.host = host;
            this.kind = kind;
        }

        private boolean reaches(long sinceNanos) {
            return untilNanos == Long.MAX_VALUE || untilNanos + AFTERMATH_NANOS >= sinceNanos;
        }
    }

    private final List<Spell> spells = new ArrayList<>();

    synchronized void begin(int host, Kind kind) {
        spells.add(new Spell(host, kind));
    }

    synchronized void end(int host, Kind kind) {
        long now = System.nanoTime();
        spells.stream()
                .filter(spell -> spell.host == host && spell.kind == kind && spell.untilNanos == Long.MAX_VALUE)
                .forEach(spell -> spell.untilNanos = now);
    }

    /** The end of all troubles. */
    synchronized void endAll() {
        long now = System.nanoTime();
        spells.stream().filter(spell -> spell.untilNanos == Long.MAX_VALUE).forEach(spell -> spell.untilNanos = now);
    }

    /** Whether a host is in any trouble now. */
    synchronized boolean isIn(int host) {
        return spells.stream().anyMatch(spell -> spell.host == host && spell.untilNanos == Long.MAX_VALUE);
    }

    /** Whether a host was in that trouble since, or shortly before. */
    synchronized boolean wasIn(int host, Kind kind, long sinceNanos) {
        return spells.stream().anyMatch(spell -> spell.host == host && spell.kind == kind && spell.reaches(sinceNanos));
    }

    /** Whether a host was in any trouble since, or shortly before. */
    synchronized boolean wasIn(int host, long sinceNanos) {
        return spells.stream().anyMatch(spell -> spell.host == host && spell.reaches(sinceNanos));
    }

    /** Whether any host was in that trouble since, or shortly before. */
    synchronized boolean wasAnyIn(Kind kind, long sinceNanos) {
        return spells.stream().anyMatch(spell -> spell.kind == kind && spell.reaches(sinceNanos));
    }
}
