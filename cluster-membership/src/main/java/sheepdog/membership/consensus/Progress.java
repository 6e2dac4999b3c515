package sheepdog.membership.consensus;

import java.util.ArrayDeque;
import java.util.Deque;

/** What a leader knows of one other node. */
final class Progress {
    /** How entries are sent. */
    enum Mode {
        /** One message at a time, until it is known where the logs part. */
        PROBE,
        /** A window of messages. */
        STREAM,
        /** A snapshot, chunk by chunk. */
        SNAPSHOT
    }

    static final long NEVER = Long.MIN_VALUE / 2;

    Mode mode = Mode.PROBE;
    long next;
    long match = EntryLog.NONE;
    /** Last index of each message under way. */
    final Deque<Long> underWay = new ArrayDeque<>();
    /** When the last message that wants an answer was sent, or an answer came. */
    long movedAt = NEVER;

    boolean acked;
    long heardAt = NEVER;
    long incarnation;
    /** Sending time, on the leader's clock, of the newest heartbeat it answered. */
    long contactAt = NEVER;
    /** Its clock, when it sent that answer. */
    long askedAt;
    /** This clock, when that answer came. */
    long askedHeardAt = NEVER;

    /** The commit index it was told last. */
    long commitSent = EntryLog.NONE;

    /** What its newest process has applied. */
    long applied = EntryLog.NONE;

    long grantSentAt = NEVER;
    /** What it had applied, as that grant says. */
    long grantApplied = EntryLog.NONE;

    Snapshot snapshot;
    byte[] snapshotBytes;
    int snapshotOffset;

    Progress(long next) {
        this.next = next;
    }

    void probe(long from) {
        mode = Mode.PROBE;
        next = from;
        underWay.clear();
        movedAt = NEVER;
        snapshot = null;
        snapshotBytes = null;
    }
}
