package sheepdog.membership.consensus;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import sheepdog.membership.consensus.Message.Append;
import sheepdog.membership.consensus.Message.AppendReply;
import sheepdog.membership.consensus.Message.Applied;
import sheepdog.membership.consensus.Message.Heartbeat;
import sheepdog.membership.consensus.Message.HeartbeatReply;
import sheepdog.membership.consensus.Message.SnapshotChunk;
import sheepdog.membership.consensus.Message.SnapshotReply;

/**
 * What a node has only while it leads: the others' progress, and the leases.
 *
 * <p>Leases are granted, to others and to itself, while a quorum has answered a heartbeat <i>sent</i> less than D ago,
 * and not before {@link #fenceOpen}.
 *
 * <p>A lease is for what its holder has applied, up to the next entry that {@linkplain Entry.Kind#endsLeases ends
 * leases}. When such a fence is committed nobody gets a lease any more before every member has applied it or has had
 * the time to run out of what it holds: so all who hold a lease at any time act on the same configuration. A new leader
 * has heard of nobody that it applied anything: so every member must first have come over to this term, be dead, or have had
 * the time to run out of what an earlier leader granted, and leases of two terms never meet.
 */
final class Leadership {
    static final int APPEND_BYTES_MAX = 512 << 10;
    static final int WINDOW_MESSAGES_MAX = 32;
    static final int CHUNK_BYTES = 512 << 10;

    private final Consensus core;
    private final long electedAt;
    private final long noopIndex;
    private final TreeMap<Long, Progress> peers = new TreeMap<>();
    private final TreeSet<Long> observers = new TreeSet<>();
    private final TreeMap<Long, Long> withheld = new TreeMap<>();
    /** On this clock, when the last lease granted to a node is over for certain. */
    private final TreeMap<Long, Long> grantedUntil = new TreeMap<>();

    /** Index of the newest fence behind which leases are granted. */
    private long openFence = EntryLog.NONE;

    private long heartbeatAt;
    private long quorumAt;

    Leadership(Consensus core, long noopIndex) {
        this.core = core;
        this.noopIndex = noopIndex;
        electedAt = core.now;
        quorumAt = core.now;
        heartbeatAt = core.now;
    }

    // Who is there

    /** Brings {@link #peers} in line with the configuration and the observers. */
    void adopt() {
        Config config = core.log.config();
        var wanted = new TreeSet<>(config.all());
        wanted.addAll(observers);
        wanted.remove(core.self);
        peers.keySet().retainAll(wanted);
        for (long id : wanted) {
            if (!peers.containsKey(id)) {
                peers.put(id, new Progress(core.log.last() + 1));
                sendHeartbeat(id);
                sendEntries(id);
            }
        }
    }

    void observe(long id) {
        if (observers.add(id)) {
            adopt();
        }
    }

    void unobserve(long id) {
        if (observers.remove(id)) {
            adopt();
        }
    }

    void withhold(long id, long incarnation) {
        withheld.put(id, incarnation);
    }

    void grantAgain(long id) {
        withheld.remove(id);
    }

    long heardAt(long id) {
        Progress peer = peers.get(id);
        return peer == null || peer.heardAt == Progress.NEVER ? electedAt : peer.heardAt;
    }

    boolean heard(long id) {
        Progress peer = peers.get(id);
        return peer != null && peer.acked;
    }

    /** The incarnation of {@code id} that was heard last in this term; 0 if none was. */
    long incarnation(long id) {
        Progress peer = peers.get(id);
        return peer == null ? 0 : peer.incarnation;
    }

    boolean caughtUp(long id) {
        Progress peer = peers.get(id);
        return peer != null && peer.acked && peer.mode == Progress.Mode.STREAM && peer.match >= core.commit();
    }

    long electedAt() {
        return electedAt;
    }

    // Leases

    /** Latest moment at which a quorum is known to have followed this leader. */
    private long quorumContactAt() {
        return core.log.config().agreed(id -> {
            Progress peer = peers.get(id);
            return id == core.self ? core.now : peer == null ? Progress.NEVER : peer.contactAt;
        });
    }

    boolean holdsLease() {
        return mayGrant() && core.applied() >= committedFence();
    }

    private boolean mayGrant() {
        return ready()
                && fenceOpen()
                && core.now - quorumContactAt() < core.timing.lease().toNanos();
    }

    private long committedFence() {
        return core.log.fenceAt(core.commit());
    }

    /** Whether nobody can hold a lease any more that was granted before the newest committed fence. */
    private boolean fenceOpen() {
        long newest = committedFence();
        if (openFence < newest && core.log.config().all().stream().allMatch(id -> isBehind(id, newest))) {
            openFence = newest;
        }
        return openFence >= newest;
    }

    private boolean isBehind(long id, long fence) {
        // This node knows of the commit, and from then on holds no lease before it has applied it.
        return id == core.self || applied(id) >= fence || leaseOver(id);
    }

    private long applied(long id) {
        Progress peer = peers.get(id);
        return peer == null ? EntryLog.NONE : peer.applied;
    }

    /** Sends leases out as soon as they may be granted, not only with the next heartbeat. */
    private void openFenceNow() {
        long before = openFence;
        if (fenceOpen() && openFence != before) {
            List.copyOf(peers.keySet()).forEach(this::sendHeartbeat);
        }
    }

    /** Whether what this leader's predecessors left is committed and has been handed out here. */
    boolean ready() {
        return core.commit() >= noopIndex && core.applied() >= noopIndex;
    }

    /** Whether what an earlier leader granted to {@code id} is over, or was never granted, as far as is known before E has passed. */
    private boolean heldByNoOtherTerm(long id) {
        return id == core.self || heard(id) || core.certainlyDead(id);
    }

    /** Whether no lease that this or an earlier leader granted to {@code id} can be valid any more. */
    boolean leaseOver(long id) {
        boolean ofEarlierLeaderOver = heldByNoOtherTerm(id)
                || core.now - electedAt >= core.timing.promise().toNanos();
        return core.certainlyDead(id) || ofEarlierLeaderOver && core.now >= grantedUntil.getOrDefault(id, electedAt);
    }

    private boolean grantsTo(long id, Progress peer) {
        Config config = core.log.config();
        return core.now - peer.askedHeardAt < core.timing.lease().toNanos()
                && peer.incarnation == core.memberIncarnation(id)
                && config.member(id)
                && core.log.configAt(core.commit()).member(id)
                && peer.incarnation > withheld.getOrDefault(id, 0L)
                && peer.applied >= committedFence()
                && mayGrant();
    }

    // Time

    void tick() {
        long quorum = quorumContactAt();
        quorumAt = Math.max(quorumAt, quorum);
        if (core.now - quorumAt > core.timing.electionMax().toNanos()) {
            core.stepDown("no quorum has answered");
            return;
        }
        if (core.lagsBehindOthers()) {
            // It could neither apply an epoch nor decide on the next.
            core.handOverOrStop("its disk hangs");
            return;
        }
        if (core.now >= heartbeatAt) {
            heartbeatAt = core.now + core.timing.heartbeat().toNanos();
            List.copyOf(peers.keySet()).forEach(this::sendHeartbeat);
        }
        openFenceNow();
        core.settleConfig();
    }

    private void sendHeartbeat(long id) {
        Progress peer = peers.get(id);
        boolean grants = grantsTo(id, peer);
        peer.commitSent = core.commit();
        if (grants) {
            peer.grantSentAt = core.now;
            peer.grantApplied = peer.applied;
            // Its lease counts from when it asked, which was before its question was heard here.
            grantedUntil.put(id, peer.askedHeardAt + core.timing.promise().toNanos());
        }
        core.send(
                id,
                new Heartbeat(
                        core.term(),
                        core.incarnation,
                        core.now,
                        core.commit(),
                        grants,
                        peer.incarnation,
                        peer.askedAt,
                        peer.applied));
    }

    // Entries

    void replicate() {
        peers.keySet().forEach(this::sendEntries);
    }

    /** Tells those who get no entries now how far the log is committed. */
    void announceCommit() {
        peers.forEach(this::announceCommit);
    }

    private void announceCommit(long id, Progress peer) {
        if (peer.commitSent < core.commit() && peer.mode == Progress.Mode.STREAM && peer.match >= core.log.last()) {
            sendHeartbeat(id);
        }
    }

    private void sendEntries(long id) {
        Progress peer = peers.get(id);
        switch (peer.mode) {
            case SNAPSHOT -> {}
            case PROBE -> {
                if (peer.movedAt != Progress.NEVER) {
                    return;
                }
                if (peer.next - 1 < core.log.baseIndex()) {
                    startSnapshot(id, peer);
                } else {
                    sendAppend(id, peer);
                }
            }
            case STREAM -> {
                while (peer.next <= core.log.last() && peer.underWay.size() < WINDOW_MESSAGES_MAX) {
                    if (peer.next - 1 < core.log.baseIndex()) {
                        startSnapshot(id, peer);
                        return;
                    }
                    peer.next += sendAppend(id, peer);
                    peer.underWay.add(peer.next - 1);
                }
            }
        }
    }

    private int sendAppend(long id, Progress peer) {
        List<Entry> entries = core.log.slice(peer.next, APPEND_BYTES_MAX);
        long prev = peer.next - 1;
        peer.movedAt = core.now;
        peer.commitSent = core.commit();
        core.send(id, new Append(core.term(), core.incarnation, prev, core.log.term(prev), entries, core.commit()));
        return entries.size();
    }

    private void startSnapshot(long id, Progress peer) {
        peer.mode = Progress.Mode.SNAPSHOT;
        peer.underWay.clear();
        peer.snapshot = core.snapshot();
        peer.snapshotBytes = peer.snapshot.encode();
        peer.snapshotOffset = 0;
        sendChunk(id, peer);
    }

    private void sendChunk(long id, Progress peer) {
        int length = Math.min(CHUNK_BYTES, peer.snapshotBytes.length - peer.snapshotOffset);
        byte[] bytes = new byte[length];
        System.arraycopy(peer.snapshotBytes, peer.snapshotOffset, bytes, 0, length);
        peer.movedAt = core.now;
        core.send(
                id,
                new SnapshotChunk(
                        core.term(),
                        core.incarnation,
                        peer.snapshot.index(),
                        peer.snapshotBytes.length,
                        peer.snapshotOffset,
                        bytes));
    }

    // Answers

    /** @throws MalformedException if the answer says that somebody has more of this leader's log than there is */
    private void requireKnown(long match) {
        if (match > core.log.last()) {
            throw new MalformedException("entry " + match + " confirmed, the last is " + core.log.last());
        }
    }

    private Progress heard(long id, long incarnation) {
        Progress peer = peers.get(id);
        if (peer == null || incarnation < peer.incarnation) {
            return null;
        }
        if (incarnation > peer.incarnation) {
            // Started anew: what was under way to it is lost, and what it has is to be asked again.
            peer.incarnation = incarnation;
            peer.contactAt = Progress.NEVER;
            peer.askedHeardAt = Progress.NEVER;
            peer.match = EntryLog.NONE;
            peer.applied = EntryLog.NONE;
            peer.probe(core.log.last() + 1);
        }
        peer.acked = true;
        peer.heardAt = core.now;
        return peer;
    }

    void answered(long id, AppendReply reply) {
        requireKnown(reply.index());
        Progress peer = heard(id, reply.incarnation());
        if (peer == null) {
            return;
        }
        if (!reply.accepted()) {
            refused(peer, reply);
        } else {
            matched(peer, reply.index());
        }
        sendEntries(id);
        advance(id, peer);
    }

    /** Last in every answer's turn, since it may end this leadership. */
    private void advance(long id, Progress peer) {
        core.advanceCommit();
        core.settleConfig();
        if (core.ledBy(this) && peers.get(id) == peer) {
            announceCommit(id, peer);
        }
    }

    private void matched(Progress peer, long index) {
        while (!peer.underWay.isEmpty() && peer.underWay.getFirst() <= index) {
            peer.underWay.removeFirst();
        }
        if (index > peer.match) {
            peer.match = index;
            peer.movedAt = core.now;
        }
        if (peer.mode == Progress.Mode.PROBE || peer.mode == Progress.Mode.SNAPSHOT && index >= peer.snapshot.index()) {
            peer.probe(peer.match + 1);
            peer.mode = Progress.Mode.STREAM;
        }
        peer.next = Math.max(peer.next, peer.match + 1);
    }

    private void refused(Progress peer, AppendReply reply) {
        // Only an answer to the newest question counts; older ones come late or twice.
        if (peer.mode == Progress.Mode.SNAPSHOT || reply.index() <= peer.match) {
            return;
        }
        if (peer.mode == Progress.Mode.PROBE && reply.index() != peer.next - 1) {
            return;
        }
        long next = Math.min(reply.hint(), reply.index());
        if (reply.hintTerm() > 0 && core.log.knows(next)) {
            // Skip all that the follower has of a later term than we have there.
            next = Math.min(next, core.log.lastAtOrBefore(reply.hintTerm(), next) + 1);
        }
        peer.probe(Math.max(next, peer.match + 1));
    }

    void answered(long id, HeartbeatReply reply) {
        requireKnown(reply.match());
        requireKnown(reply.applied());
        if (reply.leaderSentAt() > core.now) {
            throw new MalformedException("answer to a heartbeat that was not sent yet");
        }
        Progress peer = heard(id, reply.incarnation());
        if (peer == null) {
            return;
        }
        if (reply.leaderSentAt() > peer.contactAt) {
            peer.contactAt = reply.leaderSentAt();
            peer.askedAt = reply.sentAt();
            peer.askedHeardAt = core.now;
        }
        peer.applied = Math.max(peer.applied, reply.applied());
        if (reply.match() > peer.match) {
            matched(peer, reply.match());
        }
        long patience = core.timing.heartbeat().toNanos() * 2;
        boolean stuck = peer.movedAt == Progress.NEVER || core.now - peer.movedAt > patience;
        switch (peer.mode) {
            case PROBE -> {
                if (stuck) {
                    peer.probe(peer.next);
                }
            }
            case STREAM -> {
                if (stuck && peer.match < core.log.last()) {
                    // What was under way is lost, or the follower has started anew.
                    peer.probe(peer.match + 1);
                }
            }
            case SNAPSHOT -> {
                if (stuck) {
                    sendChunk(id, peer);
                }
            }
        }
        sendEntries(id);
        openFenceNow();
        grantIfDue(id, peer);
        advance(id, peer);
    }

    void told(long id, Applied told) {
        requireKnown(told.index());
        Progress peer = heard(id, told.incarnation());
        if (peer == null) {
            return;
        }
        peer.applied = Math.max(peer.applied, told.index());
        openFenceNow();
        grantIfDue(id, peer);
    }

    private void grantIfDue(long id, Progress peer) {
        boolean old = core.now - peer.grantSentAt
                > core.timing.heartbeat().toNanos() + core.timing.heartbeat().toNanos() / 2;
        if ((old || peer.grantApplied < committedFence()) && grantsTo(id, peer)) {
            sendHeartbeat(id);
        }
    }

    void answered(long id, SnapshotReply reply) {
        Progress peer = heard(id, reply.incarnation());
        if (peer == null
                || peer.mode != Progress.Mode.SNAPSHOT
                || reply.index() != peer.snapshot.index()
                || reply.received() < 0
                || reply.received() >= peer.snapshotBytes.length) {
            return;
        }
        if (reply.received() > peer.snapshotOffset) {
            peer.snapshotOffset = reply.received();
            sendChunk(id, peer);
        } else if (reply.received() < peer.snapshotOffset && reply.received() == 0) {
            // The follower has lost what it had.
            peer.snapshotOffset = 0;
            sendChunk(id, peer);
        }
    }

    long match(long id) {
        Progress peer = peers.get(id);
        return peer == null ? EntryLog.NONE : peer.match;
    }

    /** The voter with the most of the log among those heard lately; 0 if there is none. */
    long successor() {
        long best = 0;
        long bestMatch = EntryLog.NONE;
        for (Map.Entry<Long, Progress> peer : peers.entrySet()) {
            Progress progress = peer.getValue();
            boolean lately =
                    core.now - progress.heardAt < core.timing.heartbeat().toNanos() * 3;
            if (lately && core.log.config().current().contains(peer.getKey()) && progress.match > bestMatch) {
                best = peer.getKey();
                bestMatch = progress.match;
            }
        }
        return best;
    }
}
