package sheepdog.sheep.recovery;

import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import sheepdog.membership.api.Member;
import sheepdog.membership.runtime.LoopFuture;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.wire.LostObject;
import sheepdog.protocol.wire.LostObject.Answer;
import sheepdog.protocol.wire.Response.ObjectState;
import sheepdog.sheep.cluster.ClusterView;

/**
 * Whether an object waits for stores that are absent, asked of all members that may know, in one epoch; and what would be its
 * newest copy without them. Changes nothing. Any member may ask, be it a replica or not. Loop-owned.
 */
final class Doubt {
    private final Means means;
    private final ObjectId oid;
    private final ClusterView view;
    private final Evidence evidence;
    private final Evidence ifLost;
    private final LoopFuture<LostObject> done;
    private int unanswered;
    private boolean unknown;

    Doubt(Means means, ObjectId oid, ClusterView view) {
        this.means = means;
        this.oid = oid;
        this.view = view;
        this.evidence = means.trust().evidence(oid);
        this.ifLost = means.trust().evidenceIfLost(oid);
        this.done = new LoopFuture<>(means.loop());
    }

    /** The answer is {@code LOST} if the object may be declared so. */
    CompletionStage<LostObject> ask() {
        var stores = new LinkedHashSet<>(evidence.witnesses());
        stores.addAll(ifLost.witnesses());
        var members = stores.stream()
                .flatMap(store -> view.record().store(store).stream())
                .toList();
        if (members.isEmpty()) {
            done.complete(answer(Answer.UNKNOWN)); // None of them stores objects.
            return done;
        }
        unanswered = members.size();
        members.forEach(this::ask);
        return done;
    }

    private void ask(Member member) {
        means.stat(member, oid, view.epoch()).thenAccept(state -> answered(member, state));
    }

    private void answered(Member member, Optional<ObjectState> state) {
        state.ifPresentOrElse(
                s -> {
                    evidence.add(member.storeId(), s);
                    ifLost.add(member.storeId(), s);
                },
                () -> unknown = true);
        unanswered--;
        if (unanswered == 0) {
            judge();
        }
    }

    private void judge() {
        var verdict = evidence.verdict();
        if (verdict.isPresent()) {
            boolean there = verdict.get() instanceof Evidence.Verdict.Copy;
            done.complete(answer(there ? Answer.NOT_WAITING : Answer.ABSENT));
        } else if (unknown) {
            done.complete(answer(Answer.UNKNOWN));
        } else if (ifLost.verdict().orElse(null) instanceof Evidence.Verdict.Copy(Set<Long> holders)) {
            var nodes = view.nodes().stream().map(n -> n.id()).toList();
            int node = holders.stream()
                    .flatMap(store -> view.record().store(store).stream())
                    .map(m -> nodes.indexOf(m.node().id()))
                    .min(Integer::compare)
                    .orElse(LostObject.NOBODY);
            done.complete(new LostObject(Answer.LOST, ifLost.epochOf(holders), node));
        } else {
            done.complete(answer(Answer.LOST));
        }
    }

    private static LostObject answer(Answer answer) {
        return new LostObject(answer, Epoch.NONE, LostObject.NOBODY);
    }
}
