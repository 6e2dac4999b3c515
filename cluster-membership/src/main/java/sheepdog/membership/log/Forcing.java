package sheepdog.membership.log;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.api.Member;
import sheepdog.membership.consensus.Config;
import sheepdog.membership.consensus.HardState;
import sheepdog.membership.consensus.LogWrite;
import sheepdog.membership.consensus.Quorum;
import sheepdog.membership.consensus.Restored;
import sheepdog.membership.consensus.Snapshot;
import sheepdog.membership.runtime.Loop;
import sheepdog.membership.runtime.LoopFuture;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.ResultCode;

/**
 * A cluster goes on without a majority, by an operator's word. Loop-owned.
 *
 * <pre>
 *   all that are seen are asked -- one follows a leader, or does not answer --> refused, nothing done
 *        | all of this cluster are without a leader
 *        v
 *   who has most of the log     -- another one --> that one is told to do the rest; wait until it has
 *        | this one
 *        v
 *   all of its log counts as committed and is applied; from here on this node takes part in the old cluster no more
 *        |
 *        v
 *   a snapshot of a new cluster, of which it is the only voter, replaces its log in one step; it leads, and takes the others in
 * </pre>
 *
 * <p>That uncommitted entries count is right: they may have been committed by those who are gone, and nobody is left who
 * knows that they were not.
 */
final class Forcing {
    private static final Logger LOG = LoggerFactory.getLogger(Forcing.class);
    private static final Duration PATIENCE = Duration.ofSeconds(3);
    private static final Duration TAKEN_IN = Duration.ofSeconds(20);

    private final LogSetup setup;
    private final Loop loop;
    private final LogNode node;
    private Optional<Attempt> attempt = Optional.empty();
    private boolean frozen;

    private static final class Attempt {
        private final LoopFuture<Outcome<Void>> done;
        private final long cluster;
        private final long nonce;
        private final TreeSet<Long> waiting = new TreeSet<>();
        private final TreeSet<Long> there = new TreeSet<>();
        private long since;
        private long askedAt;
        private long best;
        private long bestTerm;
        private long bestIndex;
        private boolean decided;
        private boolean installing;

        Attempt(Loop loop, long cluster, long nonce) {
            done = new LoopFuture<>(loop);
            this.cluster = cluster;
            this.nonce = nonce;
            since = loop.nowNanos();
        }
    }

    Forcing(LogSetup setup, Loop loop, LogNode node) {
        this.setup = setup;
        this.loop = loop;
        this.node = node;
    }

    /** Whether this node takes part in its old cluster no more, and is not in the new one yet. */
    boolean isFrozen() {
        return frozen;
    }

    CompletionStage<Outcome<Void>> start() {
        if (attempt.isPresent()) {
            return attempt.get().done;
        }
        var started = new Attempt(loop, node.cluster(), setup.random().nextLong());
        attempt = Optional.of(started);
        long self = setup.self().storeId();
        started.there.add(self);
        started.best = self;
        started.bestTerm = node.core().lastTerm();
        started.bestIndex = node.core().lastIndex();
        node.visible().stream().map(Member::storeId).filter(id -> id != self).forEach(started.waiting::add);
        LOG.warn("going on by force was asked for seen={}", node.visible());
        ask(started);
        decide(started);
        return started.done;
    }

    private void ask(Attempt under) {
        under.askedAt = loop.nowNanos();
        under.waiting.forEach(id -> node.send(id, new Letter.ForceAsk(under.nonce)));
    }

    void tick() {
        attempt.ifPresent(under -> {
            long now = loop.nowNanos();
            if (!under.decided && now - under.since > PATIENCE.toNanos()) {
                LOG.warn("not going on by force: no answer from stores={}", under.waiting);
                end(Outcome.refused(ResultCode.NETWORK_ERROR));
            } else if (!under.decided) {
                if (now - under.askedAt > setup.timing().heartbeat().toNanos()) {
                    ask(under);
                }
            } else if (node.cluster() != under.cluster
                    && !node.stranded()
                    && node.core().leader() != 0) {
                end(Outcome.done());
            } else if (!frozen && now - under.since > TAKEN_IN.toNanos()) {
                end(Outcome.refused(ResultCode.NETWORK_ERROR));
            }
        });
    }

    void asked(Member from, long cluster, Letter.ForceAsk ask) {
        boolean ours = cluster == node.cluster() && node.core().formatted();
        boolean led = ours && !node.stranded();
        node.send(
                from.storeId(),
                new Letter.ForceReply(
                        ask.nonce(),
                        led,
                        ours ? node.core().lastTerm() : 0,
                        ours ? node.core().lastIndex() : 0));
    }

    void answered(Member from, long cluster, Letter.ForceReply reply) {
        attempt.filter(under -> under.nonce == reply.nonce() && under.waiting.remove(from.storeId()))
                .ifPresent(under -> {
                    if (cluster == under.cluster) {
                        if (reply.led()) {
                            LOG.warn("not going on by force: there is a leader, says {}", from);
                            end(Outcome.refused(ResultCode.FORCE_RECOVER));
                            return;
                        }
                        under.there.add(from.storeId());
                        boolean more = reply.term() > under.bestTerm
                                || reply.term() == under.bestTerm && reply.index() > under.bestIndex;
                        if (more) {
                            under.best = from.storeId();
                            under.bestTerm = reply.term();
                            under.bestIndex = reply.index();
                        }
                    }
                    decide(under);
                });
    }

    private void decide(Attempt under) {
        if (under.decided || !under.waiting.isEmpty()) {
            return;
        }
        if (!node.stranded()) {
            end(Outcome.refused(ResultCode.FORCE_RECOVER));
            return;
        }
        under.decided = true;
        under.since = loop.nowNanos();
        if (under.best == setup.self().storeId()) {
            frozen = true;
            node.pump();
        } else {
            LOG.warn("store={} has most of the cluster log and goes on by force", Long.toHexString(under.best));
            node.send(under.best, new Letter.ForceGo());
        }
    }

    /** This node has most of the log, says one that was told to go on by force. */
    void go() {
        if (node.stranded()) {
            start();
        }
    }

    /** While {@link #isFrozen}: all that this node had to write is written, and what is committed is applied. */
    void proceed() {
        Attempt under = attempt.orElseThrow();
        boolean ready =
                node.core().commitAll() && node.core().applied() == node.core().lastIndex();
        if (!ready || under.installing) {
            return;
        }
        under.installing = true;
        long next = Math.max(1, setup.random().nextLong() >>> 1);
        long self = setup.self().storeId();
        long index = node.core().lastIndex() + 1;
        long term = Math.max(node.core().term(), node.core().lastTerm()) + 1;
        LogState state = node.forced(next, under.there);
        var config = new Config(new Quorum(List.of(self), self), Quorum.NONE, List.of(), new byte[0]);
        var snapshot = new Snapshot(index, term, config, state.encode());
        var hard = new HardState(term, 0, index);
        var write = new LogWrite(0, hard, Optional.of(snapshot), LogWrite.NOTHING, List.of());
        LOG.warn(
                "goes on by force cluster={} instead of={} epoch={} stores={}",
                "%016x".formatted(next),
                "%016x".formatted(under.cluster),
                state.epoch().epoch(),
                under.there);
        node.store(write).thenAccept(failure -> {
            if (node.stopped()) {
                return;
            }
            if (failure.isPresent()) {
                node.stop("the cluster log cannot be written: " + failure.get());
                return;
            }
            frozen = false;
            node.become(next, new Restored(hard, Optional.of(snapshot), List.of()));
            node.pump();
        });
    }

    /** This node stops. */
    void abandon() {
        end(Outcome.refused(ResultCode.SHUTDOWN));
    }

    private void end(Outcome<Void> outcome) {
        attempt.ifPresent(under -> {
            attempt = Optional.empty();
            under.done.complete(outcome);
        });
    }
}
