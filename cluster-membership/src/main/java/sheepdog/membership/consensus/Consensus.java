package sheepdog.membership.consensus;

import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import sheepdog.membership.consensus.Message.Append;
import sheepdog.membership.consensus.Message.AppendReply;
import sheepdog.membership.consensus.Message.Applied;
import sheepdog.membership.consensus.Message.Handover;
import sheepdog.membership.consensus.Message.Heartbeat;
import sheepdog.membership.consensus.Message.HeartbeatReply;
import sheepdog.membership.consensus.Message.SnapshotChunk;
import sheepdog.membership.consensus.Message.SnapshotReply;
import sheepdog.membership.consensus.Message.VoteReply;
import sheepdog.membership.consensus.Message.VoteRequest;
import sheepdog.protocol.model.Invariant;

/**
 * One node's part in the consensus: Raft with trial votes, leader stickiness, a check that the leader still has its
 * quorum, joint changes of the voters, learners, and leases. Owned by one thread.
 *
 * <pre>
 *             no leader for a while, or it is dead:
 *             would you vote for me?          a quorum would
 *   FOLLOWER ---------------------- (trial) ----------------> CANDIDATE ---- a quorum has voted ---> LEADER
 *      ^  ^                                                       |                                    |
 *      |  +------------- another leads, or a later term ----------+                                    |
 *      +---------- a later term, no quorum answers, hands over, is no voter any more ------------------+
 * </pre>
 *
 * <p>How its owner uses it: give it what happens ({@link #tick}, {@link #receive}, {@link #propose}, ...), and after
 * each call send {@link #takeMessages}, write {@link #takeWrite} and say {@link #written} when that is durable, install
 * {@link #takeRestore}, and apply {@link #nextCommitted}. Messages that promise something (a vote, entries that are on
 * disk) come out only when what they promise has been written.
 *
 * <p>What makes it safe where others have failed:
 * <ul>
 *   <li>A follower takes the leader's commit index only as far as it has compared its log with this leader's.
 *   <li>A leader counts copies only of entries of its own term; its first entry is a no-op.
 *   <li>Configurations are in force from the moment they are in the log. The next one waits until the last is committed
 *       and left, and the no-op of the term is committed.
 *   <li>Votes are given by whoever is asked, whatever its own list of voters says.
 *   <li>A node whose log ends before what it knows to be committed votes for nobody until it has it back.
 * </ul>
 */
public final class Consensus {
    /** What this node is now. */
    public enum Role {
        FOLLOWER,
        CANDIDATE,
        LEADER
    }

    /** Term of the entries that are made when a cluster is formatted. No election takes place in it. */
    public static final long GENESIS_TERM = 1;

    private static final int SNAPSHOT_BYTES_MAX = 256 << 20;

    final long self;
    final long incarnation;
    final LogTiming timing;
    final EntryLog log = new EntryLog();
    long now;

    private final RandomGenerator random;

    private long term;
    private long vote;
    private long commit = EntryLog.NONE;
    private long applied = EntryLog.NONE;
    private Snapshot snapshot;

    private Role role = Role.FOLLOWER;
    private long leader;
    private String lastStepDown = "";
    /** When a leader was last heard, or this node started: it has promised to vote for nobody else for a while. */
    private long promisedAt;

    private boolean promised;
    private long promisedTo;
    private long promisedIncarnation;
    private long electionAt;
    private final TreeSet<Long> votes = new TreeSet<>();
    private boolean trial;
    private Leadership leadership;

    /** Last index known to be the same here and at the leader of this term. */
    private long verified = EntryLog.NONE;
    /** Entries up to here were on disk once; while they are not, this node does not vote. */
    private final long lostBelow;

    private final TreeMap<Long, Long> deadIncarnations = new TreeMap<>();
    private final TreeMap<Long, Long> memberIncarnations = new TreeMap<>();

    private long leaseTerm;
    private long leaseUntil;
    /** The lease is over when a later entry that ends leases is applied. */
    private long leaseApplied;

    /** Whether an entry that ends leases was applied, and the leader has not been told. */
    private boolean tellApplied;

    // What must be on disk
    private long version;
    private long durableVersion;
    private long termVersion;
    private boolean writing;
    private long writingSince;
    private boolean hardDirty;
    private boolean snapshotDirty;
    private long truncatedFrom = LogWrite.NOTHING;
    private long stable;
    private long writingTo;
    private long writtenCommit;
    private long durableCommit;

    private final List<Outgoing> ready = new ArrayList<>();
    private final Deque<Held> held = new ArrayDeque<>();
    private Snapshot restore;
    private long restoreVersion;

    private long incomingSnapshot = EntryLog.NONE;
    private int incomingTotal;
    private ByteArrayOutputStream incomingBytes = new ByteArrayOutputStream();

    /** A message that waits for the disk. */
    private record Held(long version, Outgoing outgoing) {}

    /**
     * @param self        this node's store id
     * @param incarnation of this process; later processes of the same store have greater ones
     * @param random      for the times between elections
     * @param restored    what was on disk
     * @param nowNanos    as in {@link #tick}
     */
    public Consensus(
            long self, long incarnation, LogTiming timing, RandomGenerator random, Restored restored, long nowNanos) {
        this.self = self;
        this.incarnation = incarnation;
        this.timing = timing;
        this.random = random;
        now = nowNanos;
        term = restored.hard().term();
        vote = restored.hard().vote();
        restored.snapshot().ifPresent(found -> {
            snapshot = found;
            restore = found;
            log.reset(found);
        });
        restored.entries().forEach(log::append);
        stable = log.last();
        writingTo = log.last();
        if (log.begun()) {
            applied = log.baseIndex();
            commit = Math.max(log.baseIndex(), Math.min(restored.hard().commit(), log.last()));
        }
        lostBelow = restored.hard().commit() > log.last() ? restored.hard().commit() : EntryLog.NONE;
        writtenCommit = commit;
        durableCommit = commit;
        if (!pristine() && !alone()) {
            promised = true;
            promisedAt = now;
        }
        electionAt = now + (promised ? timing.promise().toNanos() : 0) + drawn(timing.retryMin(), timing.retryMax());
    }

    // ---- What its owner asks

    public Role role() {
        return role;
    }

    public long term() {
        return term;
    }

    /** Store id of the leader this node follows, or is; 0 if none. */
    public long leader() {
        return leader;
    }

    /** The last index known to be committed here; -1 on a node that belongs to no cluster. */
    public long commit() {
        return commit;
    }

    /** The last index handed out by {@link #nextCommitted}, or restored. */
    public long applied() {
        return applied;
    }

    public long lastIndex() {
        return log.last();
    }

    /** Whether this node has a log at all. */
    public boolean formatted() {
        return log.begun();
    }

    /** Whether it has a log that nobody has voted or written in since it was formatted. */
    public boolean pristine() {
        return !formatted() || term <= GENESIS_TERM && vote == 0;
    }

    /** The newest configuration in the log, committed or not. */
    public Config config() {
        return log.config();
    }

    /** Whether it is committed that this node is no member, and nobody needs its vote for that any more. */
    public boolean out() {
        return log.begun()
                && log.configIndex() <= commit
                && !log.config().joint()
                && !log.config().member(self);
    }

    /** The term of the entry at {@code index}, if it is in memory; for checks. */
    public Optional<Long> termAt(long index) {
        return log.knows(index) ? Optional.of(log.term(index)) : Optional.empty();
    }

    /** The entry that a cluster was formatted with, as long as it is not known to be committed. */
    public Optional<Entry> genesis() {
        boolean there = log.begun() && commit == 0 && log.baseIndex() == 0 && log.last() > 0;
        return there && log.term(1) == GENESIS_TERM ? Optional.of(log.get(1)) : Optional.empty();
    }

    /** The newest snapshot; its data is what the owner gave. */
    public Snapshot snapshot() {
        return snapshot;
    }

    /** Why this node led no more, for the log of events. */
    public String lastStepDown() {
        return lastStepDown;
    }

    /** Entries that lack here though this node once had them; it votes for nobody until it has them back. */
    public boolean damaged() {
        return lostBelow != EntryLog.NONE && (stable < lostBelow || commit < lostBelow);
    }

    /** Whether this node may act on the state it has applied, at {@code nowNanos} (R2). */
    public boolean holdsLease(long nowNanos) {
        now = Math.max(now, nowNanos);
        if (role == Role.LEADER) {
            return leadership.holdsLease();
        }
        return leaseTerm == term && leader != 0 && now < leaseUntil && log.fenceAt(applied) <= leaseApplied;
    }

    /**
     * Leader: whether a new configuration may be proposed now: the last one is committed, left, and known to this node's
     * owner, who would else decide from an older one (others can commit what a leader with a slow disk has not stored).
     */
    public boolean mayPropose() {
        return role == Role.LEADER
                && leadership.ready()
                && log.configIndex() <= applied
                && !log.config().joint();
    }

    /** Leader: when it was elected. */
    public long electedAt() {
        return leadership.electedAt();
    }

    /** Leader: when {@code id} last answered, or when this node was elected, whichever is later. */
    public long heardAt(long id) {
        return leadership.heardAt(id);
    }

    /** Leader: whether {@code id} has answered in this term. */
    public boolean heard(long id) {
        return leadership.heard(id);
    }

    /** Leader: the newest incarnation of {@code id} that has answered in this term, 0 if none has. */
    public long incarnation(long id) {
        return leadership.incarnation(id);
    }

    /** Leader: whether {@code id} has all that is committed. */
    public boolean caughtUp(long id) {
        return leadership.caughtUp(id);
    }

    /** Leader: whether {@code id} cannot hold a lease any more that this or an earlier leader granted. */
    public boolean leaseOver(long id) {
        return leadership.leaseOver(id);
    }

    /** The newest incarnation of {@code id} that can hold a lease, 0 if that is not known. */
    long memberIncarnation(long id) {
        return memberIncarnations.getOrDefault(id, 0L);
    }

    boolean ledBy(Leadership asking) {
        return leadership == asking;
    }

    /** Whether the process of the member {@code id}, as of the newest incarnation known, is dead. */
    boolean certainlyDead(long id) {
        Long dead = deadIncarnations.get(id);
        Long known = memberIncarnations.get(id);
        return dead != null && known != null && dead >= known;
    }

    // ---- What its owner tells

    /** Time passes. {@code nowNanos} never runs backwards. */
    public void tick(long nowNanos) {
        now = Math.max(now, nowNanos);
        if (role == Role.LEADER) {
            leadership.tick();
        } else if (now >= electionAt) {
            electionAt = now + drawn(timing.retryMin(), timing.retryMax());
            if (electable() && !mayHaveLeader()) {
                startElection(true, false);
            }
        }
    }

    /** Asks for votes without waiting; for the node that formats a cluster. */
    public void campaign(long nowNanos) {
        now = Math.max(now, nowNanos);
        Invariant.check(pristine() && formatted() && log.config().votes(self), "campaign in term %d", term);
        startElection(false, false);
    }

    /**
     * Leader: appends {@code data}; it may yet be lost.
     *
     * @param fence whether nobody may act any more on what was true before it
     */
    public void propose(byte[] data, boolean fence) {
        Invariant.check(role == Role.LEADER, "proposal to a %s", role);
        append(fence ? Entry.Kind.FENCE : Entry.Kind.COMMAND, data);
        leadership.replicate();
        advanceCommit();
    }

    /** Leader, when {@link #mayPropose}: goes over to {@code target}, whose previous quorum is ignored. */
    public void proposeConfig(Config target) {
        Invariant.check(mayPropose(), "configuration proposed too early");
        append(Entry.Kind.CONFIG, target.enteredFrom(log.config()).encode());
        leadership.adopt();
        leadership.replicate();
        advanceCommit();
    }

    /** Leader: sends the log to {@code id} too, which is no member yet. */
    public void observe(long id) {
        leadership.observe(id);
    }

    public void unobserve(long id) {
        leadership.unobserve(id);
    }

    /** Leader: {@code id} gets no lease any more, unless as a later process than {@code ofIncarnation}. */
    public void withhold(long id, long ofIncarnation) {
        leadership.withhold(id, ofIncarnation);
    }

    public void grantAgain(long id) {
        leadership.grantAgain(id);
    }

    /** The newest incarnation of a member that was committed: only that one can hold a lease. */
    public void memberIncarnation(long id, long known) {
        memberIncarnations.merge(id, known, Math::max);
    }

    /** That process, and each before it on its store, is dead for certain. */
    public void dead(long id, long deadIncarnation) {
        deadIncarnations.merge(id, deadIncarnation, Math::max);
        if (role != Role.LEADER && id == promisedTo && leaderDead()) {
            electionAt = Math.min(electionAt, now + drawn(timing.tick(), timing.retryMin()));
        }
    }

    /**
     * Leader: stops leading, for good in this term, in favour of the voter that has most of the log. Whether that one
     * then leads is not certain; if not, the others find a leader in their own time.
     *
     * @param complete only to one that has the whole log, and so is likely to be elected
     * @return whether there was anybody to hand over to
     */
    public boolean handOver(boolean complete) {
        long successor = leadership.successor();
        if (successor == 0 || complete && leadership.match(successor) < log.last()) {
            return false;
        }
        long handedTerm = term;
        stepDown("handed over");
        send(successor, new Handover(handedTerm));
        return true;
    }

    /** Whether {@link #compact} may be called: no other state is about to be installed. */
    public boolean mayCompact() {
        return log.begun() && restore == null && applied > snapshot.index();
    }

    /**
     * Replaces the entries up to what is applied by {@code data}, the owner's state after them.
     *
     * @param trailing entries that are kept in memory all the same, so that a node a little behind needs no snapshot
     */
    public void compact(byte[] data, int trailing) {
        Invariant.check(mayCompact() && applied <= stable, "compact at %d", applied);
        snapshot = new Snapshot(applied, log.term(applied), log.configAt(applied), data);
        log.compact(applied, trailing);
        snapshotDirty = true;
        changed();
    }

    // ---- What comes out

    /** What may be sent now. */
    public List<Outgoing> takeMessages() {
        if (tellApplied) {
            tellApplied = false;
            if (role == Role.FOLLOWER && leader != 0) {
                send(leader, new Applied(term, incarnation, applied));
            }
        }
        var taken = List.copyOf(ready);
        ready.clear();
        return taken;
    }

    /** The next change of what is on disk. Nothing comes out before the last one was {@link #written}. */
    public Optional<LogWrite> takeWrite() {
        boolean entries = writingTo < log.last();
        if (writing || !log.begun() || !(entries || hardDirty || snapshotDirty || truncatedFrom != LogWrite.NOTHING)) {
            return Optional.empty();
        }
        long from = snapshotDirty ? snapshot.index() + 1 : writingTo + 1;
        var write = new LogWrite(
                version,
                new HardState(term, vote, commit),
                snapshotDirty ? Optional.of(snapshot) : Optional.empty(),
                snapshotDirty ? LogWrite.NOTHING : truncatedFrom,
                log.slice(from, Long.MAX_VALUE));
        writing = true;
        writingSince = now;
        hardDirty = false;
        snapshotDirty = false;
        truncatedFrom = LogWrite.NOTHING;
        writingTo = log.last();
        writtenCommit = commit;
        return Optional.of(write);
    }

    /** {@code write} is durable. */
    public void written(LogWrite write, long nowNanos) {
        now = Math.max(now, nowNanos);
        Invariant.check(writing, "written, but nothing was being written");
        writing = false;
        durableVersion = write.version();
        durableCommit = write.hard().commit();
        stable = Math.max(stable, writingTo);
        while (!held.isEmpty() && held.getFirst().version() <= durableVersion) {
            ready.add(held.removeFirst().outgoing());
        }
        if (role == Role.CANDIDATE && durableVersion >= termVersion && votes.add(self)) {
            countVotes();
        }
        advanceCommit();
    }

    /**
     * Takes all that is in this node's log for committed: for a node that goes on without those who could say. To be called
     * again, after more has been written, as long as it returns false; nothing of this core may be used after it but what
     * applies entries.
     */
    public boolean commitAll() {
        if (writing || writingTo < log.last() || stable < log.last() || snapshotDirty) {
            return false;
        }
        commit = log.last();
        return true;
    }

    /** Term of the last entry, or of the snapshot that the log begins with. */
    public long lastTerm() {
        return log.lastTerm();
    }

    /** A commit index that has moved is worth a write of its own, now and then. */
    public void flushCommit() {
        if (log.begun() && commit > writtenCommit) {
            hardDirty = true;
            changed();
        }
    }

    /** A snapshot to be installed before anything else is applied; also what was on disk at the start. */
    public Optional<Snapshot> takeRestore() {
        if (restore == null || durableVersion < restoreVersion) {
            return Optional.empty();
        }
        Snapshot taken = restore;
        restore = null;
        applied = taken.index();
        tellApplied = true;
        return Optional.of(taken);
    }

    /**
     * The next entry to apply: committed, and on this node's disk. Of one that ends leases the disk also says that it is
     * committed: a later process on it, which knows no more than that at first, would else begin with an older epoch.
     */
    public Optional<Entry> nextCommitted() {
        if (restore != null || applied >= Math.min(commit, stable)) {
            return Optional.empty();
        }
        Entry entry = log.get(applied + 1);
        if (entry.kind().endsLeases() && durableCommit <= applied) {
            if (writtenCommit <= applied && !hardDirty) {
                flushCommit();
            }
            return Optional.empty();
        }
        applied++;
        tellApplied |= entry.kind().endsLeases();
        return Optional.of(entry);
    }

    // ---- Messages

    /** A message came from {@code from}. */
    public void receive(long nowNanos, long from, Message message) {
        now = Math.max(now, nowNanos);
        switch (message) {
            case VoteRequest request -> asked(from, request);
            case VoteReply reply -> voted(from, reply);
            case Append append -> {
                if (follows(from, append.term(), append.incarnation())) {
                    appended(from, append);
                }
            }
            case Heartbeat heartbeat -> {
                if (follows(from, heartbeat.term(), heartbeat.incarnation())) {
                    heard(from, heartbeat);
                }
            }
            case SnapshotChunk chunk -> {
                if (follows(from, chunk.term(), chunk.incarnation())) {
                    chunk(from, chunk);
                }
            }
            case AppendReply reply -> {
                if (leads(reply.term())) {
                    leadership.answered(from, reply);
                }
            }
            case HeartbeatReply reply -> {
                if (leads(reply.term())) {
                    leadership.answered(from, reply);
                }
            }
            case SnapshotReply reply -> {
                if (leads(reply.term())) {
                    leadership.answered(from, reply);
                }
            }
            case Applied told -> {
                if (leads(told.term())) {
                    leadership.told(from, told);
                }
            }
            case Handover handover -> {
                if (handover.term() == term && role != Role.LEADER && electable()) {
                    startElection(false, true);
                }
            }
        }
    }

    private boolean leads(long messageTerm) {
        if (messageTerm > term) {
            adoptTerm(messageTerm, "a later term");
        }
        return role == Role.LEADER && messageTerm == term;
    }

    // ---- Elections

    /** Whether no other node can lead, so that nothing rests on what this one promised before its start. */
    private boolean alone() {
        return log.begun()
                && log.configIndex() <= commit
                && !log.config().joint()
                && log.config().current().voters().equals(List.of(self));
    }

    private boolean electable() {
        if (!log.begun() || pristine() || damaged() || diskHangs()) {
            return false;
        }
        // One that an entry puts out still stands for election while that entry may not be committed: it can be the
        // only
        // one that has it, and then the others cannot have a leader without its vote.
        return log.config().votes(self)
                || log.configIndex() > commit && log.configAt(commit).votes(self);
    }

    /** Whether this node's disk takes so long that it would lead badly. */
    private boolean diskHangs() {
        return writing && now - writingSince > timing.lease().toNanos();
    }

    /** Leader: whether others have stored, in time, what this node's disk takes too long for. */
    boolean lagsBehindOthers() {
        return diskHangs() && commit > stable;
    }

    /** Whether the leader that this node has promised its faith is dead for certain. */
    private boolean leaderDead() {
        return promisedTo != 0 && deadIncarnations.getOrDefault(promisedTo, Long.MIN_VALUE) >= promisedIncarnation;
    }

    /** Whether this node leads, or has heard a leader so lately that that one may live. */
    public boolean hasLeader(long nowNanos) {
        now = Math.max(now, nowNanos);
        return mayHaveLeader() && (role == Role.LEADER || promisedTo != 0);
    }

    /** Whether some leader may still rest on this node's promise. */
    private boolean mayHaveLeader() {
        if (role == Role.LEADER) {
            return true;
        }
        return promised && !leaderDead() && now - promisedAt < timing.promise().toNanos();
    }

    private void startElection(boolean onTrial, boolean handover) {
        trial = onTrial;
        votes.clear();
        long deadLeader = leaderDead() ? promisedTo : 0;
        long deadIncarnation = deadLeader == 0 ? 0 : deadIncarnations.get(deadLeader);
        if (!onTrial) {
            adoptTerm(term + 1, "stands for election");
            role = Role.CANDIDATE;
            vote = self;
            hardChanged();
        }
        electionAt = now + drawn(timing.retryMin(), timing.retryMax());
        var request = new VoteRequest(
                onTrial ? term + 1 : term, onTrial, handover, log.last(), log.lastTerm(), deadLeader, deadIncarnation);
        for (long id : log.config().all()) {
            if (id != self && log.config().votes(id)) {
                send(id, request);
            }
        }
        if (onTrial) {
            votes.add(self);
            countVotes();
        }
    }

    private void asked(long from, VoteRequest request) {
        if (!log.begun() || request.term() < term) {
            send(from, new VoteReply(term, request.trial(), false));
            return;
        }
        if (request.dead() != 0) {
            dead(request.dead(), request.deadIncarnation());
        }
        boolean free = request.handover() && role != Role.LEADER || !mayHaveLeader();
        boolean upToDate = request.lastTerm() > log.lastTerm()
                || request.lastTerm() == log.lastTerm() && request.lastIndex() >= log.last();
        if (!free || damaged()) {
            // Not even the term is taken over: a node that was cut off must not disturb those who follow a leader.
            send(from, new VoteReply(term, request.trial(), false));
            return;
        }
        if (request.trial()) {
            boolean granted = upToDate && request.term() > term;
            send(from, new VoteReply(granted ? request.term() : term, true, granted));
            return;
        }
        if (request.term() > term) {
            adoptTerm(request.term(), "a candidate of a later term");
        }
        boolean granted = upToDate && leader == 0 && (vote == 0 || vote == from);
        if (granted) {
            if (vote == 0) {
                vote = from;
                hardChanged();
            }
            electionAt = now + drawn(timing.electionMin(), timing.electionMax());
        }
        send(from, new VoteReply(term, false, granted));
    }

    private void voted(long from, VoteReply reply) {
        if (reply.term() > term && !(reply.trial() && reply.granted())) {
            adoptTerm(reply.term(), "a later term");
            return;
        }
        if (!reply.granted() || role == Role.LEADER || reply.trial() != trial) {
            return;
        }
        boolean mine = trial ? reply.term() == term + 1 : role == Role.CANDIDATE && reply.term() == term;
        if (mine) {
            votes.add(from);
            countVotes();
        }
    }

    private void countVotes() {
        if (!log.config().reachedBy(votes::contains)) {
            return;
        }
        votes.clear();
        if (trial) {
            trial = false;
            if (!mayHaveLeader()) {
                startElection(false, false);
            }
        } else {
            lead();
        }
    }

    private void lead() {
        role = Role.LEADER;
        leader = self;
        leadership = new Leadership(this, log.last() + 1);
        append(Entry.Kind.NOOP, new byte[0]);
        leadership.adopt();
        leadership.replicate();
        advanceCommit();
    }

    void stepDown(String why) {
        lastStepDown = why;
        role = Role.FOLLOWER;
        leader = 0;
        leadership = null;
        // What it promised to itself as a leader ends with its lease, which it has just given up.
        electionAt = now + drawn(timing.retryMin(), timing.retryMax());
    }

    private void adoptTerm(long newTerm, String why) {
        Invariant.check(newTerm >= term, "term %d after %d", newTerm, term);
        if (role == Role.LEADER) {
            stepDown(why);
        }
        role = Role.FOLLOWER;
        if (newTerm > term) {
            term = newTerm;
            vote = 0;
            leader = 0;
            verified = EntryLog.NONE;
            trial = false;
            votes.clear();
            dropIncoming();
            // What was promised in an older term must not be said any more: it may not be on disk, and never will be.
            held.clear();
            hardChanged();
        }
    }

    // ---- Following

    private boolean follows(long from, long messageTerm, long fromIncarnation) {
        if (messageTerm < term) {
            // Makes the sender notice that its time is over.
            send(from, new AppendReply(term, incarnation, false, EntryLog.NONE, 0, 0));
            return false;
        }
        Invariant.check(
                messageTerm > term || leader == 0 || leader == from,
                "two leaders of term %d: %x and %x",
                term,
                leader,
                from);
        adoptTerm(messageTerm, "another leads");
        leader = from;
        trial = false;
        votes.clear();
        boolean older = promisedTo == from && fromIncarnation < promisedIncarnation;
        if (!older && deadIncarnations.getOrDefault(from, Long.MIN_VALUE) < fromIncarnation) {
            promised = true;
            promisedTo = from;
            promisedIncarnation = fromIncarnation;
            promisedAt = now;
            electionAt = now + drawn(timing.electionMin(), timing.electionMax());
        }
        return true;
    }

    private void appended(long from, Append append) {
        long prev = append.prevIndex();
        if (!log.begun() || prev > log.last()) {
            send(from, new AppendReply(term, incarnation, false, prev, log.last() + 1, 0));
            return;
        }
        if (prev >= log.baseIndex() && log.term(prev) != append.prevTerm()) {
            Invariant.check(prev > commit, "entry %d differs from the leader's, commit %d", prev, commit);
            send(from, new AppendReply(term, incarnation, false, prev, log.firstOfTerm(prev), log.term(prev)));
            return;
        }
        boolean added = false;
        for (Entry entry : append.entries()) {
            if (entry.index() <= log.baseIndex()) {
                continue;
            }
            if (entry.index() <= log.last()) {
                if (log.term(entry.index()) == entry.term()) {
                    continue;
                }
                Invariant.check(entry.index() > commit, "%s replaces a committed one, commit %d", entry, commit);
                truncate(entry.index());
            }
            log.append(entry);
            added = true;
        }
        if (added) {
            changed();
        }
        verified = Math.max(verified, prev + append.entries().size());
        commitTo(append.commit());
        answerWhenStable(from);
    }

    private void answerWhenStable(long to) {
        var reply = new Outgoing(to, new AppendReply(term, incarnation, true, verified, 0, 0));
        if (verified <= stable && restoreVersion <= durableVersion) {
            send(to, reply.message());
        } else {
            held.add(new Held(version, reply));
        }
    }

    private void heard(long from, Heartbeat heartbeat) {
        commitTo(heartbeat.commit());
        if (heartbeat.grants() && heartbeat.toIncarnation() == incarnation) {
            long until = heartbeat.askedAt() + timing.lease().toNanos();
            leaseUntil = leaseTerm == term ? Math.max(leaseUntil, until) : until;
            leaseApplied =
                    leaseTerm == term ? Math.max(leaseApplied, heartbeat.askedApplied()) : heartbeat.askedApplied();
            leaseTerm = term;
        }
        long match = restoreVersion <= durableVersion ? Math.min(verified, stable) : EntryLog.NONE;
        send(from, new HeartbeatReply(term, incarnation, heartbeat.sentAt(), now, match, applied));
    }

    private void commitTo(long leaderCommit) {
        long to = Math.min(leaderCommit, verified);
        if (log.begun() && to > commit) {
            commit = to;
        }
    }

    private void chunk(long from, SnapshotChunk chunk) {
        if (log.begun() && chunk.index() <= commit) {
            verified = Math.max(verified, chunk.index());
            answerWhenStable(from);
            return;
        }
        int length = chunk.bytes().length;
        boolean sound = chunk.total() > 0
                && chunk.total() <= SNAPSHOT_BYTES_MAX
                && chunk.offset() >= 0
                && length > 0
                && length <= chunk.total() - chunk.offset();
        if (!sound) {
            return;
        }
        if (incomingSnapshot != chunk.index() || incomingTotal != chunk.total()) {
            dropIncoming();
            incomingSnapshot = chunk.index();
            incomingTotal = chunk.total();
        }
        if (chunk.offset() == incomingBytes.size()) {
            incomingBytes.writeBytes(chunk.bytes());
        }
        if (incomingBytes.size() < chunk.total()) {
            send(from, new SnapshotReply(term, incarnation, chunk.index(), incomingBytes.size()));
            return;
        }
        byte[] bytes = incomingBytes.toByteArray();
        dropIncoming();
        Snapshot whole = Snapshot.decode(bytes);
        if (whole.index() != chunk.index()) {
            throw new MalformedException(whole + " sent as " + chunk.index());
        }
        if (log.knows(whole.index()) && log.term(whole.index()) == whole.term()) {
            // It comes late. What this node has behind it was promised to the leader, and may be committed.
            verified = Math.max(verified, whole.index());
            commitTo(whole.index());
        } else {
            install(whole);
        }
        answerWhenStable(from);
    }

    private void dropIncoming() {
        incomingSnapshot = EntryLog.NONE;
        incomingBytes = new ByteArrayOutputStream();
    }

    private void install(Snapshot whole) {
        snapshot = whole;
        log.reset(whole);
        verified = whole.index();
        commit = whole.index();
        stable = whole.index();
        writingTo = whole.index();
        truncatedFrom = LogWrite.NOTHING;
        snapshotDirty = true;
        hardChanged();
        restore = whole;
        restoreVersion = version;
    }

    private void truncate(long from) {
        log.truncate(from);
        truncatedFrom = Math.min(truncatedFrom, from);
        stable = Math.min(stable, from - 1);
        writingTo = Math.min(writingTo, from - 1);
        verified = Math.min(verified, from - 1);
    }

    // ---- Leading

    private void append(Entry.Kind kind, byte[] data) {
        log.append(new Entry(log.last() + 1, term, kind, data));
        changed();
    }

    void advanceCommit() {
        if (role != Role.LEADER) {
            return;
        }
        long agreed = log.config().agreed(id -> id == self ? stable : leadership.match(id));
        if (agreed > commit && log.term(agreed) == term) {
            commit = agreed;
            settleConfig();
            if (role == Role.LEADER) {
                leadership.announceCommit();
            }
        }
    }

    /** Leaves a joint phase that is committed, and the lead when this node has no vote any more. */
    void settleConfig() {
        if (role != Role.LEADER || log.configIndex() > commit || !leadership.ready()) {
            return;
        }
        Config config = log.config();
        if (config.joint()) {
            append(Entry.Kind.CONFIG, config.left().encode());
            leadership.adopt();
            leadership.replicate();
            advanceCommit();
        } else if (!config.votes(self)) {
            handOverOrStop("has no vote any more");
        }
    }

    void handOverOrStop(String why) {
        if (!handOver(false)) {
            stepDown(why);
        }
    }

    // ---- Small parts

    private void changed() {
        version++;
        if (!log.begun()) {
            // A node without a log has nothing on disk and promises nothing.
            durableVersion = version;
        }
    }

    private void hardChanged() {
        hardDirty = true;
        changed();
        termVersion = version;
    }

    /** Sends as soon as this term and vote are on disk. */
    void send(long to, Message message) {
        var outgoing = new Outgoing(to, message);
        if (durableVersion >= termVersion) {
            ready.add(outgoing);
        } else {
            held.add(new Held(termVersion, outgoing));
        }
    }

    private long drawn(Duration min, Duration max) {
        return random.nextLong(min.toNanos(), max.toNanos());
    }
}
