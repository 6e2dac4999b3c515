package sheepdog.sheep.cluster;

import sheepdog.membership.api.EpochRecord;

/**
 * Where epochs and the format are kept in the original's layout ({@code epoch/%08u}, {@code config}), for its tools and
 * for {@code GET_EPOCH}. A seam: files, and memory in the simulator. Blocking. What decides is the committed log.
 */
public interface EpochArchive {
    /** {@link ClusterFormat#index} of the last format recorded here; 0 if there was none. */
    long formattedAt();

    /** Forgets every epoch and records the format; durable when it returns. */
    void formatted(ClusterFormat format);

    /** Durable when it returns; writing an epoch again does no harm. */
    void record(EpochRecord epoch);
}
