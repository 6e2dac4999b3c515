package sheepdog.membership.log;

import java.time.Duration;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.api.Member;
import sheepdog.membership.consensus.Consensus;
import sheepdog.membership.runtime.Loop;
import sheepdog.membership.runtime.LoopFuture;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.ResultCode;

/** Proposals of this node until they come back applied, and as a leader those of all. Loop-owned. */
final class Proposals {
    private static final Logger LOG = LoggerFactory.getLogger(Proposals.class);

    private static final int UNDER_WAY_MAX = 64;
    private static final Duration RETRY = Duration.ofMillis(500);

    private final LogSetup setup;
    private final Loop loop;
    private final LogNode node;
    private final Member self;
    private final TreeMap<Long, Pending> pending = new TreeMap<>();
    private final TreeSet<String> appended = new TreeSet<>();
    private long appendedBytes;
    private long appendedTerm;
    private long nextSequence = 1;
    private long sentTo;

    private static final class Pending {
        private final byte[] command;
        private final long wallSeconds;
        private final LoopFuture<Outcome<byte[]>> done;
        private boolean sent;
        private long sentAt;

        Pending(byte[] command, long wallSeconds, Loop loop) {
            this.command = command;
            this.wallSeconds = wallSeconds;
            done = new LoopFuture<>(loop);
        }
    }

    Proposals(LogSetup setup, Loop loop, LogNode node) {
        this.setup = setup;
        this.loop = loop;
        this.node = node;
        self = setup.self();
    }

    CompletionStage<Outcome<byte[]>> add(byte[] command) {
        if (pending.size() >= setup.limits().proposalsMax()) {
            return CompletableFuture.completedStage(Outcome.refused(ResultCode.AGAIN));
        }
        var added = new Pending(command.clone(), setup.wallSeconds().getAsLong(), loop);
        pending.put(nextSequence, added);
        nextSequence++;
        return added.done;
    }

    void forward() {
        Consensus core = node.core();
        if (core.leader() == 0 || core.pristine()) {
            return;
        }
        boolean again = sentTo != core.leader() || appendedTerm != core.term();
        sentTo = core.leader();
        newTerm();
        long now = loop.nowNanos();
        int underWay = 0;
        for (var entry : pending.entrySet()) {
            underWay++;
            if (underWay > UNDER_WAY_MAX) {
                return;
            }
            Pending one = entry.getValue();
            if (one.sent && !again && now - one.sentAt < RETRY.toNanos()) {
                continue;
            }
            one.sent = true;
            one.sentAt = now;
            var proposal = new Command.Proposal(
                    self.storeId(),
                    self.incarnation(),
                    entry.getKey(),
                    pending.firstKey(),
                    one.wallSeconds,
                    one.command);
            if (core.role() == Consensus.Role.LEADER) {
                accept(proposal);
            } else {
                node.send(core.leader(), new Letter.Propose(proposal));
            }
        }
    }

    private void newTerm() {
        if (appendedTerm != node.core().term()) {
            appendedTerm = node.core().term();
            appended.clear();
            appendedBytes = 0;
        }
    }

    /** As leader: into the log with it, unless it is there already in this term. */
    void accept(Command.Proposal proposal) {
        newTerm();
        if (!node.understands(proposal.bytes())) {
            LOG.warn("proposal refused, this sheep does not know it from={}", Long.toHexString(proposal.storeId()));
            return;
        }
        String key = key(proposal);
        if (appendedBytes < setup.limits().unappliedBytes() && node.sessions().fresh(proposal) && appended.add(key)) {
            appendedBytes += proposal.bytes().length;
            node.core().propose(proposal.encode(), node.fences(proposal.bytes()));
        }
    }

    void applied(Command.Proposal proposal, Sessions sessions) {
        if (appended.remove(key(proposal))) {
            appendedBytes -= proposal.bytes().length;
        }
        if (proposal.storeId() == self.storeId() && proposal.incarnation() == self.incarnation()) {
            sessions.result(self.storeId(), self.incarnation(), proposal.sequence())
                    .ifPresent(result -> complete(proposal.sequence(), result));
        }
    }

    /** Some of ours may have been applied by entries that this node never saw. */
    void restored(Sessions sessions) {
        for (long sequence : List.copyOf(pending.keySet())) {
            sessions.result(self.storeId(), self.incarnation(), sequence)
                    .ifPresent(result -> complete(sequence, result));
        }
    }

    private void complete(long sequence, byte[] result) {
        Pending one = pending.remove(sequence);
        if (one != null) {
            one.done.complete(Outcome.ok(result));
        }
    }

    void refuseAll() {
        var all = List.copyOf(pending.values());
        pending.clear();
        all.forEach(one -> one.done.complete(Outcome.refused(ResultCode.SHUTDOWN)));
    }

    private static String key(Command.Proposal proposal) {
        return proposal.storeId() + "." + proposal.incarnation() + "." + proposal.sequence();
    }
}
