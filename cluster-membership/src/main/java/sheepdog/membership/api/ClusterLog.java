package sheepdog.membership.api;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.ResultCode;

/**
 * The one committed log of the cluster (design rule R1): every epoch and every decision is an entry, in one order for
 * all, applied only after a majority of the voters has it on disk. Also the leases of rule R2, which rest on the same
 * majority.
 *
 * <p>Loop-owned: every method is called on the loop and the state machine is called on the loop, one entry at a time.
 *
 * <p>Before the cluster is formatted there is no log: {@link #status} says {@link Phase#UNFORMATTED}, {@link #visible}
 * lists who is there, and {@link #format} makes the log.
 */
public interface ClusterLog {
    /** Largest command. */
    int COMMAND_BYTES_MAX = 1 << 20;

    /**
     * Loads what is on disk, restores and applies what is known to be committed, and joins the others. Blocking until
     * the disk has been read; called once, before the loop runs.
     */
    void start(StateMachine machine);

    /**
     * Puts {@code command} into the log. The stage completes on the loop with what {@link StateMachine#apply} returned
     * for it <i>on this node</i>; it is applied once however often it had to be sent. It waits as long as there is no
     * majority: callers that must not wait look at {@link #status} first.
     *
     * @return refused with SHUTDOWN when this node leaves or is closed first (it may or may not be applied then)
     */
    CompletionStage<Outcome<byte[]>> propose(byte[] command);

    /**
     * Makes a new cluster of the sheep that are visible now, its first epoch being 1, and puts {@code command} in as
     * its first entry. Only in phase UNFORMATTED; a formatted cluster is formatted again by a command that the state
     * machine understands, together with {@link StateMachine#restartsEpochs}.
     *
     * @return refused with NETWORK_ERROR if the others did not answer in time: nothing was formatted, ask again
     */
    CompletionStage<Outcome<byte[]>> format(byte[] command);

    /**
     * Goes on without a majority, because those who are missing will not come back: the sheep of this cluster that are seen
     * now become a new cluster with what they have. To be asked for by an operator only. Stores that are not there are
     * declared gone; a sheep that comes with one of them later is told to take an empty directory.
     *
     * <p>Two sheep that do not see each other and are both told to do this become two clusters.
     *
     * @return when this sheep serves again; refused with FORCE_RECOVER if a leader is there, or with NETWORK_ERROR if one
     *         that is seen does not answer: nothing was done then, or it is not known what was
     */
    default CompletionStage<Outcome<Void>> force() {
        return CompletableFuture.completedStage(Outcome.refused(ResultCode.NO_SUPPORT));
    }

    /**
     * Leaves on purpose: gives the lease back, has an epoch without this node committed (unless it is the last one, or
     * there is no majority), and stops. The stage completes when others can serve without this node.
     */
    CompletionStage<Void> leave();

    /** Stops at once; the others find out by themselves. */
    void close();

    Status status();

    /**
     * Whether this node may acknowledge I/O at this instant (R2). Asked when an answer leaves; cheap. False for a node
     * that is not a member of the latest epoch it knows.
     */
    boolean holdsLease();

    /** The sheep that can be seen now, this one included, sorted by address; not more than a hint. */
    List<Member> visible();

    /** How long ago a store was last seen that is not visible now; empty if it was not since this node started. */
    default Optional<Duration> unseenFor(long storeId) {
        return Optional.empty();
    }

    /**
     * A client's or peer's word that {@code storeId} does not answer (R5). The leader weighs it with what it sees
     * itself; an exclusion comes back as an epoch or not at all.
     */
    void complain(long storeId);

    /**
     * Less than a complaint: {@code storeId} is slow to answer, and somebody should look whether it and this sheep still
     * reach each other. Said again while it lasts; costs little.
     */
    default void doubt(long storeId) {}

    /** How to find out whether another sheep answers requests. Once, before {@link #start}. */
    default void probeWith(PortProbe probe) {}

    /** Members that do not reach each other, as far as this sheep knows. */
    default List<BrokenLink> brokenLinks() {
        return List.of();
    }

    /** Sheep that are kept out of the cluster because they and some members do not reach each other. */
    default List<KeptOut> keptOut() {
        return List.of();
    }

    /** Asks another sheep for an answer by the way that requests go. */
    @FunctionalInterface
    interface PortProbe {
        /** @return completes on the loop, some time: whether it answered. Who asks has a time limit of its own */
        CompletionStage<Boolean> answers(Member member);
    }

    /** Two members that do not reach each other. */
    record BrokenLink(Member one, Member other) {}

    /**
     * @param member     who is kept out, as it is seen
     * @param notReached members that it does not reach, or that do not reach it; empty if it may be taken in soon
     */
    record KeptOut(Member member, List<Member> notReached) {
        public KeptOut {
            notReached = List.copyOf(notReached);
        }
    }

    /** Where this node stands. */
    enum Phase {
        /** No cluster has been formatted here. */
        UNFORMATTED,
        /** Formatted, but since its start this node has not been part of a majority yet. */
        JOINING,
        /** A member of the current epoch with a leader and, but for moments, a lease. */
        SERVING,
        /** It was serving, and cannot reach a majority now: I/O is parked. */
        ISOLATED,
        /** It left or was closed, or the cluster refused it; {@link Status#reason} says why. */
        STOPPED
    }

    /**
     * @param leader store id of the leader this node follows, 0 if none
     * @param missing members of the latest epoch that are not visible, for {@code cluster info -v}
     * @param reason why JOINING, ISOLATED or STOPPED lasts; empty otherwise
     */
    record Status(Phase phase, long leader, long commitIndex, List<Member> missing, String reason) {}

    /** What the entries mean. Implemented by the daemon; called on the loop. Deterministic: no clock, no chance. */
    interface StateMachine {
        /**
         * An epoch was committed. Called before any command that comes after it in the log, also while replaying at
         * start; the first one of a cluster right after the command that formatted it. When this returns, the store must refuse writes of earlier epochs.
         */
        void epoch(Position position, EpochRecord epoch);

        /**
         * A member of the current epoch runs as a new process: {@code member} is its record from now on. Whatever its
         * last process held (a right to write, a lease) is void.
         */
        default void memberStarted(Position position, Member member) {}

        /** A committed command; what it returns goes to its proposer, at most 64 KiB. */
        byte[] apply(Position position, byte[] command);

        /**
         * Whether this sheep can apply {@code command}. A leader takes no other into the log, whoever proposes it: what
         * is in the log must be applied by all.
         */
        default boolean understands(byte[] command) {
            return true;
        }

        /**
         * Whether {@code command} formats the cluster anew, so that the epoch that follows it is 1 again: the log then
         * calls {@link #epoch} with number 1 and the members of the current epoch right after {@link #apply}.
         */
        boolean restartsEpochs(byte[] command);

        /**
         * Stores that get no objects: epochs from now on give them no vnodes, whatever space they have. They stay members and
         * voters like others that hold data.
         */
        default Set<Long> draining() {
            return Set.of();
        }

        /** The whole state, for a node that is far behind, and to keep the log short. */
        byte[] snapshot();

        /**
         * The whole state as it begins in a cluster that goes on by {@link ClusterLog#force}.
         *
         * @param cluster random number of the new cluster
         * @param first   its first epoch, with a number far beyond the last one
         * @param there   the stores that are not gone for good
         */
        default byte[] forced(long cluster, EpochRecord first, Set<Long> there) {
            return snapshot();
        }

        /** Replaces the state; the epochs that led to it are part of the bytes. */
        void restore(Position position, byte[] state);

        /** The phase, the leader, the lease or who is visible changed. */
        void statusChanged();
    }

    /** Where in the log: entries are numbered from 1 without gaps. */
    record Position(long index, long term) {}
}
