package sheepdog.membership.log;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.api.Member;
import sheepdog.membership.consensus.Config;
import sheepdog.membership.consensus.Consensus;
import sheepdog.membership.consensus.Entry;
import sheepdog.membership.consensus.FieldReader;
import sheepdog.membership.consensus.FieldWriter;
import sheepdog.membership.consensus.HardState;
import sheepdog.membership.consensus.LogWrite;
import sheepdog.membership.consensus.MessageCodec;
import sheepdog.membership.consensus.Quorum;
import sheepdog.membership.consensus.Restored;
import sheepdog.membership.consensus.Snapshot;
import sheepdog.membership.runtime.Loop;
import sheepdog.membership.runtime.LoopFuture;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.ResultCode;

/**
 * A cluster comes to be: the sheep that formats offers its first snapshot and entry to all it sees. They store them
 * and stay quiet. Only when all have answered does it stand for election, and the first vote makes the cluster: from
 * then on a sheep that holds it takes no other. Before that another offer replaces it.
 */
final class Formatting {
    private static final Logger LOG = LoggerFactory.getLogger(Formatting.class);
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    private final LogSetup setup;
    private final Loop loop;
    private final LogNode node;
    private final Member self;

    private Optional<Attempt> attempt = Optional.empty();
    private long installs;
    /** The cluster whose offer is being written, 0 if none is. */
    private long installing;

    private long remindedAt = Long.MIN_VALUE / 2;

    private static final class Attempt {
        private final LoopFuture<Outcome<byte[]>> done;
        private final long newCluster;
        private final Snapshot snapshot;
        private final Entry entry;
        private final TreeSet<Long> waiting;
        private final long since;
        private boolean stored;
        private boolean standing;
        private long offeredAt;
        private int asked;

        Attempt(long newCluster, Snapshot snapshot, Entry entry, TreeSet<Long> waiting, Loop loop) {
            this.newCluster = newCluster;
            this.snapshot = snapshot;
            this.entry = entry;
            this.waiting = waiting;
            since = loop.nowNanos();
            done = new LoopFuture<>(loop);
        }
    }

    Formatting(LogSetup setup, Loop loop, LogNode node) {
        this.setup = setup;
        this.loop = loop;
        this.node = node;
        self = setup.self();
    }

    boolean busy() {
        return attempt.isPresent();
    }

    CompletionStage<Outcome<byte[]>> start(byte[] command) {
        long seconds = setup.wallSeconds().getAsLong();
        List<Member> all = node.visible();
        var nodes = setup.weights().apply(all.stream().map(Member::node).toList());
        var members = new ArrayList<Member>();
        for (int i = 0; i < all.size(); i++) {
            members.add(all.get(i).as(nodes.get(i)));
        }
        List<Long> voters = VoterPolicy.choose(List.of(self.storeId()), members);
        List<Long> learners = members.stream()
                .map(Member::storeId)
                .filter(id -> !voters.contains(id))
                .toList();
        long id = Math.max(1, setup.random().nextLong() >>> 1);
        var record = new EpochRecord(Epoch.NONE, seconds, members, voters);
        var state = new LogState(id, record, new Sessions(), new StoreAges(), Lineage.NONE, Optional.empty());
        var config = new Config(VoterPolicy.quorum(voters, members), Quorum.NONE, learners, new byte[0]);
        var entry =
                new Entry(1, Consensus.GENESIS_TERM, Entry.Kind.FENCE, new Command.Genesis(seconds, command).encode());
        var waiting = new TreeSet<>(members.stream().map(Member::storeId).toList());
        waiting.remove(self.storeId());
        var started = new Attempt(id, new Snapshot(0, 0, config, state.encode()), entry, waiting, loop);
        attempt = Optional.of(started);
        LOG.info("format offered cluster={} members={}", "%016x".formatted(id), members);
        install(id, started.snapshot, entry, () -> {
            started.stored = true;
            standIfAllHaveIt(started);
        });
        offer(started);
        return started.done;
    }

    void tick() {
        boolean again = attempt.filter(under -> loop.nowNanos() - under.offeredAt
                        > setup.timing().heartbeat().toNanos())
                .isPresent();
        if (again && attempt.get().standing) {
            offer(attempt.get());
            stand(attempt.get());
        }
        remind();
        attempt.filter(under -> !under.standing).ifPresent(under -> {
            if (loop.nowNanos() - under.since > PATIENCE.toNanos()) {
                LOG.warn("format given up without={}", under.waiting);
                abandon();
                node.become(0, Restored.EMPTY);
            } else if (loop.nowNanos() - under.offeredAt
                    > setup.timing().heartbeat().toNanos()) {
                offer(under);
            }
        });
    }

    private void offer(Attempt under) {
        under.offeredAt = loop.nowNanos();
        var letter = new Letter.Offer(under.snapshot.encode(), entryBytes(under.entry));
        var all = under.standing ? under.snapshot.config().all() : under.waiting;
        all.forEach(id -> node.send(id, new Letter.Envelope(under.newCluster, letter)));
    }

    /**
     * A sheep that has voted cannot go back. As long as nothing is committed it offers what it voted in to those who are
     * to be members: another format may have been begun since, and have left them with another offer, or none.
     */
    private void remind() {
        Consensus core = node.core();
        boolean due = loop.nowNanos() - remindedAt > setup.timing().heartbeat().toNanos();
        if (due && !core.pristine() && core.leader() == 0) {
            remindedAt = loop.nowNanos();
            core.genesis().ifPresent(entry -> {
                var letter = new Letter.Offer(core.snapshot().encode(), entryBytes(entry));
                Set<Long> members = core.snapshot().config().all();
                // Before the transport has started nobody else is visible, and nothing can be sent.
                node.visible().stream()
                        .map(Member::storeId)
                        .filter(id -> id != self.storeId() && members.contains(id))
                        .forEach(id -> node.send(id, new Letter.Envelope(node.cluster(), letter)));
            });
        }
    }

    void answered(Member from, long of, Letter.OfferReply reply) {
        attempt.filter(under -> under.newCluster == of && !under.standing).ifPresent(under -> {
            if (!reply.accepted()) {
                LOG.warn("format refused by={}", from);
                abandon();
                node.become(0, Restored.EMPTY);
                return;
            }
            under.waiting.remove(from.storeId());
            standIfAllHaveIt(under);
        });
    }

    private void standIfAllHaveIt(Attempt under) {
        if (under.stored
                && under.waiting.isEmpty()
                && !under.standing
                && node.core().pristine()) {
            under.standing = true;
            stand(under);
        }
    }

    private void stand(Attempt under) {
        under.offeredAt = loop.nowNanos();
        if (!node.core().pristine()) {
            return;
        }
        if (node.core().config().votes(self.storeId())) {
            node.core().campaign(loop.nowNanos());
        } else {
            // This sheep has no vote: one after the other of those who have is asked to stand.
            List<Long> voters = node.core().config().current().voters();
            node.send(voters.get(under.asked % voters.size()), new Letter.Stand());
            under.asked++;
        }
    }

    void offered(Member from, long newCluster, Letter.Offer offer) {
        boolean mine = attempt.isPresent();
        boolean yields = mine && !attempt.get().standing && from.storeId() < self.storeId();
        if (!node.core().pristine()) {
            if (newCluster != node.cluster()) {
                reply(from, newCluster, false);
            }
            return;
        }
        if (mine && !yields) {
            reply(from, newCluster, false);
            return;
        }
        if (!mine && installing == newCluster) {
            // It is being written, and answered then; a slow disk would never be done if each offer began it anew.
            return;
        }
        abandon();
        if (node.core().formatted() && node.cluster() == newCluster) {
            reply(from, newCluster, true);
            return;
        }
        Snapshot snapshot = Snapshot.decode(offer.snapshot());
        var in = new FieldReader(offer.entry());
        Entry entry = MessageCodec.readEntry(in);
        in.end();
        in.require(LogState.decode(snapshot.data()).cluster() == newCluster, "cluster");
        in.require(snapshot.index() == 0 && entry.index() == 1 && entry.term() == Consensus.GENESIS_TERM, "offer");
        install(newCluster, snapshot, entry, () -> reply(from, newCluster, true));
    }

    private void reply(Member to, long of, boolean accepted) {
        node.send(to.storeId(), new Letter.Envelope(of, new Letter.OfferReply(accepted)));
    }

    private void install(long newCluster, Snapshot snapshot, Entry entry, Runnable then) {
        installs++;
        installing = newCluster;
        long install = installs;
        var hard = new HardState(Consensus.GENESIS_TERM, 0, 0);
        var write = new LogWrite(0, hard, Optional.of(snapshot), LogWrite.NOTHING, List.of(entry));
        Consensus before = node.core();
        node.store(write).thenAccept(failure -> {
            if (node.stopped()) {
                return;
            }
            if (install == installs) {
                installing = 0;
            }
            if (failure.isPresent()) {
                node.stop("the cluster log cannot be written: " + failure.get());
            } else if (install == installs
                    && node.core() == before
                    && node.core().pristine()) {
                node.become(newCluster, new Restored(hard, Optional.of(snapshot), List.of(entry)));
                then.run();
                node.pump();
            }
        });
    }

    void applied(byte[] result) {
        attempt.ifPresent(under -> under.done.complete(Outcome.ok(result)));
        attempt = Optional.empty();
    }

    /** Nothing was formatted. */
    void abandon() {
        attempt.ifPresent(under -> {
            ResultCode code = node.stopped() ? ResultCode.SHUTDOWN : ResultCode.NETWORK_ERROR;
            under.done.complete(Outcome.refused(code));
        });
        attempt = Optional.empty();
        installs++;
        installing = 0;
    }

    private static byte[] entryBytes(Entry entry) {
        var out = new FieldWriter();
        MessageCodec.writeEntry(entry, out);
        return out.toBytes();
    }
}
