package sheepdog.sheep.testkit;

import java.util.ArrayList;
import java.util.List;
import sheepdog.membership.api.EpochRecord;
import sheepdog.sheep.cluster.ClusterFormat;
import sheepdog.sheep.cluster.EpochArchive;

/** Epochs written down in memory. */
public final class MemoryArchive implements EpochArchive {
    private final List<EpochRecord> epochs = new ArrayList<>();
    private long formattedAt;

    @Override
    public long formattedAt() {
        return formattedAt;
    }

    @Override
    public void formatted(ClusterFormat format) {
        formattedAt = format.index();
        epochs.clear();
    }

    @Override
    public void record(EpochRecord epoch) {
        epochs.add(epoch);
    }
}
