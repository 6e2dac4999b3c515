package sheepdog.sheep.recovery;

import java.util.Optional;
import java.util.concurrent.CompletionStage;
import sheepdog.membership.api.Member;
import sheepdog.membership.runtime.Loop;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.protocol.wire.Response.ObjectState;
import sheepdog.sheep.cluster.Cluster;
import sheepdog.sheep.runtime.PeerLink;
import sheepdog.store.api.ObjectStore;

/** What recovery works with. Loop-owned. */
record Means(
        Loop loop,
        Cluster cluster,
        ObjectStore store,
        LocalCopies local,
        PeerLink peers,
        Trust trust,
        Turns turns,
        Spare spare) {
    /** What {@code member} has of {@code oid}, be it this sheep itself; empty if it does not say, or is in another epoch. */
    CompletionStage<Optional<ObjectState>> stat(Member member, ObjectId oid, Epoch epoch) {
        if (member.storeId() == cluster.self().storeId()) {
            return local.stat(oid).thenApply(Optional::of);
        }
        var request = new PeerRequest.StatObject(Header.of(Opcode.STAT_OBJECT, 0, epoch, 0), oid);
        return peers.send(member.node(), request).thenApply(answer -> {
            answer.release();
            return answer instanceof ObjectState state && state.result() == ResultCode.SUCCESS
                    ? Optional.of(state)
                    : Optional.empty();
        });
    }
}
