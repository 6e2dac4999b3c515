package sheepdog.sheep.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import sheepdog.membership.api.EpochRecord;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.ResultCode;
import sheepdog.sheep.cluster.ClusterFormat;
import sheepdog.sheep.cluster.EpochArchive;

/** Epochs written down in memory. */
public final class MemoryArchive implements EpochArchive {
    private final List<EpochRecord> epochs = new ArrayList<>();
    private long formattedAt;
    private boolean full;

    @Override
    public long formattedAt() {
        return formattedAt;
    }

    @Override
    public Optional<Epoch> newest() {
        return epochs.stream().map(EpochRecord::epoch).max(Epoch::compareTo);
    }

    @Override
    public Outcome<Void> formatted(ClusterFormat format) {
        if (full) {
            return Outcome.refused(ResultCode.NO_SPACE);
        }
        formattedAt = format.index();
        epochs.clear();
        return Outcome.done();
    }

    @Override
    public Outcome<Void> record(EpochRecord epoch) {
        if (full) {
            return Outcome.refused(ResultCode.NO_SPACE);
        }
        epochs.add(epoch);
        return Outcome.done();
    }

    /** From now on nothing finds space; or everything does again. */
    public void full(boolean now) {
        full = now;
    }

    /** What is written down, in the order in which it was. */
    public List<EpochRecord> epochs() {
        return List.copyOf(epochs);
    }
}
