package sheepdog.membership.log;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import sheepdog.membership.runtime.Loop;
import sheepdog.membership.runtime.LoopFuture;

/**
 * A planned leave: a leader hands over, a follower asks its leader for an epoch without it, again and again, until it is told
 * that it is out. Nobody waits for ever: the others will notice. Loop-owned.
 */
final class Departure {
    private static final Duration RETRY = Duration.ofMillis(100);
    private static final Duration LIMIT = Duration.ofSeconds(2);
    /** Until then a leader looks for one to hand over to; then it proposes the epoch without itself. */
    private static final Duration HANDOVER_PATIENCE = Duration.ofMillis(300);

    private final LogSetup setup;
    private final Loop loop;
    private final LogNode node;
    private Optional<LoopFuture<Void>> done = Optional.empty();
    private long since;
    private long askedAt;

    Departure(LogSetup setup, Loop loop, LogNode node) {
        this.setup = setup;
        this.loop = loop;
        this.node = node;
    }

    /** Whether it was begun. It never ends but with this node's part in the cluster. */
    boolean isUnderWay() {
        return done.isPresent();
    }

    /** Whether nobody could be handed over to in time: the next epoch is to be without this node that leads. */
    boolean isFromTheLead() {
        return isUnderWay() && loop.nowNanos() - since > HANDOVER_PATIENCE.toNanos();
    }

    /** The stage completes when this node is out, or does not wait for that any more. */
    CompletionStage<Void> begin() {
        if (done.isEmpty()) {
            done = Optional.of(new LoopFuture<>(loop));
            since = loop.nowNanos();
            askedAt = since - RETRY.toNanos();
        }
        return done.get();
    }

    /** This node's part in the cluster has ended. */
    void end() {
        done.ifPresent(waits -> waits.complete(null));
    }

    /** Does what is due. */
    void goOn() {
        if (done.isEmpty()) {
            return;
        }
        long now = loop.nowNanos();
        boolean others = node.epoch().members().size() > 1;
        boolean over = node.core().pristine() || !others || node.core().out() || now - since > LIMIT.toNanos();
        if (over) {
            node.stop("left the cluster");
        } else if (node.leads()) {
            if (node.core().handOver(now - since < HANDOVER_PATIENCE.toNanos() / 2)) {
                node.pump();
            }
        } else if (node.core().leader() != 0 && now - askedAt >= RETRY.toNanos()) {
            askedAt = now;
            node.send(node.core().leader(), new Letter.Leave(setup.self().incarnation()));
        }
    }
}
