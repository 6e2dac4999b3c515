package sheepdog.sheep.peer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import sheepdog.membership.api.Member;
import sheepdog.membership.runtime.LoopFuture;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.wire.Flags;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.ObjectChanges;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.protocol.wire.Response;
import sheepdog.protocol.wire.Response.ObjectState;
import sheepdog.sheep.cluster.Cluster;
import sheepdog.sheep.cluster.ClusterCommand;
import sheepdog.sheep.recovery.LocalCopies;
import sheepdog.sheep.recovery.Recovery;
import sheepdog.sheep.recovery.RecoverySettings;
import sheepdog.sheep.testkit.MemoryArchive;
import sheepdog.sheep.testkit.MemoryStore;
import sheepdog.sheep.testkit.ScriptedLink;
import sheepdog.sheep.testkit.SharedLog;
import sheepdog.sheep.testkit.Sheep;
import sheepdog.sheep.testkit.StepLoop;
import sheepdog.store.api.Stamp;

/** The replicas of sheep 1, for a gateway that the test plays. */
class PeerTest {
    private static final Vid VID = new Vid(5);
    private static final ObjectId OID = ObjectId.ofData(VID, 0);

    private final StepLoop loop = new StepLoop();
    private final SharedLog shared = new SharedLog(loop);
    private final SharedLog.Node log = shared.join(Sheep.member(1));
    private final ScriptedLink link = new ScriptedLink(loop);
    private final MemoryStore store = new MemoryStore();
    private final Cluster cluster = new Cluster(loop, log, store, new MemoryArchive(), Sheep.member(1));
    private final LocalCopies local = new LocalCopies(cluster, store);
    private final Recovery recovery = new Recovery(loop, cluster, store, local, link, RecoverySettings.DEFAULT);
    private int failures;
    private final Peer peer = new Peer(
            loop, cluster, store, recovery, local, (_, _) -> CompletableFuture.completedStage(ResultCode.SUCCESS));

    PeerTest() {
        cluster.onUnable(() -> failures++);
        log.start(cluster);
    }

    private void format() {
        cluster.format(new ClusterCommand.Format(1, 3, 0, "farm"));
        loop.settle();
    }

    private void epoch(int... sheep) {
        shared.epoch(IntStream.of(sheep).mapToObj(Sheep::member).toArray(Member[]::new));
        loop.settle();
    }

    /** In epoch 4, with a copy of epoch 1: sheep 1 was away in epoch 3. */
    private void formatWithACopyInDoubt() {
        format();
        epoch(1, 2, 3);
        epoch(2, 3);
        epoch(1, 2, 3);
        store.plant(OID, Epoch.FIRST, new byte[] {1});
    }

    /** The first of those asked what they have says that it has a copy of epoch 3; it is asked for that. */
    private ScriptedLink.Sent fetched() {
        link.open(PeerRequest.StatObject.class)
                .getFirst()
                .answer(new ObjectState(
                        ResultCode.SUCCESS, ObjectState.Kind.COPY, new Epoch(3), false, Epoch.NONE, new Epoch(3)));
        var fetches = link.open(PeerRequest.FetchObject.class);
        assertThat(fetches).hasSize(1);
        return fetches.getFirst();
    }

    private LoopFuture<Response> serve(PeerRequest request) {
        var result = new LoopFuture<Response>(loop);
        peer.serve(request).thenAccept(result::complete);
        loop.settle();
        return result;
    }

    private static ResultCode code(LoopFuture<Response> answer) {
        assertThat(answer).isDone();
        return answer.join().result();
    }

    private static PeerRequest.CreateReplica create(int epoch, long generation, int value) {
        return new PeerRequest.CreateReplica(
                Header.of(Opcode.CREATE_REPLICA, Flags.WRITE, new Epoch(epoch), 1),
                OID,
                0,
                Payload.of(new byte[] {(byte) value}),
                generation,
                1,
                0);
    }

    private static PeerRequest.ReadReplica read(int epoch) {
        return new PeerRequest.ReadReplica(Header.of(Opcode.READ_REPLICA, 0, new Epoch(epoch), 1), OID, 0, 1, 0);
    }

    @Test
    void beforeAFormatNothingIsServed() {
        assertThat(code(serve(read(0)))).isEqualTo(ResultCode.WAIT_FOR_FORMAT);
        assertThat(code(serve(new PeerRequest.Ping(Header.of(Opcode.PING, 0, Epoch.NONE, 1)))))
                .isEqualTo(ResultCode.SUCCESS);
    }

    @Test
    void anOlderEpochIsRefusedAndANewerOneWaitsForIt() {
        format();
        epoch(1, 2, 3);
        assertThat(code(serve(create(1, 1, 7)))).isEqualTo(ResultCode.OLD_NODE_VER);
        assertThat(store.holds(OID)).isFalse();

        var early = serve(create(3, 1, 7));
        assertThat(early).isNotDone();
        assertThat(peer.waitingCount()).isEqualTo(1);
        epoch(1, 2);

        assertThat(code(early)).isEqualTo(ResultCode.SUCCESS);
        assertThat(peer.waitingCount()).isZero();
    }

    @Test
    void aMutationOfAnEarlierOwnerIsRefused() {
        format();
        cluster.propose(new ClusterCommand.TakeOwner(VID, 101, 1, 0));
        loop.settle();

        assertThat(code(serve(create(1, 0, 7)))).isEqualTo(ResultCode.AGAIN);
        assertThat(code(serve(create(1, 1, 7)))).isEqualTo(ResultCode.SUCCESS);
        assertThat(code(serve(create(1, 2, 8)))).isEqualTo(ResultCode.SUCCESS);
        assertThat(code(serve(create(1, 1, 9)))).isEqualTo(ResultCode.AGAIN);
        assertThat(store.bytes(OID, 0, 1)).hasValueSatisfying(b -> assertThat(b).containsExactly(8));
    }

    @Test
    void anObjectInDoubtIsBroughtBeforeItIsReadOrWritten() {
        formatWithACopyInDoubt();

        var read = serve(read(4));
        var write = serve(create(4, 1, 9));

        assertThat(read).isNotDone();
        assertThat(write).isNotDone();
        assertThat(link.open(PeerRequest.StatObject.class)).hasSize(2);
        fetched().answer(copy(2, 3));
        assertThat(read.join().data().bytes().get(0)).isNotEqualTo((byte) 1);
        assertThat(code(write)).isEqualTo(ResultCode.SUCCESS);
        assertThat(store.bytes(OID, 1, 1)).hasValueSatisfying(b -> assertThat(b).containsExactly(3));
    }

    @Test
    void whoAsksForAnObjectThatCannotBeBroughtIsAnsweredAndNothingIsDoneForHimLater() {
        formatWithACopyInDoubt();
        var read = serve(read(4));
        var write = serve(create(4, 1, 9));
        loop.advance(Peer.HOLD.minusMillis(1));
        assertThat(read).isNotDone();

        loop.advance(Duration.ofMillis(1));

        assertThat(code(read)).isEqualTo(ResultCode.AGAIN);
        assertThat(code(write)).isEqualTo(ResultCode.AGAIN);
        fetched().answer(copy(2));
        loop.settle();
        assertThat(store.bytes(OID, 0, 1)).hasValueSatisfying(b -> assertThat(b).containsExactly(2));
    }

    @Test
    void whoAsksIsToldWhatIsHereAndOfWhichEpochHoweverDoubtful() {
        formatWithACopyInDoubt();
        var absent = ObjectId.ofData(VID, 1);
        store.remove(absent, new Stamp(new Epoch(4), 1, 1));

        assertThat(stat(OID))
                .isEqualTo(new ObjectState(
                        ResultCode.SUCCESS, ObjectState.Kind.COPY, Epoch.FIRST, false, Epoch.FIRST, Epoch.FIRST));
        assertThat(stat(absent))
                .isEqualTo(new ObjectState(
                        ResultCode.SUCCESS, ObjectState.Kind.REMOVED, new Epoch(4), true, Epoch.FIRST, Epoch.NONE));
        assertThat(stat(ObjectId.ofData(VID, 2)))
                .isEqualTo(new ObjectState(
                        ResultCode.SUCCESS, ObjectState.Kind.NOTHING, Epoch.NONE, false, Epoch.FIRST, Epoch.NONE));
    }

    private Response stat(ObjectId oid) {
        return serve(new PeerRequest.StatObject(Header.of(Opcode.STAT_OBJECT, 0, new Epoch(4), 1), oid))
                .join();
    }

    @Test
    void aDiskErrorOfAMutationTakesTheNodeOutAndIsNotShown() {
        format();
        store.fail();

        assertThat(code(serve(create(1, 1, 7)))).isEqualTo(ResultCode.NETWORK_ERROR);
        assertThat(failures).isEqualTo(1);
    }

    @Test
    void aDamagedCopyIsTheTroubleOfOneObjectAndAWholeOneReplacesIt() {
        format();
        serve(create(1, 1, 7));
        store.damage(OID);

        assertThat(code(serve(create(1, 1, 8)))).isEqualTo(ResultCode.EIO);
        assertThat(code(serve(read(1)))).isEqualTo(ResultCode.EIO);
        assertThat(failures).isZero();
        assertThat(code(serve(whole(1, 1, 9)))).isEqualTo(ResultCode.SUCCESS);
        assertThat(store.bytes(OID, 0, 1)).hasValueSatisfying(b -> assertThat(b).containsExactly(9));
    }

    @Test
    void aDiskThatDoesNotEvenTakeAWholeObjectTakesTheNodeOut() {
        format();
        store.fail(OID, ResultCode.EIO);

        assertThat(code(serve(whole(1, 1, 9)))).isEqualTo(ResultCode.NETWORK_ERROR);
        assertThat(failures).isEqualTo(1);
    }

    private static PeerRequest.CreateReplica whole(int epoch, long generation, int value) {
        return new PeerRequest.CreateReplica(
                Header.of(Opcode.CREATE_REPLICA, Flags.WRITE, new Epoch(epoch), 1),
                OID,
                0,
                whole(value),
                generation,
                1,
                0);
    }

    private static Payload whole(int first) {
        return Payload.of(ByteBuffer.allocate(OID.size()).put(0, (byte) first));
    }

    /** An object that begins with these bytes; the others are zero. */
    private static Response copy(int... first) {
        var content = ByteBuffer.allocate(OID.size());
        for (int i = 0; i < first.length; i++) {
            content.put(i, (byte) first[i]);
        }
        var changes = ObjectChanges.of(content, ByteBuffer.allocate(0));
        return new Response.ObjectCopy(ResultCode.SUCCESS, false, new Epoch(3), Payload.of(changes));
    }

    @Test
    void askingForMarksShutsEarlierOwnersOut() {
        format();
        serve(create(1, 1, 7));

        var marks =
                serve(new PeerRequest.InFlightObjects(Header.of(Opcode.IN_FLIGHT_OBJECTS, 0, new Epoch(1), 1), VID, 2));

        assertThat(marks.join()).isEqualTo(new Response.ObjectIds(ResultCode.SUCCESS, List.of(OID)));
        assertThat(code(serve(create(1, 1, 8)))).isEqualTo(ResultCode.AGAIN);
    }
}
