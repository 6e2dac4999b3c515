package sheepdog.sheep.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import sheepdog.membership.runtime.LoopFuture;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.wire.Flags;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.protocol.wire.Response;
import sheepdog.sheep.cluster.Cluster;
import sheepdog.sheep.cluster.ClusterCommand;
import sheepdog.sheep.testkit.CountedPayload;
import sheepdog.sheep.testkit.MemoryArchive;
import sheepdog.sheep.testkit.MemoryStore;
import sheepdog.sheep.testkit.ScriptedLink;
import sheepdog.sheep.testkit.SharedLog;
import sheepdog.sheep.testkit.Sheep;
import sheepdog.sheep.testkit.StepLoop;

/** The gateway of sheep 1 against three replicas that the test plays. */
class GatewayPeerTest {
    private static final Vid VID = new Vid(5);
    private static final ObjectId OID = ObjectId.ofData(VID, 0);

    private final StepLoop loop = new StepLoop();
    private final SharedLog shared = new SharedLog(loop);
    private final SharedLog.Node log = shared.join(Sheep.member(1));
    private final ScriptedLink link = new ScriptedLink(loop);
    private final Cluster cluster = new Cluster(loop, log, new MemoryStore(), new MemoryArchive(), Sheep.member(1));
    private final Gateway gateway = new Gateway(loop, cluster, link, new Random(1));
    private final List<CountedPayload> payloads = new ArrayList<>();

    GatewayPeerTest() {
        log.start(cluster);
        cluster.format(new ClusterCommand.Format(1, 3, 0, "farm"));
        loop.settle();
        shared.epoch(Sheep.member(1), Sheep.member(2), Sheep.member(3));
        loop.settle();
    }

    private LoopFuture<ResultCode> write(int offset, int... bytes) {
        byte[] data = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            data[i] = (byte) bytes[i];
        }
        var payload = new CountedPayload(data);
        payloads.add(payload);
        return run(gateway.mutate(new Mutation.Write(OID, offset, payload)));
    }

    private <T> LoopFuture<T> run(CompletionStage<T> stage) {
        var result = new LoopFuture<T>(loop);
        stage.thenAccept(result::complete);
        loop.settle();
        return result;
    }

    private List<ScriptedLink.Sent> writes() {
        return link.open(PeerRequest.WriteReplica.class);
    }

    private void later() {
        loop.advance(Duration.ofSeconds(1));
    }

    private void nobodyHoldsAPayload() {
        assertThat(payloads).allSatisfy(p -> assertThat(p.count()).isEqualTo(1));
    }

    @Test
    void aWriteIsAnsweredOnlyWhenTheLastReplicaHasIt() {
        var write = write(0, 1);
        assertThat(writes()).hasSize(3);

        writes().get(2).answer(ResultCode.SUCCESS);
        writes().get(0).answer(ResultCode.SUCCESS);
        later();
        assertThat(write).isNotDone();
        writes().get(0).answer(ResultCode.SUCCESS);

        assertThat(write).isCompletedWithValue(ResultCode.SUCCESS);
        nobodyHoldsAPayload();
    }

    @Test
    void theAnswerOfAWriteWaitsForTheLeaseAndNothingIsSentAgain() {
        var write = write(0, 1);
        log.lease(false);
        link.answerAll(ResultCode.SUCCESS);
        later();
        assertThat(write).isNotDone();

        log.lease(true);
        later();

        assertThat(write).isCompletedWithValue(ResultCode.SUCCESS);
        assertThat(link.open()).isEmpty();
    }

    @Test
    void aWriteThatIsOnAllReplicasIsNotDoneAgainThoughTheRightWasLostBeforeItsAnswerLeft() {
        var write = write(0, 1);
        log.lease(false);
        link.answerAll(ResultCode.SUCCESS);
        shared.epoch(Sheep.member(2), Sheep.member(3));
        shared.epoch(Sheep.member(1), Sheep.member(2), Sheep.member(3));
        log.lease(true);
        later();

        assertThat(write).isCompletedWithValue(ResultCode.SUCCESS);
        assertThat(writes()).isEmpty();
    }

    @Test
    void aWriteIsSentAgainUnderTheEpochThatCameInBetween() {
        var write = write(0, 1);
        Epoch before = cluster.epoch();
        shared.epoch(Sheep.member(1), Sheep.member(2));
        loop.settle();
        link.answerAll(ResultCode.OLD_NODE_VER);
        later();

        assertThat(writes())
                .hasSize(2)
                .allSatisfy(sent -> assertThat(sent.request().header().epoch()).isEqualTo(before.next()));
        link.answerAll(ResultCode.SUCCESS);

        assertThat(write).isCompletedWithValue(ResultCode.SUCCESS);
        nobodyHoldsAPayload();
    }

    @Test
    void aReplicaThatDoesNotAnswerIsComplainedOfAndAskedAgain() {
        var write = write(0, 1);
        writes().get(0).answer(ResultCode.SUCCESS);
        var silent = writes().get(0);
        silent.answer(ResultCode.NETWORK_ERROR);
        writes().get(0).answer(ResultCode.SUCCESS);
        assertThat(log.complaints()).hasSize(1);
        assertThat(write).isNotDone();
        later();

        assertThat(writes()).hasSize(3);
        link.answerAll(ResultCode.SUCCESS);

        assertThat(write).isCompletedWithValue(ResultCode.SUCCESS);
        nobodyHoldsAPayload();
    }

    @Test
    void aWriteThatOneReplicaHasNoRoomForFailsAfterItsRangeWasMadeEqual() {
        var write = write(40, 1, 2);
        writes().get(0).answer(ResultCode.SUCCESS);
        var full = writes().get(0);
        full.answer(ResultCode.NO_SPACE);
        writes().get(0).answer(ResultCode.SUCCESS);

        var fetch = link.open(PeerRequest.ReadReplica.class);
        assertThat(fetch).hasSize(1);
        assertThat(fetch.getFirst().to()).isEqualTo(full.to());
        assertThat((PeerRequest.ReadReplica) fetch.getFirst().request())
                .extracting(PeerRequest.ReadReplica::offset, PeerRequest.ReadReplica::length)
                .as("the rest of the object may be written meanwhile")
                .containsExactly(40, 2);
        assertThat(write).isNotDone();
        fetch.getFirst().answer(data(0, 0));
        link.open(PeerRequest.ReadReplica.class).forEach(look -> look.answer(data(1, 2)));
        assertThat(writes()).hasSize(2).noneMatch(sent -> sent.to().equals(full.to()));
        assertThat(write).isNotDone();
        link.answerAll(ResultCode.SUCCESS);

        assertThat(link.open()).as("nothing about the object's mark").isEmpty();
        assertThat(write).isCompletedWithValue(ResultCode.NO_SPACE);
        nobodyHoldsAPayload();
    }

    private static Response data(int... bytes) {
        byte[] content = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            content[i] = (byte) bytes[i];
        }
        return new Response.ObjectData(ResultCode.SUCCESS, 0, 0, Payload.of(content));
    }

    @Test
    void aWriteThatNoReplicaHasRoomForIsRefusedAtOnce() {
        var write = write(40, 1, 2);

        link.answerAll(ResultCode.NO_SPACE);

        assertThat(link.open()).isEmpty();
        assertThat(write).isCompletedWithValue(ResultCode.NO_SPACE);
        nobodyHoldsAPayload();
    }

    @Test
    void whoHadNoRoomForAWriteIsNotToldToKeepWhatItHas() {
        var write = write(40, 1, 2);
        writes().get(0).answer(ResultCode.NO_SPACE);
        var took = writes().get(0);
        took.answer(ResultCode.SUCCESS);
        writes().get(0).answer(ResultCode.NO_SPACE);

        asked().answer(data(0, 0));
        link.open(PeerRequest.ReadReplica.class)
                .forEach(look -> look.answer(look.to().equals(took.to()) ? data(1, 2) : data(0, 0)));

        assertThat(writes())
                .singleElement()
                .satisfies(sent -> assertThat(sent.to()).isEqualTo(took.to()));
        writes().getFirst().answer(ResultCode.SUCCESS);
        assertThat(write).isCompletedWithValue(ResultCode.NO_SPACE);
        nobodyHoldsAPayload();
    }

    @Test
    void aWriteThatMayHaveReachedSomeBeforeAllWereFullIsRefusedOnceTheyAreSeenToBeEqual() {
        var write = write(40, 1, 2);
        writes().get(0).answer(ResultCode.SUCCESS);
        writes().get(0).answer(ResultCode.NETWORK_ERROR);
        writes().get(0).answer(ResultCode.SUCCESS);
        later();
        link.answerAll(ResultCode.NO_SPACE);

        asked().answer(data(1, 2));
        assertThat(write).isNotDone();
        link.open(PeerRequest.ReadReplica.class).forEach(look -> look.answer(data(1, 2)));

        assertThat(link.open()).isEmpty();
        assertThat(write).isCompletedWithValue(ResultCode.NO_SPACE);
        nobodyHoldsAPayload();
    }

    @Test
    void aWriteToAnObjectThatNoReplicaHasIsRefused() {
        var write = write(0, 1);

        link.answerAll(ResultCode.NO_OBJ);

        assertThat(write).isCompletedWithValue(ResultCode.NO_OBJ);
    }

    @Test
    void aReplicaThatLacksTheObjectGetsItFromOneThatWroteIt() {
        var write = write(0, 1);
        writes().get(0).answer(ResultCode.NO_OBJ);
        var wrote = writes().get(0);
        wrote.answer(ResultCode.SUCCESS);
        writes().get(0).answer(ResultCode.SUCCESS);

        var fetch = link.open(PeerRequest.ReadReplica.class).getFirst();
        assertThat(fetch.to()).isEqualTo(wrote.to());
        fetch.answer(new Response.ObjectData(ResultCode.SUCCESS, 0, 0, Payload.of(new byte[OID.size()])));
        assertThat(link.open(PeerRequest.RemoveReplica.class)).isEmpty();
        link.answerAll(ResultCode.SUCCESS);
        link.answerAll(ResultCode.SUCCESS);

        assertThat(write).isCompletedWithValue(ResultCode.SUCCESS);
    }

    @Test
    void overlappingWritesGoOneAfterTheOtherAndOthersAtOnce() {
        write(0, 1, 1);
        var second = write(1, 2, 2);
        var apart = write(8, 3);
        assertThat(writes()).hasSize(6);
        assertThat(writes())
                .noneSatisfy(s -> assertThat(((PeerRequest.WriteReplica) s.request()).offset())
                        .isEqualTo(1));

        writes().stream()
                .filter(s -> ((PeerRequest.WriteReplica) s.request()).offset() == 0)
                .forEach(s -> s.answer(ResultCode.SUCCESS));

        assertThat(writes()).hasSize(6);
        link.answerAll(ResultCode.SUCCESS);
        assertThat(second).isCompletedWithValue(ResultCode.SUCCESS);
        assertThat(apart).isCompletedWithValue(ResultCode.SUCCESS);
    }

    @Test
    void aReadWaitsForTheOverlappingWriteBeforeIt() {
        write(0, 1);
        run(gateway.read(OID, 0, 4));
        assertThat(link.open(PeerRequest.ReadReplica.class)).isEmpty();

        link.answerAll(ResultCode.SUCCESS);

        assertThat(link.open(PeerRequest.ReadReplica.class)).hasSize(1);
    }

    private ScriptedLink.Sent asked() {
        return link.open(PeerRequest.ReadReplica.class).getFirst();
    }

    private Node askedWhoMayWait(boolean mayWait) {
        var sent = asked();
        assertThat(sent.request().header().has(Flags.NO_WAIT)).isNotEqualTo(mayWait);
        sent.answer(ResultCode.AGAIN);
        return sent.to();
    }

    @Test
    void aReadIsForTheReplicaThatIsSureOfItsCopy() {
        var read = run(gateway.read(OID, 0, 4));
        assertThat(askedWhoMayWait(false)).isNotEqualTo(askedWhoMayWait(false));
        asked().answer(new Response.ObjectData(ResultCode.SUCCESS, 0, 0, Payload.of(new byte[4])));

        assertThat(read.join().result()).isEqualTo(ResultCode.SUCCESS);
    }

    @Test
    void aReadWaitsForTheNearestReplicaIfNoneIsSureOfItsCopy() {
        var read = run(gateway.read(OID, 0, 4));
        var nearest = askedWhoMayWait(false);
        askedWhoMayWait(false);
        askedWhoMayWait(false);
        assertThat(askedWhoMayWait(true)).isEqualTo(nearest);
        askedWhoMayWait(true);
        asked().answer(new Response.ObjectData(ResultCode.SUCCESS, 0, 0, Payload.of(new byte[4])));

        assertThat(read.join().result()).isEqualTo(ResultCode.SUCCESS);
    }

    @Test
    void aReadFallsBackToAnotherReplicaOnEio() {
        var read = run(gateway.read(OID, 0, 4));
        var first = asked();
        first.answer(ResultCode.EIO);
        assertThat(asked().to()).isNotEqualTo(first.to());

        asked().answer(new Response.ObjectData(ResultCode.SUCCESS, 0, 0, Payload.of(new byte[4])));

        assertThat(read.join().result()).isEqualTo(ResultCode.SUCCESS);
    }

    @Test
    void aReadThatNoReplicaCanServeIsAnError() {
        var read = run(gateway.read(OID, 0, 4));
        for (int i = 0; i < 3; i++) {
            asked().answer(ResultCode.EIO);
        }

        assertThat(read.join().result()).isEqualTo(ResultCode.EIO);
    }

    @Test
    void aReadIsTriedAgainAsLongAsAReplicaMayStillBeReached() {
        var read = run(gateway.read(OID, 0, 4));
        asked().answer(ResultCode.NETWORK_ERROR);
        asked().answer(ResultCode.EIO);
        asked().answer(ResultCode.EIO);
        assertThat(read).isNotDone();
        later();

        asked().answer(ResultCode.NO_OBJ);

        assertThat(read.join().result()).isEqualTo(ResultCode.NO_OBJ);
    }

    @Test
    void whatWasReadWithoutALeaseIsReadAgain() {
        var read = run(gateway.read(OID, 0, 4));
        log.lease(false);
        asked().answer(ResultCode.NO_OBJ);
        assertThat(read).isNotDone();
        log.lease(true);
        later();

        asked().answer(ResultCode.NO_OBJ);

        assertThat(read).isDone();
    }

    @Test
    void theFirstMutationTakesTheRightAndLaterOnesCarryItsGenerationAndWhatIsComplete() {
        write(0, 1);
        link.answerAll(ResultCode.SUCCESS);
        write(0, 2);

        assertThat(cluster.owner(VID).isHeldBy(101, 1)).isTrue();
        assertThat(writes()).allSatisfy(sent -> {
            var write = (PeerRequest.WriteReplica) sent.request();
            assertThat(write.generation()).isEqualTo(1);
            assertThat(write.sequence()).isEqualTo(2);
            assertThat(write.completed()).isEqualTo(1);
        });
    }

    @Test
    void theRightIsGivenBackWhenWhatIsUnderWayHasEnded() {
        write(0, 1);
        var yielded = run(gateway.yieldOwner(VID, 1));
        later();
        assertThat(yielded).isNotDone();
        assertThat(cluster.owner(VID).isHeld()).isTrue();
        var next = write(0, 2);
        assertThat(writes()).hasSize(3);

        link.answerAll(ResultCode.SUCCESS);

        assertThat(yielded).isCompletedWithValue(ResultCode.SUCCESS);
        later();
        link.answerAll(ResultCode.SUCCESS);
        assertThat(next).isCompletedWithValue(ResultCode.SUCCESS);
        assertThat(cluster.owner(VID).generation()).isEqualTo(2);
    }

    @Test
    void theRightThatWasGivenBackIsLeftToTheOneWhoAskedForIt() {
        write(0, 1);
        run(gateway.yieldOwner(VID, 1));
        later();
        var next = write(0, 2);

        link.answerAll(ResultCode.SUCCESS);

        assertThat(cluster.owner(VID).isHeld()).isFalse();
        assertThat(writes()).isEmpty();
        assertThat(next).isNotDone();
    }

    @Test
    void exclusivelyWaitsForWhatIsUnderWayAndHoldsTheRestBack() {
        write(0, 1);
        var action = new LoopFuture<String>(loop);
        var exclusive = run(gateway.exclusively(VID, generation -> {
            assertThat(generation).isEqualTo(1);
            return action;
        }));
        var held = write(8, 2);
        assertThat(writes()).hasSize(3);
        link.answerAll(ResultCode.SUCCESS);
        assertThat(writes()).isEmpty();
        assertThat(held).isNotDone();

        action.complete("done");
        loop.settle();

        assertThat(exclusive).isCompletedWithValue("done");
        assertThat(writes()).hasSize(3);
    }

    @Test
    void exclusivelyDoesNotActOnARightThatWasLostWhileItWaited() {
        write(0, 1);
        var generations = new ArrayList<Long>();
        run(gateway.exclusively(VID, generation -> {
            generations.add(generation);
            return new LoopFuture<Void>(loop);
        }));
        shared.epoch(Sheep.member(2), Sheep.member(3));
        shared.epoch(Sheep.member(1), Sheep.member(2), Sheep.member(3));
        loop.settle();
        assertThat(generations).isEmpty();
        link.answerAll(ResultCode.OLD_NODE_VER);
        later();
        link.open(PeerRequest.InFlightObjects.class)
                .forEach(s -> s.answer(new Response.ObjectIds(ResultCode.SUCCESS, List.of())));
        later();

        assertThat(generations).doesNotContain(1L);
    }

    @Test
    void aSettlementThatFailedIsTriedAgainUnderTheSameRight() {
        write(0, 1);
        shared.epoch(Sheep.member(2), Sheep.member(3));
        shared.epoch(Sheep.member(1), Sheep.member(2), Sheep.member(3));
        loop.settle();
        link.answerAll(ResultCode.OLD_NODE_VER);
        later();
        assertThat(link.open(PeerRequest.InFlightObjects.class)).hasSize(3);
        link.answerAll(ResultCode.NETWORK_ERROR);
        later();

        assertThat(link.open(PeerRequest.InFlightObjects.class)).hasSize(3);
        link.open(PeerRequest.InFlightObjects.class)
                .forEach(s -> s.answer(new Response.ObjectIds(ResultCode.SUCCESS, List.of())));
        later();

        assertThat(writes()).hasSize(3);
        assertThat(cluster.owner(VID).unsettled()).isFalse();
    }

    @Test
    void aMutationThatItsCheckRefusesIsNotSent() {
        var payload = new CountedPayload(new byte[1]);
        var refused = run(gateway.mutate(new Mutation.Write(OID, 0, payload), _ -> Optional.of(ResultCode.READONLY)));

        assertThat(refused).isCompletedWithValue(ResultCode.READONLY);
        assertThat(link.open()).isEmpty();
        assertThat(payload.count()).isEqualTo(1);
    }
}
