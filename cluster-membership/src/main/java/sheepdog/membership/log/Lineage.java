package sheepdog.membership.log;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import sheepdog.membership.consensus.FieldReader;
import sheepdog.membership.consensus.FieldWriter;

/**
 * The clusters that a cluster is the continuation of, the oldest first, each with the stores that were there when an operator
 * had it go on without a majority. Part of the state.
 */
record Lineage(List<Step> steps) {
    static final Lineage NONE = new Lineage(List.of());

    /**
     * @param cluster that ended
     * @param there   stores that went on
     */
    record Step(long cluster, Set<Long> there) {
        Step {
            there = Set.copyOf(there);
        }
    }

    Lineage {
        steps = List.copyOf(steps);
    }

    Lineage with(Step next) {
        var all = new ArrayList<>(steps);
        all.add(next);
        return new Lineage(all);
    }

    /** Whether {@code cluster} is one that this one continues. */
    boolean continues(long cluster) {
        return steps.stream().anyMatch(step -> step.cluster == cluster);
    }

    /** Whether a store that last was a member of {@code cluster} was there whenever it went on. */
    boolean keeps(long cluster, long storeId) {
        boolean since = false;
        boolean kept = true;
        for (Step step : steps) {
            since |= step.cluster == cluster;
            kept &= !since || step.there.contains(storeId);
        }
        return since && kept;
    }

    void write(FieldWriter out) {
        out.i32(steps.size());
        for (Step step : steps) {
            out.i64(step.cluster).longs(List.copyOf(new TreeSet<>(step.there)));
        }
    }

    static Lineage read(FieldReader in) {
        int count = in.count(Long.BYTES + Integer.BYTES);
        var steps = new ArrayList<Step>(count);
        for (int i = 0; i < count; i++) {
            steps.add(new Step(in.i64(), Set.copyOf(in.longs())));
        }
        return new Lineage(steps);
    }
}
