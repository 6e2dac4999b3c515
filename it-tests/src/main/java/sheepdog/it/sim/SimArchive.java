package sheepdog.it.sim;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import sheepdog.membership.api.EpochRecord;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.ResultCode;
import sheepdog.sheep.cluster.ClusterFormat;
import sheepdog.sheep.cluster.EpochArchive;

/** The epochs that a simulated node has written down; it survives its processes. */
public final class SimArchive implements EpochArchive {
    private final TreeMap<Epoch, EpochRecord> epochs = new TreeMap<>();
    private long formattedAt;
    private boolean full;
    private final Set<Epoch> refused = new HashSet<>();

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
    public Optional<Epoch> newest() {
        return latest().map(EpochRecord::epoch);
    }

    @Override
    public Outcome<Void> formatted(ClusterFormat format) {
        if (full) {
            return Outcome.refused(ResultCode.NO_SPACE);
        }
        epochs.clear();
        refused.clear();
        formattedAt = format.index();
        return Outcome.done();
    }

    @Override
    public Outcome<Void> record(EpochRecord epoch) {
        if (full) {
            refused.add(epoch.epoch());
            return Outcome.refused(ResultCode.NO_SPACE);
        }
        EpochRecord before = epochs.put(epoch.epoch(), epoch);
        Invariant.check(
                before == null || before.nodes().equals(epoch.nodes()),
                "epoch %s was %s and is %s",
                epoch.epoch(),
                before,
                epoch);
        refused.remove(epoch.epoch());
        return Outcome.done();
    }

    /** From now on nothing finds space; or everything does again. */
    public void full(boolean now) {
        full = now;
    }

    /** Whether an epoch is written down, or was to be and found no space. */
    boolean knows(Epoch epoch) {
        return epochs.containsKey(epoch) || refused.contains(epoch);
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
