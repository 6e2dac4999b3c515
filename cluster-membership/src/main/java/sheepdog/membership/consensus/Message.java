package sheepdog.membership.consensus;

import java.util.List;

/**
 * What cores say to each other. {@code incarnation} is the sender's; times are of the clock named, in nanoseconds, and
 * only come back to the node whose clock it was.
 */
public sealed interface Message {
    long term();

    /**
     * Asks for a vote, or with {@code trial} whether there would be one.
     *
     * @param handover        the leader of the term before has stepped down in the candidate's favour
     * @param dead            a leader whose process is known to be dead, 0 if none; and of which incarnation
     */
    record VoteRequest(
            long term, boolean trial, boolean handover, long lastIndex, long lastTerm, long dead, long deadIncarnation)
            implements Message {}

    record VoteReply(long term, boolean trial, boolean granted) implements Message {}

    record Append(long term, long incarnation, long prevIndex, long prevTerm, List<Entry> entries, long commit)
            implements Message {
        public Append {
            entries = List.copyOf(entries);
        }
    }

    /**
     * @param index    accepted: the last index known to be the leader's, and on disk; refused: {@code prevIndex} of the
     *                 request
     * @param hint     refused: where the follower's log differs at the latest
     * @param hintTerm refused: the term of the follower's entry there, 0 if it has none
     */
    record AppendReply(long term, long incarnation, boolean accepted, long index, long hint, long hintTerm)
            implements Message {}

    /**
     * @param sentAt        leader's clock
     * @param grants        whether a lease comes with it
     * @param toIncarnation whom the lease is for
     * @param askedAt       receiver's clock: when it sent the reply that asked for this lease
     * @param askedApplied  what the receiver had applied by then, as far as the sender knows: the lease ends when
     *                      it applies a later fence
     */
    record Heartbeat(
            long term,
            long incarnation,
            long sentAt,
            long commit,
            boolean grants,
            long toIncarnation,
            long askedAt,
            long askedApplied)
            implements Message {}

    /**
     * @param leaderSentAt the heartbeat's {@code sentAt}
     * @param sentAt       sender's clock
     * @param match        last index known to be the leader's, and on disk
     * @param applied      last index applied
     */
    record HeartbeatReply(long term, long incarnation, long leaderSentAt, long sentAt, long match, long applied)
            implements Message {}

    /** The sender has applied everything up to {@code index}; sent without being asked after a fence. */
    record Applied(long term, long incarnation, long index) implements Message {}

    /** Part of an encoded {@link Snapshot} of {@code index}. */
    record SnapshotChunk(long term, long incarnation, long index, int total, int offset, byte[] bytes)
            implements Message {}

    /** Everything up to {@code received} has come. */
    record SnapshotReply(long term, long incarnation, long index, int received) implements Message {}

    /** The sender led and leads no more: the receiver may ask for votes at once. */
    record Handover(long term) implements Message {}
}
