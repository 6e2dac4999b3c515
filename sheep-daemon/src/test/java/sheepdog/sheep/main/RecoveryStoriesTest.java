package sheepdog.sheep.main;

import static org.assertj.core.api.Assertions.assertThat;
import static sheepdog.sheep.testkit.TestCluster.create;
import static sheepdog.sheep.testkit.TestCluster.deleteVdi;
import static sheepdog.sheep.testkit.TestCluster.kill;
import static sheepdog.sheep.testkit.TestCluster.read;
import static sheepdog.sheep.testkit.TestCluster.remove;
import static sheepdog.sheep.testkit.TestCluster.write;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.protocol.wire.Request;
import sheepdog.sheep.testkit.TestCluster;
import sheepdog.sheep.testkit.TestCluster.Connection;
import sheepdog.sheep.testkit.TestCluster.Fate;

/** Sheep that die, come back and go on: what was acknowledged is there, and nobody waits for ever. */
class RecoveryStoriesTest {
    private TestCluster cluster = TestCluster.of(3, 3);
    private final Vid vid = cluster.makeVdi(1, "monkey");
    private final ObjectId data = ObjectId.ofData(vid, 0);

    private void recovered(int... sheep) {
        for (int n : sheep) {
            cluster.until(() -> !cluster.host(n).wiring().recovery().isRunning());
        }
    }

    private void leave(int gone) {
        cluster.host(gone).crash();
        cluster.epoch(IntStream.rangeClosed(1, 3).filter(n -> n != gone).toArray());
        recovered(IntStream.rangeClosed(1, 3).filter(n -> n != gone).toArray());
    }

    private void comeBack(int number) {
        cluster.host(number).start();
        cluster.epoch(1, 2, 3);
        recovered(1, 2, 3);
    }

    private ObjectId objectNotOn(int sheep, Vid of) {
        var view = cluster.host(1).wiring().cluster().view().orElseThrow();
        return IntStream.range(0, 100)
                .mapToObj(i -> ObjectId.ofData(of, i))
                .filter(oid -> view.replicas(oid, 3).stream()
                        .noneMatch(n -> n.id().toString().startsWith("10.0.0." + sheep)))
                .findFirst()
                .orElseThrow();
    }

    private byte onDisk(int sheep) {
        return cluster.host(sheep).store().bytes(data, 0, 1).orElseThrow()[0];
    }

    @Test
    void objectsAreStillMadeAfterEachSheepHasGoneAndComeBack() {
        for (int gone = 1; gone <= 3; gone++) {
            leave(gone);
            comeBack(gone);
        }

        assertThat(cluster.code(1, create(data, 0, new byte[] {1}))).isEqualTo(ResultCode.SUCCESS);
        assertThat(cluster.code(2, read(ObjectId.ofData(vid, 1), 0, 1))).isEqualTo(ResultCode.NO_OBJ);
        cluster.makeVdi(3, "second");
    }

    @Test
    void aSheepThatComesBackDoesNotServeWhatItMissed() {
        cluster.ask(1, create(data, 0, new byte[] {1}));
        leave(3);
        cluster.ask(1, write(data, 0, new byte[] {2}));
        cluster.rule((from, _, request) ->
                from == 3 && request instanceof PeerRequest.ListObjects ? Fate.HOLD : Fate.DELIVER);
        cluster.host(3).start();
        cluster.epoch(1, 2, 3);

        assertThat(cluster.bytes(3, data, 0, 1)).containsExactly(2);
        assertThat(onDisk(3)).as("another one answered at once").isEqualTo((byte) 1);
        cluster.ask(3, write(data, 1, new byte[] {3}));
        assertThat(onDisk(3)).isEqualTo((byte) 2);
    }

    @Test
    void whatWasRemovedWhileASheepWasAwayStaysRemoved() {
        cluster.ask(1, create(data, 0, new byte[] {1}));
        leave(3);
        cluster.ask(1, remove(data));

        comeBack(3);

        assertThat(cluster.code(3, read(data, 0, 1))).isEqualTo(ResultCode.NO_OBJ);
        cluster.ask(3, create(data, 1, new byte[] {7}));
        assertThat(cluster.bytes(3, data, 0, 2)).containsExactly(0, 7);
    }

    @Test
    void aSheepThatComesBackIsSentNothingButWhatChangedWhileItWasAway() {
        var oids = objects(vid, 10);
        cluster.loop().advance(Duration.ofSeconds(2));
        leave(3);
        cluster.ask(1, write(oids.get(4), 8192, new byte[] {9}));
        cluster.loop().advance(Duration.ofSeconds(2));
        var fetched = new ArrayList<ObjectId>();
        cluster.rule((_, _, request) -> {
            if (request instanceof PeerRequest.FetchObject f) {
                assertThat(f.data().length()).as("digests").isPositive();
                fetched.add(f.oid());
            }
            return Fate.DELIVER;
        });

        comeBack(3);

        assertThat(fetched).containsExactly(oids.get(4));
        var store = cluster.host(3).store();
        for (int i = 0; i < oids.size(); i++) {
            assertThat(store.bytes(oids.get(i), 0, 1).orElseThrow()).containsExactly(i + 1);
        }
        assertThat(store.bytes(oids.get(4), 8192, 1).orElseThrow()).containsExactly(9);
    }

    /** Nobody learns anything of anybody's objects. */
    private void separateStores() {
        cluster.rule((from, to, request) -> from != to
                        && (request instanceof PeerRequest.StatObject
                                || request instanceof PeerRequest.FetchObject
                                || request instanceof PeerRequest.ListObjects)
                ? Fate.LOSE
                : Fate.DELIVER);
    }

    private List<ObjectId> objects(Vid of, int count) {
        var oids =
                IntStream.range(0, count).mapToObj(i -> ObjectId.ofData(of, i)).toList();
        for (int i = 0; i < count; i++) {
            cluster.ask(1, create(oids.get(i), 0, new byte[] {(byte) (i + 1)}));
        }
        return oids;
    }

    private void assertReadByAll(List<ObjectId> oids, int... sheep) {
        for (int i = 0; i < oids.size(); i++) {
            for (int n : sheep) {
                assertThat(cluster.bytes(n, oids.get(i), 0, 1)).containsExactly(i + 1);
            }
        }
    }

    @Test
    void epochsThatFollowOneAnotherBeforeAnythingIsBroughtLoseNothing() {
        var oids = objects(vid, 16);
        separateStores();
        for (int joined = 4; joined <= 7; joined++) {
            cluster.host(joined).start();
            cluster.epoch(IntStream.rangeClosed(1, joined).toArray());
        }
        cluster.noRules();

        assertReadByAll(oids, 1, 2, 3, 4, 5, 6, 7);
        recovered(1, 2, 3, 4, 5, 6, 7);
    }

    @Test
    void onlyCopiesAreFoundAfterEpochsThatFollowedOneAnother() {
        cluster = TestCluster.of(2, 1);
        var oids = objects(cluster.makeVdi(1, "monkey"), 16);
        separateStores();
        cluster.host(3).start();
        cluster.epoch(1, 2, 3);
        cluster.host(4).start();
        cluster.epoch(1, 2, 3, 4);
        cluster.noRules();

        assertReadByAll(oids, 1, 2, 3, 4);
        recovered(1, 2, 3, 4);
    }

    @Test
    void whatWasRemovedInAnEpochBetweenStaysRemoved() {
        cluster.ask(1, create(data, 0, new byte[] {1}));
        cluster.host(3).crash();
        cluster.host(4).start();
        cluster.rule((_, _, request) -> request instanceof PeerRequest.ListObjects ? Fate.LOSE : Fate.DELIVER);
        cluster.epoch(1, 2, 4);
        cluster.ask(2, remove(data));
        assertThat(onDisk(3)).isEqualTo((byte) 1);
        separateStores();
        cluster.host(3).start();
        cluster.host(2).crash();
        cluster.epoch(1, 3, 4);
        cluster.host(5).start();
        cluster.host(1).crash();
        cluster.epoch(3, 4, 5);
        cluster.noRules();

        assertThat(cluster.code(3, read(data, 0, 1))).isEqualTo(ResultCode.NO_OBJ);
        assertThat(cluster.code(5, read(data, 0, 1))).isEqualTo(ResultCode.NO_OBJ);
        recovered(3, 4, 5);
        assertThat(cluster.host(3).store().holds(data)).isFalse();
    }

    @Test
    void aCopyFromBeforeARemovalIsNotTakenWhereNobodyIsLeftWhoKnowsOfIt() {
        cluster.ask(1, create(data, 0, new byte[] {1}));
        cluster.host(3).crash();
        cluster.rule((_, _, request) -> request instanceof PeerRequest.ListObjects ? Fate.LOSE : Fate.DELIVER);
        cluster.epoch(1, 2);
        cluster.ask(2, remove(data));
        separateStores();
        cluster.host(3).start();
        cluster.host(2).crash();
        cluster.epoch(1, 3);
        cluster.host(4).start();
        cluster.host(1).crash();
        cluster.epoch(3, 4);
        cluster.noRules();
        var answer = cluster.begin(4, read(data, 0, 1));

        cluster.loop().advance(Duration.ofSeconds(20));

        assertThat(answer.isDone()).isFalse();
        cluster.host(1).start();
        cluster.epoch(1, 3, 4);
        assertThat(cluster.await(answer).result()).isEqualTo(ResultCode.NO_OBJ);
    }

    @Test
    void copiesThatNobodyNeedsAreGivenBackWhenAllHaveRecovered() {
        var oids = objects(vid, 16);
        for (int joined = 4; joined <= 6; joined++) {
            cluster.host(joined).start();
            cluster.epoch(IntStream.rangeClosed(1, joined).toArray());
        }
        recovered(1, 2, 3, 4, 5, 6);
        cluster.loop().advance(Duration.ofSeconds(2));

        long copies = IntStream.rangeClosed(1, 6)
                .mapToLong(n ->
                        oids.stream().filter(cluster.host(n).store()::holds).count())
                .sum();
        assertThat(copies).isEqualTo(3L * oids.size());
        assertReadByAll(oids, 1, 2, 3, 4, 5, 6);
    }

    @Test
    void theSweepBringsWhatNobodyAskedFor() {
        leave(3);
        cluster.ask(1, create(data, 0, new byte[] {5}));

        comeBack(3);

        assertThat(onDisk(3)).isEqualTo((byte) 5);
    }

    @Test
    void objectsOfEveryTypeAreBrought() {
        var oids = List.of(
                ObjectId.ofInode(vid), ObjectId.ofData(vid, 1), ObjectId.ofVmState(vid, 1), ObjectId.ofAttr(vid, 1));
        leave(3);
        oids.stream()
                .filter(oid -> !oid.isInode())
                .forEach(oid -> assertThat(cluster.code(1, create(oid, 0, new byte[] {6})))
                        .isEqualTo(ResultCode.SUCCESS));

        comeBack(3);

        oids.forEach(oid -> assertThat(
                        cluster.host(3).store().bytes(oid, 0, oid.size()).orElseThrow())
                .as("%s", oid)
                .isEqualTo(cluster.host(1).store().bytes(oid, 0, oid.size()).orElseThrow()));
        assertThat(cluster.host(3).store().bytes(oids.get(2), 0, 1).orElseThrow())
                .containsExactly(6);
    }

    @Test
    void anObjectWhoseNewestCopiesAreAbsentWaitsAndNothingOlderIsServed() {
        cluster.ask(1, create(data, 0, new byte[] {1}));
        leave(3);
        cluster.ask(1, write(data, 0, new byte[] {2}));
        cluster.host(1).crash();
        cluster.host(2).crash();
        cluster.host(3).start();
        cluster.epoch(3);
        var answer = cluster.begin(3, read(data, 0, 1));

        cluster.loop().advance(Duration.ofSeconds(20));

        assertThat(answer.isDone()).isFalse();
        assertThat(cluster.host(3).wiring().recovery().isRunning()).isTrue();
        cluster.host(2).start();
        cluster.epoch(2, 3);
        assertThat(cluster.await(answer).data().bytes().get(0)).isEqualTo((byte) 2);
    }

    @Test
    void objectsThatWaitDoNotKeepOthersFromBeingBrought() {
        var absent =
                IntStream.range(1, 8).mapToObj(i -> ObjectId.ofData(vid, i)).toList();
        cluster.ask(1, create(data, 0, new byte[] {1}));
        leave(3);
        cluster.host(3).start();
        cluster.rule((from, _, request) ->
                from == 3 && request instanceof PeerRequest.ListObjects ? Fate.HOLD : Fate.DELIVER);
        cluster.rule((from, _, request) ->
                from == 3 && request instanceof PeerRequest.FetchObject f && absent.contains(f.oid())
                        ? Fate.LOSE
                        : Fate.DELIVER);
        cluster.epoch(1, 2, 3);
        for (ObjectId oid : absent) {
            cluster.begin(3, read(oid, 0, 1));
        }
        cluster.loop().advance(Duration.ofSeconds(1));

        assertThat(cluster.bytes(3, data, 0, 1)).containsExactly(1);
    }

    @Test
    void aRecoveryThatANewEpochInterruptsStartsAnew() {
        cluster.ask(1, create(data, 0, new byte[] {1}));
        leave(3);
        cluster.ask(1, write(data, 0, new byte[] {2}));
        cluster.host(3).start();
        cluster.rule((_, _, request) -> request instanceof PeerRequest.FetchObject ? Fate.HOLD : Fate.DELIVER);
        cluster.epoch(1, 2, 3);
        cluster.until(() -> cluster.heldCount() > 0);
        cluster.noRules();

        cluster.host(2).crash();
        cluster.epoch(1, 3);
        cluster.deliverHeld();

        recovered(3);
        assertThat(onDisk(3)).isEqualTo((byte) 2);
    }

    @Test
    void aDeadOwnersHalfWrittenObjectIsMadeEqualBeforeItIsRead() {
        cluster.ask(3, create(data, 0, new byte[] {1}));
        cluster.rule((from, to, request) ->
                from == 3 && to != 1 && request instanceof PeerRequest.WriteReplica ? Fate.LOSE : Fate.DELIVER);
        var write = cluster.begin(3, write(data, 0, new byte[] {2}));
        cluster.until(() -> onDisk(1) == 2);
        assertThat(write.isDone()).isFalse();
        assertThat(onDisk(2)).isEqualTo((byte) 1);
        cluster.host(3).crash();
        cluster.noRules();
        cluster.epoch(1, 2);

        byte[] first = cluster.bytes(2, data, 0, 1);

        assertThat(onDisk(1)).isEqualTo(first[0]);
        assertThat(onDisk(2)).isEqualTo(first[0]);
        assertThat(cluster.host(1).owner(vid).unsettled()).isFalse();
        assertThat(cluster.host(1).store().inFlight(vid)).isEmpty();
    }

    @Test
    void aRestartedOwnerLeavesNothingUnequalThoughTheEpochStays() {
        cluster.ask(3, create(data, 0, new byte[] {1}));
        cluster.rule((from, to, request) ->
                from == 3 && to == 2 && request instanceof PeerRequest.WriteReplica ? Fate.LOSE : Fate.DELIVER);
        cluster.begin(3, write(data, 0, new byte[] {2}));
        cluster.until(() -> onDisk(1) == 2);
        cluster.noRules();
        cluster.restart(3);

        cluster.bytes(1, data, 0, 1);

        assertThat(onDisk(1)).isEqualTo(onDisk(2)).isEqualTo(onDisk(3));
    }

    @Test
    void aSettlementThatANewEpochInterruptsIsDoneAgain() {
        cluster.ask(3, create(data, 0, new byte[] {1}));
        cluster.rule((from, to, request) ->
                from == 3 && to == 2 && request instanceof PeerRequest.WriteReplica ? Fate.LOSE : Fate.DELIVER);
        cluster.begin(3, write(data, 0, new byte[] {2}));
        cluster.until(() -> onDisk(1) == 2);
        cluster.host(3).crash();
        cluster.noRules();
        cluster.rule((_, _, request) -> request instanceof PeerRequest.InFlightObjects ? Fate.HOLD : Fate.DELIVER);
        cluster.epoch(1, 2);
        var read = cluster.begin(1, read(data, 0, 1));
        cluster.until(() -> cluster.heldCount() > 0);
        cluster.noRules();
        cluster.host(3).start();
        cluster.epoch(1, 2, 3);
        cluster.deliverHeld();

        assertThat(cluster.await(read).result()).isEqualTo(ResultCode.SUCCESS);
        assertThat(onDisk(1)).isEqualTo(onDisk(2)).isEqualTo(onDisk(3));
    }

    @Test
    void aHalfWrittenObjectIsMadeEqualAlsoIfItsCopyWasRecoveredBeforeItsOnlyMarkedHolderDied() {
        cluster = TestCluster.of(4, 3);
        var other = cluster.makeVdi(1, "monkey");
        var oid = objectNotOn(4, other);
        cluster.ask(1, create(oid, 0, new byte[] {1}));
        cluster.loop().advance(Duration.ofSeconds(2));
        cluster.rule((from, to, request) ->
                from == 1 && to != 1 && request instanceof PeerRequest.WriteReplica ? Fate.LOSE : Fate.DELIVER);
        cluster.begin(1, write(oid, 0, new byte[] {2}));
        cluster.until(() -> cluster.host(1).store().bytes(oid, 0, 1).orElseThrow()[0] == 2);
        // The epoch without 3 lets 4 have a copy, of 1's content; then 1, the writer, dies.
        cluster.host(3).crash();
        cluster.rule((from, to, request) ->
                from == 4 && to == 2 && request instanceof PeerRequest.FetchObject ? Fate.LOSE : Fate.DELIVER);
        cluster.epoch(1, 2, 4);
        cluster.until(() -> cluster.host(4).store().holds(oid));
        cluster.host(1).crash();
        cluster.noRules();
        cluster.epoch(2, 4);

        cluster.bytes(2, oid, 0, 1);

        assertThat(cluster.host(2).store().bytes(oid, 0, 1).orElseThrow())
                .isEqualTo(cluster.host(4).store().bytes(oid, 0, 1).orElseThrow());
    }

    private ObjectId objectOn(Set<Integer> sheep, Vid of) {
        var view = cluster.host(1).wiring().cluster().view().orElseThrow();
        var ids = sheep.stream().map(n -> NodeId.of("10.0.0." + n, 7000)).collect(Collectors.toSet());
        return IntStream.range(0, 1000)
                .mapToObj(i -> ObjectId.ofData(of, i))
                .filter(oid -> view.replicas(oid, ids.size()).stream()
                        .map(Node::id)
                        .collect(Collectors.toSet())
                        .equals(ids))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aHalfWrittenObjectIsMadeEqualAlsoIfItsVdiWasSettledWhileAllItsReplicasWereAway() {
        cluster = TestCluster.of(5, 2);
        var other = cluster.makeVdi(4, "monkey");
        var half = objectOn(Set.of(1, 2), other);
        var there = objectOn(Set.of(4, 5), other);
        cluster.ask(3, create(half, 0, new byte[] {1}));
        cluster.ask(3, create(there, 0, new byte[] {9}));
        cluster.loop().advance(Duration.ofSeconds(2));
        cluster.rule((from, to, request) ->
                from == 3 && to == 2 && request instanceof PeerRequest.WriteReplica ? Fate.LOSE : Fate.DELIVER);
        cluster.begin(3, write(half, 0, new byte[] {2}));
        cluster.until(() -> cluster.host(1).store().bytes(half, 0, 1).orElseThrow()[0] == 2);
        for (int gone = 1; gone <= 3; gone++) {
            cluster.host(gone).crash();
        }
        cluster.noRules();
        cluster.epoch(4, 5);
        assertThat(cluster.bytes(4, there, 0, 1)).containsExactly(9);
        for (int back = 1; back <= 3; back++) {
            cluster.host(back).start();
        }
        cluster.epoch(1, 2, 3, 4, 5);

        byte[] first = cluster.bytes(1, half, 0, 1);

        assertThat(cluster.bytes(2, half, 0, 1)).isEqualTo(first);
        assertThat(cluster.bytes(1, half, 0, 1)).isEqualTo(first);
    }

    @Test
    void aGatewayThatOnceStoredObjectsIsAskedForWhatItHasInFlight() {
        cluster.ask(3, create(data, 0, new byte[] {1}));
        cluster.host(1).crash();
        cluster.host(3).crash();
        cluster.host(1).startAsGateway();
        var asked = new HashSet<Integer>();
        cluster.rule((_, to, request) -> {
            if (request instanceof PeerRequest.InFlightObjects) {
                asked.add(to);
            }
            return Fate.DELIVER;
        });
        cluster.epoch(1, 2);

        assertThat(cluster.bytes(2, data, 0, 1)).containsExactly(1);
        assertThat(asked).containsExactly(1);
    }

    @Test
    void anEpochInWhichNobodyStoredObjectsChangesNothing() {
        cluster = TestCluster.of(1, 1);
        var oid = ObjectId.ofData(cluster.makeVdi(1, "monkey"), 0);
        cluster.ask(1, create(oid, 0, new byte[] {1}));
        cluster.host(1).crash();
        cluster.host(1).startAsGateway();
        cluster.epoch(1);
        cluster.host(1).crash();
        cluster.host(1).start();
        cluster.epoch(1);

        assertThat(cluster.bytes(1, oid, 0, 1)).containsExactly(1);
    }

    @Test
    void aHolderWhoseCopyCannotBeHadIsPassedOverForAnother() {
        cluster.ask(1, create(data, 0, new byte[] {1}));
        leave(3);
        cluster.ask(1, write(data, 0, new byte[] {2}));
        cluster.host(3).start();
        cluster.rule(
                (_, to, request) -> to == 1 && request instanceof PeerRequest.FetchObject ? Fate.LOSE : Fate.DELIVER);

        cluster.epoch(1, 2, 3);

        assertThat(cluster.bytes(3, data, 0, 1)).containsExactly(2);
        recovered(3);
    }

    @Test
    void whatDoesNotFitOnAReplicasDiskCanBeRemoved() {
        var kept = ObjectId.ofData(vid, 1);
        cluster.ask(1, create(data, 0, new byte[] {1}));
        cluster.ask(1, create(kept, 0, new byte[] {1}));
        leave(3);
        cluster.ask(1, write(data, 0, new byte[] {2}));
        cluster.ask(1, write(kept, 0, new byte[] {2}));
        cluster.host(3).store().full(true);
        cluster.host(3).start();
        cluster.epoch(1, 2, 3);
        var waits = cluster.begin(1, write(kept, 0, new byte[] {3}));

        assertThat(cluster.code(1, remove(data))).isEqualTo(ResultCode.SUCCESS);

        assertThat(cluster.code(3, read(data, 0, 1))).isEqualTo(ResultCode.NO_OBJ);
        assertThat(cluster.host(3).store().holds(data)).isFalse();
        assertThat(waits.isDone()).isFalse();
        cluster.host(3).store().full(false);
        assertThat(cluster.await(waits).result()).isEqualTo(ResultCode.SUCCESS);
        recovered(3);
    }

    @Test
    void aRemovalThatReachedOnlyAFullReplicaIsDoneOrUndoneEverywhere() {
        cluster.ask(1, create(data, 0, new byte[] {1}));
        leave(3);
        cluster.ask(1, write(data, 0, new byte[] {2}));
        cluster.host(3).store().full(true);
        cluster.host(3).start();
        cluster.epoch(1, 2, 3);
        cluster.rule((from, to, request) ->
                from == 1 && to != 3 && request instanceof PeerRequest.RemoveReplica ? Fate.LOSE : Fate.DELIVER);
        cluster.begin(1, remove(data));
        cluster.until(() -> !cluster.host(3).store().holds(data));
        cluster.host(3).store().full(false);
        cluster.noRules();
        cluster.restart(1);

        ResultCode first = cluster.code(2, read(data, 0, 1));

        assertThat(cluster.code(3, read(data, 0, 1))).isEqualTo(first);
        assertThat(cluster.host(3).store().holds(data))
                .isEqualTo(cluster.host(2).store().holds(data))
                .isEqualTo(cluster.host(1).store().holds(data));
    }

    @Test
    void whatWaitsForTheDiskWhenTheClusterIsFormattedDoesNotComeAfterwards() {
        cluster.host(2).hang(true);
        cluster.begin(1, create(data, 0, new byte[] {1}));
        cluster.format(3);
        cluster.loop().settle();

        cluster.host(2).hang(false);
        cluster.loop().settle();

        assertThat(cluster.host(2).wiring().cluster().view()).isPresent();
        assertThat(cluster.host(2).store().oids()).isEmpty();
    }

    @Test
    void anEarlierOwnersLateSettlementLeavesItsSuccessorsMarks() {
        cluster.ask(3, create(data, 0, new byte[] {1}));
        cluster.rule((from, to, request) ->
                from == 3 && to == 2 && request instanceof PeerRequest.WriteReplica ? Fate.LOSE : Fate.DELIVER);
        cluster.begin(3, write(data, 0, new byte[] {2}));
        cluster.until(() -> onDisk(1) == 2);
        cluster.noRules();
        cluster.restart(3);
        // 2 settles and dies, a word of it being still on its way; 1 settles once more and writes.
        cluster.rule((from, to, request) ->
                from == 2 && to == 3 && request instanceof PeerRequest.SettleObject ? Fate.HOLD : Fate.DELIVER);
        cluster.begin(2, write(data, 0, new byte[] {3}));
        cluster.until(() -> cluster.heldCount() > 0);
        cluster.noRules();
        cluster.restart(2);
        cluster.rule((from, to, request) ->
                from == 1 && to == 2 && request instanceof PeerRequest.WriteReplica ? Fate.LOSE : Fate.DELIVER);
        cluster.begin(1, write(data, 0, new byte[] {4}));
        cluster.until(() -> onDisk(3) == 4);
        assertThat(cluster.host(3).store().inFlight(vid)).contains(data);

        cluster.deliverHeld();

        assertThat(cluster.host(3).store().inFlight(vid)).contains(data);
    }

    @Test
    void aHalfDoneRemovalIsMadeEqualAlsoIfItsAbsenceWasRecoveredBeforeItsOnlyMarkedHolderDied() {
        cluster = TestCluster.of(4, 3);
        var other = cluster.makeVdi(1, "monkey");
        var oid = objectNotOn(4, other);
        cluster.ask(1, create(oid, 0, new byte[] {1}));
        cluster.loop().advance(Duration.ofSeconds(2));
        cluster.rule((from, to, request) ->
                from == 1 && to != 1 && request instanceof PeerRequest.RemoveReplica ? Fate.LOSE : Fate.DELIVER);
        cluster.begin(1, remove(oid));
        cluster.until(() -> !cluster.host(1).store().holds(oid));
        // The epoch without 3 lets 4 know from 1 that there is nothing; then 1, which removed it, dies.
        cluster.host(3).crash();
        cluster.rule((from, to, request) ->
                from == 4 && to == 2 && request instanceof PeerRequest.FetchObject ? Fate.LOSE : Fate.DELIVER);
        cluster.epoch(1, 2, 4);
        recovered(4);
        cluster.host(1).crash();
        cluster.noRules();
        cluster.epoch(2, 4);

        cluster.code(2, read(oid, 0, 1));

        assertThat(cluster.host(2).store().holds(oid))
                .isEqualTo(cluster.host(4).store().holds(oid));
    }

    @Test
    void twoGatewaysThatWriteOneVdiGiveItToOneAnother() {
        cluster.ask(1, create(data, 0, new byte[4]));
        for (int round = 1; round <= 5; round++) {
            for (int sheep = 1; sheep <= 3; sheep++) {
                assertThat(cluster.code(sheep, write(data, sheep, new byte[] {(byte) round})))
                        .isEqualTo(ResultCode.SUCCESS);
                assertThat(cluster.host(1).owner(vid).storeId()).isEqualTo(100 + sheep);
            }
        }
        assertThat(cluster.bytes(2, data, 0, 4)).containsExactly(0, 5, 5, 5);
    }

    @Test
    void anOwnerThatIsExpelledWhileItGivesItsRightBackWritesOnUnderANewOne() {
        cluster.ask(1, create(data, 0, new byte[1]));
        cluster.rule((from, to, request) ->
                from == 1 && to == 2 && request instanceof PeerRequest.WriteReplica ? Fate.LOSE : Fate.DELIVER);
        var first = cluster.begin(1, write(data, 0, new byte[] {1}));
        var second = cluster.begin(2, write(data, 0, new byte[] {2}));
        cluster.loop().advance(Duration.ofMillis(300));
        cluster.host(1).log().reachable(false);
        cluster.host(1).log().lease(false);
        cluster.epoch(2, 3);
        cluster.noRules();
        assertThat(cluster.await(second).result()).isEqualTo(ResultCode.SUCCESS);

        cluster.host(1).log().reachable(true);
        cluster.host(1).log().lease(true);
        cluster.epoch(1, 2, 3);

        assertThat(cluster.await(first).result()).isEqualTo(ResultCode.SUCCESS);
        assertThat(onDisk(1)).isEqualTo(onDisk(2)).isEqualTo(onDisk(3));
    }

    @Test
    void aWriteThatAClosedConnectionLeftBehindDoesNotComeAfterLaterOnes() {
        cluster.ask(1, create(data, 0, new byte[1]));
        cluster.host(1).log().lease(false);
        var gone = Connection.ofClient();
        var left = cluster.begin(1, write(data, 0, new byte[] {1}), gone);
        gone.close();
        assertThat(cluster.code(2, write(data, 0, new byte[] {1}))).isEqualTo(ResultCode.SUCCESS);
        assertThat(cluster.code(2, write(data, 0, new byte[] {2}))).isEqualTo(ResultCode.SUCCESS);

        cluster.host(1).log().lease(true);
        cluster.await(left);

        assertThat(cluster.bytes(3, data, 0, 1)).containsExactly(2);
    }

    @Test
    void withoutALeaseNothingIsAnsweredUntilItIsBack() {
        cluster.ask(1, create(data, 0, new byte[] {1}));
        cluster.host(1).log().lease(false);
        var read = cluster.begin(1, read(data, 0, 1));
        var write = cluster.begin(1, write(data, 0, new byte[] {2}));
        cluster.loop().advance(Duration.ofSeconds(5));
        assertThat(read.isDone()).isFalse();
        assertThat(write.isDone()).isFalse();
        assertThat(onDisk(1)).isEqualTo((byte) 1);

        cluster.host(1).log().lease(true);

        assertThat(cluster.await(write).result()).isEqualTo(ResultCode.SUCCESS);
        assertThat(cluster.await(read).result()).isEqualTo(ResultCode.SUCCESS);
    }

    @Test
    void aDiskThatFailsAWriteTakesItsSheepOutAndTheWriteGoesOn() {
        cluster.ask(1, create(data, 0, new byte[] {1}));
        cluster.host(3).store().fail(data, ResultCode.EIO);
        var write = cluster.begin(1, write(data, 0, new byte[] {2}));
        cluster.loop().advance(Duration.ofSeconds(1));
        assertThat(write.isDone()).isFalse();
        assertThat(cluster.host(1).log().complaints()).contains(103L);

        cluster.epoch(1, 2);

        assertThat(cluster.await(write).result()).isEqualTo(ResultCode.SUCCESS);
    }

    @Test
    void aFullDiskRefusesTheWriteAndCopiesAreEqualAfterwards() {
        cluster.host(3).store().fail(data, ResultCode.NO_SPACE);

        assertThat(cluster.code(1, create(data, 0, new byte[] {1}))).isEqualTo(ResultCode.NO_SPACE);
        cluster.host(3).store().fail(data, ResultCode.SUCCESS);
        for (int sheep = 1; sheep <= 3; sheep++) {
            assertThat(cluster.host(sheep).store().holds(data)).isFalse();
        }
        assertThat(cluster.code(2, deleteVdi("monkey", 0))).isEqualTo(ResultCode.SUCCESS);
    }

    @Test
    void aRepeatedRemovalSucceedsThoughTheFirstAttemptReachedSome() {
        cluster.ask(1, create(data, 0, new byte[] {1}));
        cluster.rule((from, to, request) ->
                from == 1 && to == 2 && request instanceof PeerRequest.RemoveReplica ? Fate.LOSE_ANSWER : Fate.DELIVER);
        var removal = cluster.begin(1, remove(data));
        cluster.loop().advance(Duration.ofMillis(200));
        cluster.noRules();

        assertThat(cluster.await(removal).result()).isEqualTo(ResultCode.SUCCESS);
        assertThat(cluster.code(1, remove(data))).isEqualTo(ResultCode.NO_OBJ);
    }

    @Test
    void aDiskThatFailsARecoveryTakesItsSheepOut() {
        cluster.ask(1, create(data, 0, new byte[] {1}));
        leave(3);
        cluster.ask(1, write(data, 0, new byte[] {2}));
        cluster.host(3).store().fail(data, ResultCode.EIO);

        cluster.host(3).start();
        cluster.epoch(1, 2, 3);

        cluster.until(() -> !cluster.host(3).isRunning());
    }

    @Test
    void aStoreThatCannotBeFormattedMakesNoMember() {
        cluster.host(2).store().formats(false);

        cluster.format(2);

        cluster.until(() -> !cluster.host(2).isRunning());
        cluster.host(2).store().formats(true);
        cluster.host(2).start();
        cluster.loop().settle();
        assertThat(cluster.host(2).wiring().cluster().view()).isPresent();
        assertThat(cluster.host(2).store().oids()).isEmpty();
    }

    @Test
    void aSheepWhoseDiskHangsComplainsOfItselfUntilItAnswers() {
        cluster.ask(1, create(data, 0, new byte[] {1}));
        cluster.loop().advance(Duration.ofSeconds(60));
        cluster.host(3).hang(true);
        cluster.loop().advance(Duration.ofSeconds(60));
        var write = cluster.begin(1, write(data, 0, new byte[] {2}));

        cluster.loop().advance(Duration.ofMillis(2_900));
        assertThat(cluster.host(3).log().complaints()).isEmpty();
        cluster.loop().advance(Duration.ofMillis(600));
        assertThat(cluster.host(3).log().complaints()).contains(103L);

        cluster.host(3).hang(false);
        assertThat(cluster.await(write).result()).isEqualTo(ResultCode.SUCCESS);
        int said = cluster.host(3).log().complaints().size();
        cluster.loop().advance(Duration.ofSeconds(10));
        assertThat(cluster.host(3).log().complaints()).hasSize(said);
        assertThat(cluster.host(3).isRunning()).isTrue();
    }

    @Test
    void aSheepWhoseDiskHangsEndsOnceTheOthersGoOnWithoutIt() {
        cluster.ask(1, create(data, 0, new byte[] {1}));
        cluster.host(3).hang(true);
        var write = cluster.begin(1, write(data, 0, new byte[] {2}));
        cluster.loop().advance(Duration.ofSeconds(30));
        assertThat(cluster.host(3).isRunning()).isTrue();

        cluster.host(3).log().lease(false);
        cluster.loop().advance(Duration.ofSeconds(1));

        assertThat(cluster.host(3).isRunning()).isFalse();
        cluster.epoch(1, 2);
        assertThat(write.isDone()).isFalse();
    }

    @Test
    void aSheepThatLeavesAnswersWhatItHasBegunAndGivesItsRightsBack() {
        cluster.ask(1, create(data, 0, new byte[] {1}));
        cluster.rule(
                (_, to, request) -> to == 2 && request instanceof PeerRequest.WriteReplica ? Fate.HOLD : Fate.DELIVER);
        var begun = cluster.begin(1, write(data, 0, new byte[] {2}));
        cluster.until(() -> cluster.heldCount() > 0);

        assertThat(cluster.code(1, kill())).isEqualTo(ResultCode.SUCCESS);
        var ofDisk = new Header(1, Opcode.READ_OBJ.code(), 0, Epoch.NONE, 2, 0);
        var late = cluster.begin(1, new Request.ReadObject(ofDisk, data, 0, 1, 0));
        assertThat(cluster.code(1, read(data, 0, 1))).isEqualTo(ResultCode.KILLED);
        cluster.loop().advance(Duration.ofMillis(100));
        assertThat(cluster.host(1).isRunning()).isTrue();
        cluster.noRules();
        cluster.deliverHeld();

        assertThat(cluster.await(begun).result()).isEqualTo(ResultCode.SUCCESS);
        cluster.loop().settle();
        assertThat(cluster.host(1).isRunning()).isFalse();
        assertThat(late.isDone()).isFalse();
        assertThat(cluster.host(2).owner(vid).isHeld()).isFalse();
        assertThat(cluster.host(2).owner(vid).unsettled()).isFalse();
    }

    @Test
    void aSheepThatLeavesDoesNotWaitForEverForWhatItHasBegun() {
        cluster.ask(1, create(data, 0, new byte[] {1}));
        cluster.rule(
                (_, to, request) -> to == 2 && request instanceof PeerRequest.WriteReplica ? Fate.HOLD : Fate.DELIVER);
        var begun = cluster.begin(1, write(data, 0, new byte[] {2}));
        cluster.ask(1, kill());

        cluster.loop().advance(Duration.ofMillis(2_100));

        assertThat(cluster.host(1).isRunning()).isFalse();
        assertThat(begun.isDone()).isFalse();
    }

    @Test
    void requestsOfAnOlderEpochChangeNothing() {
        cluster.ask(1, create(data, 0, new byte[] {1}));
        cluster.rule((from, to, request) ->
                from == 1 && to == 2 && request instanceof PeerRequest.WriteReplica ? Fate.HOLD : Fate.DELIVER);
        cluster.begin(1, write(data, 0, new byte[] {9}));
        cluster.until(() -> cluster.heldCount() > 0);
        cluster.host(1).crash();
        cluster.noRules();
        cluster.epoch(2, 3);
        cluster.ask(2, write(data, 0, new byte[] {3}));

        cluster.deliverHeld();

        assertThat(onDisk(2)).isEqualTo((byte) 3);
        assertThat(onDisk(3)).isEqualTo((byte) 3);
    }
}
