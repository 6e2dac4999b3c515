package sheepdog.membership.log;

import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;
import sheepdog.membership.api.Member;
import sheepdog.membership.consensus.LogTiming;
import sheepdog.protocol.model.Node;

/**
 * What a {@link ConsensusLog} is given.
 *
 * @param self        this process
 * @param weights     the vnodes of each node of a list, the same everywhere: {@code Weights::assign}
 * @param wallSeconds seconds since 1970, for the times of epochs
 * @param random      for election times and the ids of clusters
 * @param ageMark     in the store's directory
 * @param limits      how much is kept and sent
 */
public record LogSetup(
        Member self,
        LogTiming timing,
        UnaryOperator<List<Node>> weights,
        LongSupplier wallSeconds,
        RandomGenerator random,
        AgeMark ageMark,
        Limits limits) {
    /**
     * @param snapshotBytes  a snapshot is taken after about so many bytes of entries, or as many as the last one had
     * @param proposalsMax   commands of this node that wait; more are refused with AGAIN
     * @param unappliedBytes the leader takes no more commands while so many bytes are not applied yet
     * @param trailingEntries kept in memory behind a snapshot, for those who are a little behind
     */
    public record Limits(long snapshotBytes, int proposalsMax, long unappliedBytes, int trailingEntries) {
        public static final Limits DEFAULT = new Limits(1 << 20, 65_536, 16 << 20, 1024);
    }
}
