package sheepdog.membership.log;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.api.Member;
import sheepdog.membership.consensus.Consensus;
import sheepdog.membership.consensus.LogWrite;
import sheepdog.membership.consensus.Restored;

/** What the parts of a {@link ConsensusLog} know of it and may ask of it. Loop-owned. */
interface LogNode {
    /** The core of now; another one after {@link #become}. */
    Consensus core();

    /** Id of the cluster that is in this node's log, 0 if there is none. */
    long cluster();

    /** The newest epoch applied here. */
    EpochRecord epoch();

    /** What was applied for whom. */
    Sessions sessions();

    /** How old the stores are. */
    StoreAges ages();

    /** Of which clusters this node's is the continuation. */
    Lineage lineage();

    boolean leads();

    /** Whether this process has ever held a lease. */
    boolean hasServed();

    boolean stopped();

    /** Whether this node belongs to a cluster and follows no leader of it. */
    boolean stranded();

    /** Leader: that store belongs to another cluster. */
    void refusedBy(long storeId);

    /** Leader: whether the newest epoch is committed, left, and applied here. */
    boolean settled();

    /** Stores that are to get no objects. */
    Set<Long> draining();

    /** The state of a cluster {@code next} that goes on with this node's, and of which {@code there} are the stores. */
    LogState forced(long next, Set<Long> there);

    /** All sheep that are seen now, this one too, by address. */
    List<Member> visible();

    /** Whether the state machine can apply {@code command}. */
    boolean understands(byte[] command);

    /** Whether nobody may act on what was true before {@code command}. */
    boolean fences(byte[] command);

    /** Goes on with what {@code restored} has, as a node of {@code cluster}. */
    void become(long cluster, Restored restored);

    /** Writes to the log's disk; the result is what failed, if it did. */
    CompletionStage<Optional<String>> store(LogWrite write);

    void send(long to, Letter.Envelope envelope);

    /** As a node of this one's cluster. */
    default void send(long to, Letter letter) {
        send(to, new Letter.Envelope(cluster(), letter));
    }

    void broadcast(Letter letter);

    /** Ends this node's part in the cluster, for the reason given. */
    void stop(String why);

    /** Does what has become due. */
    void pump();
}
