package sheepdog.sheep.cluster;

import java.util.Optional;
import sheepdog.membership.api.EpochRecord;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Outcome;

/**
 * Where epochs and the format are kept in the original's layout ({@code epoch/%08u}, {@code config}), for its tools and
 * for {@code GET_EPOCH}. A seam: files, and memory in the simulator. Blocking. What decides is the committed log.
 */
public interface EpochArchive {
    /** {@link ClusterFormat#index} of the last format recorded here; 0 if there was none. */
    long formattedAt();

    /** The newest epoch recorded since that format; empty if there is none. */
    Optional<Epoch> newest();

    /**
     * Forgets every epoch and records the format; durable when it returns.
     *
     * @return NO_SPACE if the file system is full: it may be tried again, and until then the format before is recorded
     */
    Outcome<Void> formatted(ClusterFormat format);

    /**
     * Durable when it returns; writing an epoch again does no harm.
     *
     * @return NO_SPACE if the file system is full, and nothing is changed
     */
    Outcome<Void> record(EpochRecord epoch);
}
