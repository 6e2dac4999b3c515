package sheepdog.it.sim;

import java.util.Optional;
import java.util.TreeMap;
import sheepdog.membership.api.EpochRecord;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Invariant;
import sheepdog.sheep.cluster.ClusterFormat;
import sheepdog.sheep.cluster.EpochArchive;

/** The epochs that a simulated node has written down; it survives its processes. */
public final class SimArchive implements EpochArchive {
    private final TreeMap<Epoch, EpochRecord> epochs = new TreeMap<>();
    private long formattedAt;

    /** Another one with the same epochs. */
    SimArchive copy() {
        var copy = new SimArchive();
        copy.epochs.putAll(epochs);
        copy.formattedAt = formattedAt;
        return copy;
    }

    @Override
    public long formattedAt() {
        return formattedAt;
    }

    @Override
    public void formatted(ClusterFormat format) {
        epochs.clear();
        formattedAt = format.index();
    }

    @Override
    public void record(EpochRecord epoch) {
        EpochRecord before = epochs.put(epoch.epoch(), epoch);
        Invariant.check(
                before == null || before.nodes().equals(epoch.nodes()),
                "epoch %s was %s and is %s",
                epoch.epoch(),
                before,
                epoch);
    }

    /** The newest epoch on disk. */
    public Optional<EpochRecord> latest() {
        return epochs.isEmpty()
                ? Optional.empty()
                : Optional.of(epochs.lastEntry().getValue());
    }

    /** What is written of an epoch. */
    public Optional<EpochRecord> find(Epoch epoch) {
        return Optional.ofNullable(epochs.get(epoch));
    }
}
