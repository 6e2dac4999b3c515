package sheepdog.membership.consensus;

import java.util.List;
import java.util.Optional;

/**
 * One change of what is on disk, to be made whole or not at all, and durable before {@link Consensus#written}.
 *
 * @param snapshot     if there is one, it and {@code entries} replace all that was there
 * @param truncateFrom entries from here on are dropped first
 * @param entries      appended then
 */
public record LogWrite(
        long version, HardState hard, Optional<Snapshot> snapshot, long truncateFrom, List<Entry> entries) {
    /** {@link #truncateFrom} when nothing is dropped. */
    public static final long NOTHING = Long.MAX_VALUE;

    public LogWrite {
        entries = List.copyOf(entries);
    }
}
