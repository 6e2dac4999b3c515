package sheepdog.sheep.recovery;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.api.Member;
import sheepdog.membership.runtime.Cancellable;
import sheepdog.membership.runtime.LoopFuture;
import sheepdog.membership.runtime.Pool;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.Flags;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.ObjectChanges;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.protocol.wire.Response;
import sheepdog.protocol.wire.Response.ObjectState;
import sheepdog.protocol.wire.Response.ObjectState.Kind;
import sheepdog.sheep.cluster.ClusterView;
import sheepdog.sheep.cluster.ReplicaSet;
import sheepdog.sheep.recovery.Evidence.Verdict;
import sheepdog.store.api.Stamp;

/**
 * One object in doubt, in one epoch: asks all whose word counts, and takes what turns out to be the newest. If that cannot
 * be had it pauses, leaves its turn to others, and tries again, less and less often, until the epoch ends. Loop-owned.
 */
final class Bringing {
    private static final Logger LOG = LoggerFactory.getLogger(Bringing.class);
    private static final Duration PAUSE_MIN = Duration.ofMillis(500);
    private static final int PAUSE_DOUBLINGS_MAX = 5;

    /** An object that was in doubt for so many rounds, some seconds, is named in the log. */
    private static final int ROUNDS_UNTIL_NAMED = 4;

    /** No owner numbers its mutations that high. */
    private static final long UNTIL_SETTLED = 1L << 62;

    private enum Phase {
        QUEUED,
        /** Others are being asked what they have. */
        ASKING,
        /** The newest content is known, and on its way. */
        TAKING,
        PAUSED,
        OVER
    }

    private final Means means;
    private final ObjectId oid;
    private final ClusterView view;
    private final Runnable whenOver;
    private final LoopFuture<Void> done;
    private final List<Runnable> whenStuck = new ArrayList<>();

    private Phase phase = Phase.QUEUED;
    private boolean urgent;
    private boolean lacksSpace;
    private int pauses;
    private int roundsInDoubt;
    private List<ReplicaSet> waitsFor = List.of();
    private Optional<Cancellable> retry = Optional.empty();

    private Evidence evidence;
    private ObjectState ours;
    private int unanswered;
    /** Those whose copy could not be had in this round. */
    private final Set<Long> failed = new HashSet<>();

    /** @param whenOver called once, before {@link #done} */
    Bringing(Means means, ObjectId oid, ClusterView view, Runnable whenOver) {
        this.means = means;
        this.oid = oid;
        this.view = view;
        this.whenOver = whenOver;
        this.done = new LoopFuture<>(means.loop());
    }

    ObjectId oid() {
        return oid;
    }

    /** Completes when the object is trusted, or this was abandoned. */
    CompletionStage<Void> done() {
        return done;
    }

    boolean isUrgent() {
        return urgent;
    }

    /** Whether it has had to pause. */
    boolean isStuck() {
        return pauses > 0;
    }

    /** Sets of stores, one of each of which must be back first; empty if that is not what it lacks, as far as is known. */
    List<ReplicaSet> waitsFor() {
        return waitsFor;
    }

    /** What it waits for may be different now: it need not pause to the end. */
    void again() {
        if (phase == Phase.PAUSED) {
            waitsFor = List.of();
            retry.ifPresent(Cancellable::cancel);
            queueAgain();
        }
    }

    /** Whether the newest copy was found but did not fit on the disk, and nothing is done about it at the moment. */
    boolean lacksSpace() {
        return lacksSpace && (phase == Phase.PAUSED || phase == Phase.QUEUED);
    }

    /** A request waits for it. */
    void hurry() {
        if (!urgent) {
            urgent = true;
            means.turns().hurry(this);
        }
    }

    /** {@code run} is called once if this has to pause. */
    void whenStuck(Runnable run) {
        if (isStuck()) {
            run.run();
        } else {
            whenStuck.add(run);
        }
    }

    /** Its turn has come. */
    void start() {
        phase = Phase.ASKING;
        failed.clear();
        unanswered = 0;
        evidence = means.trust().evidence(oid);
        means.local().stat(oid).thenAccept(state -> {
            if (isOver()) {
                return;
            }
            ours = state;
            evidence.add(means.cluster().self().storeId(), state);
            if (!decide()) {
                askOthers();
            }
        });
    }

    private void askOthers() {
        var others = evidence.witnesses().stream()
                .filter(store -> store != means.cluster().self().storeId())
                .flatMap(store -> view.record().store(store).stream())
                .toList();
        unanswered = others.size();
        others.forEach(this::ask);
        if (others.isEmpty()) {
            waitForOthers();
        }
    }

    private void ask(Member other) {
        Evidence round = evidence;
        means.stat(other, oid, view.epoch()).thenAccept(answer -> {
            if (isOver() || round != evidence) {
                return;
            }
            unanswered--;
            answer.ifPresent(state -> evidence.add(other.storeId(), state));
            goOn();
        });
    }

    private void goOn() {
        if (phase == Phase.ASKING && !decide() && unanswered == 0) {
            waitForOthers();
        }
    }

    /**
     * Acts on what is known by now, if that is enough.
     *
     * @return whether it is
     */
    private boolean decide() {
        var verdict = evidence.verdict();
        if (verdict.isPresent()) {
            waitsFor = List.of();
        }
        switch (verdict.orElse(null)) {
            case Verdict.Copy(var holders) -> take(holders);
            case Verdict.Absence(boolean marked) -> {
                if (evidence.isByDeclaration()) {
                    LOG.warn("declared lost oid={} epoch={} nothing of it is here", oid, view.epoch());
                }
                boolean remembered = ours.kind() == Kind.REMOVED && ours.epoch().equals(view.epoch());
                if (remembered && (ours.marked() || !marked)) {
                    finish();
                } else {
                    phase = Phase.TAKING;
                    replaceByAbsence(marked);
                }
            }
            case null -> {}
        }
        return phase != Phase.ASKING;
    }

    /** Does nothing if none of the holders known by now lets us have its copy. */
    private void take(Set<Long> holders) {
        if (evidence.isByDeclaration()) {
            LOG.warn(
                    "declared lost oid={} epoch={} the newest that is here is of epoch={} on {}",
                    oid,
                    view.epoch(),
                    evidence.epochOf(holders),
                    holders.stream().sorted().map(Long::toHexString).toList());
        }
        long self = means.cluster().self().storeId();
        if (holders.contains(self) || holders.stream().anyMatch(holder -> evidence.isSame(self, holder))) {
            phase = Phase.TAKING;
            keepOurs();
        } else {
            holders.stream()
                    .filter(store -> !failed.contains(store))
                    .sorted()
                    .flatMap(store -> view.record().store(store).stream())
                    .findFirst()
                    .ifPresent(holder -> {
                        phase = Phase.TAKING;
                        readOurs(holder);
                    });
        }
    }

    /** Our copy is the newest, or the same; those who bore it out may be gone tomorrow, so it gets today's epoch. */
    private void keepOurs() {
        Epoch mutated = evidence.mutatedAtLeast();
        means.cluster()
                .onStore(Pool.STORE, oid.bits(), () -> means.store().confirm(oid, view.epoch(), mutated))
                .thenAccept(this::taken);
    }

    /** What we have may be much like the newest, so that little need travel; unless it cannot be read. */
    private void readOurs(Member holder) {
        if (ours.kind() != Kind.COPY) {
            fetch(holder, Payload.EMPTY, Optional.empty());
            return;
        }
        means.cluster()
                .onStore(Pool.STORE, oid.bits(), () -> {
                    var content = ByteBuffer.allocate(oid.size());
                    return means.store().read(oid, 0, content).isOk()
                            ? new OldContent(Optional.of(content.clear()), Payload.of(ObjectChanges.digests(content)))
                            : new OldContent(Optional.empty(), Payload.EMPTY);
                })
                .thenAccept(old -> {
                    if (!isOver()) {
                        fetch(holder, old.digests(), old.content());
                    }
                });
    }

    private record OldContent(Optional<ByteBuffer> content, Payload digests) {}

    /**
     * If this fails, its copy may be damaged: others that may answer later have it, too.
     *
     * @param old what the digests are of; if there are none, zeros
     */
    private void fetch(Member holder, Payload digests, Optional<ByteBuffer> old) {
        Node node = holder.node();
        var request = new PeerRequest.FetchObject(
                Header.of(Opcode.FETCH_OBJECT, urgent ? 0 : Flags.RECOVERY, view.epoch(), 0), oid, digests);
        means.peers().send(node, request).thenAccept(answer -> {
            if (isOver()) {
                answer.release();
            } else if (answer instanceof Response.ObjectCopy copy && copy.result() == ResultCode.SUCCESS) {
                replace(copy, old, holder);
            } else {
                notHad(holder, answer.result());
                answer.release();
            }
        });
    }

    private void notHad(Member holder, ResultCode result) {
        LOG.warn("copy not had oid={} from={} result={}", oid, holder.node().id(), result);
        failed.add(holder.storeId());
        phase = Phase.ASKING;
        goOn();
    }

    private void replace(Response.ObjectCopy copy, Optional<ByteBuffer> old, Member holder) {
        Stamp stamp = stamp();
        Epoch mutated = Collections.max(List.of(copy.mutated(), evidence.mutatedAtLeast()));
        means.cluster()
                .onStore(
                        Pool.STORE,
                        oid.bits(),
                        () -> old.map(content -> put(copy, content, mutated, stamp))
                                .orElseGet(() ->
                                        means.spare().with(oid, memory -> put(copy, zeroed(memory), mutated, stamp))))
                .thenAccept(result -> {
                    copy.release();
                    if (result.code() == ResultCode.INVALID_PARMS && !isOver()) {
                        notHad(holder, result.code());
                    } else {
                        taken(result);
                    }
                });
    }

    private static ByteBuffer zeroed(ByteBuffer memory) {
        MemorySegment.ofBuffer(memory).fill((byte) 0);
        return memory;
    }

    /** On a thread of the pool. INVALID_PARMS if these are no changes of such an object. */
    private Outcome<Void> put(Response.ObjectCopy copy, ByteBuffer content, Epoch mutated, Stamp stamp) {
        return ObjectChanges.apply(copy.data().bytes(), content)
                ? means.store().recovered(oid, Optional.of(content), mutated, stamp, copy.marked())
                : Outcome.refused(ResultCode.INVALID_PARMS);
    }

    private void replaceByAbsence(boolean marked) {
        Stamp stamp = stamp();
        means.cluster()
                .onStore(
                        Pool.STORE,
                        oid.bits(),
                        () -> means.store().recovered(oid, Optional.empty(), Epoch.NONE, stamp, marked))
                .thenAccept(this::taken);
    }

    /**
     * A copy of an object that may not be the same everywhere takes the mark over, and so does its absence: the source
     * may be gone before the object is settled, and nobody else may know. The mark goes when it is settled, not by the
     * owner's word.
     */
    private Stamp stamp() {
        return new Stamp(view.epoch(), means.cluster().owner(oid.vid()).generation(), UNTIL_SETTLED);
    }

    private void taken(Outcome<Void> result) {
        if (isOver()) {
            return;
        }
        if (result.isOk()) {
            finish();
        } else if (result.code() == ResultCode.EIO) {
            means.cluster().unable("the disk failed recovering oid=" + oid);
            pause();
        } else {
            LOG.warn("recovering oid={} failed result={}", oid, result.code());
            lacksSpace = result.code() == ResultCode.NO_SPACE;
            pause();
        }
    }

    private void waitForOthers() {
        roundsInDoubt++;
        waitsFor = evidence.missing();
        if (roundsInDoubt == ROUNDS_UNTIL_NAMED && !waitsFor.isEmpty()) {
            String missing = waitsFor.stream()
                    .map(set -> means.cluster().state().nodes(set) + " of epoch " + set.epoch())
                    .collect(Collectors.joining(" and one of "));
            LOG.warn("nobody can be sure of oid={} in epoch={} waiting for one of {}", oid, view.epoch(), missing);
        }
        pause();
    }

    /** Others go first, for this one may wait long. */
    private void pause() {
        phase = Phase.PAUSED;
        means.turns().end();
        // Who is missing comes with a new epoch; before that only what went wrong on the way can go better.
        Duration pause = PAUSE_MIN.multipliedBy(1L << Math.min(pauses++, PAUSE_DOUBLINGS_MAX));
        retry = Optional.of(means.loop().after(pause, this::queueAgain));
        whenStuck.forEach(Runnable::run);
        whenStuck.clear();
        means.turns().begin();
    }

    private void queueAgain() {
        if (phase == Phase.PAUSED) {
            phase = Phase.QUEUED;
            means.turns().ask(this);
            means.turns().begin();
        }
    }

    private boolean isOver() {
        return phase == Phase.OVER;
    }

    private void finish() {
        means.trust().verified(oid);
        abandon();
    }

    /** Nothing that was found out is put into the store any more. */
    void abandon() {
        switch (phase) {
            case QUEUED -> means.turns().withdraw(this);
            case ASKING, TAKING -> means.turns().end();
            case PAUSED -> {}
            case OVER -> {
                return;
            }
        }
        phase = Phase.OVER;
        whenOver.run();
        done.complete(null);
        means.turns().begin();
    }
}
