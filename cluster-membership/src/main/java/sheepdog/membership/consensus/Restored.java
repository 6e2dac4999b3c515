package sheepdog.membership.consensus;

import java.util.List;
import java.util.Optional;

/**
 * What was on disk.
 *
 * @param snapshot where the log begins; empty on a node that belongs to no cluster yet
 * @param entries  those after the snapshot, without gaps
 */
public record Restored(HardState hard, Optional<Snapshot> snapshot, List<Entry> entries) {
    /** A node that belongs to no cluster. */
    public static final Restored EMPTY = new Restored(HardState.EMPTY, Optional.empty(), List.of());

    public Restored {
        entries = List.copyOf(entries);
    }
}
