package sheepdog.sheep.main;

import static org.assertj.core.api.Assertions.assertThat;
import static sheepdog.sheep.testkit.TestCluster.create;
import static sheepdog.sheep.testkit.TestCluster.read;
import static sheepdog.sheep.testkit.TestCluster.write;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.LostObject;
import sheepdog.protocol.wire.LostObject.Answer;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.protocol.wire.RecoveryLimit;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Request.DrainNode.How;
import sheepdog.protocol.wire.Response;
import sheepdog.sheep.recovery.Progress;
import sheepdog.sheep.recovery.Progress.Stage;
import sheepdog.sheep.recovery.Recovery;
import sheepdog.sheep.recovery.RecoverySettings;
import sheepdog.sheep.testkit.TestCluster;
import sheepdog.sheep.testkit.TestCluster.Fate;

/** What an operator sees of recovery, and can say about it. */
class OperatorStoriesTest {
    private static final Duration GRACE = Duration.ofSeconds(20);

    private TestCluster cluster;
    private Vid vid;

    private static Header header(Opcode opcode) {
        return Header.of(opcode, 0, Epoch.NONE, 1);
    }

    private void sheep(int count, int copies, Duration grace) {
        cluster = new Started(count, copies, new RecoverySettings(RecoveryLimit.NONE, grace)).cluster();
        vid = cluster.makeVdi(1, "monkey");
    }

    private record Started(int count, int copies, RecoverySettings settings) {
        TestCluster cluster() {
            var made = new TestCluster();
            made.settings(settings);
            IntStream.rangeClosed(1, count).forEach(n -> made.host(n).start());
            made.format(copies);
            return made;
        }
    }

    private List<ObjectId> objects(int count) {
        var oids =
                IntStream.range(0, count).mapToObj(i -> ObjectId.ofData(vid, i)).toList();
        oids.forEach(oid -> cluster.ask(1, create(oid, 0, new byte[] {1})));
        return oids;
    }

    private Progress progress(int sheep) {
        return cluster.host(sheep).wiring().recovery().progress();
    }

    private void recovered(int... sheep) {
        for (int n : sheep) {
            cluster.until(() -> !cluster.host(n).wiring().recovery().isRunning());
        }
    }

    private void set(boolean enabled) {
        Request request = enabled
                ? new Request.EnableRecover(header(Opcode.ENABLE_RECOVER))
                : new Request.DisableRecover(header(Opcode.DISABLE_RECOVER));
        assertThat(cluster.code(1, request)).isEqualTo(ResultCode.SUCCESS);
    }

    private void leave(int gone, int... stay) {
        cluster.host(gone).crash();
        cluster.epoch(stay);
    }

    private void comeBack(int number, int... all) {
        cluster.host(number).start();
        cluster.epoch(all);
    }

    private long held(int sheep, List<ObjectId> oids) {
        return oids.stream().filter(cluster.host(sheep).store()::holds).count();
    }

    @Test
    void whileItIsDisabledOnlyWhatClientsWaitForIsBrought() {
        sheep(3, 3, Duration.ZERO);
        leave(3, 1, 2);
        recovered(1, 2);
        var oids = objects(8);
        set(false);
        comeBack(3, 1, 2, 3);
        cluster.loop().advance(Duration.ofSeconds(10));

        assertThat(held(3, oids)).isZero();
        assertThat(progress(3))
                .satisfies(p -> assertThat(p.stage()).isEqualTo(Stage.DISABLED))
                .satisfies(p -> assertThat(p.ofObjects()).isEqualTo(9))
                .satisfies(p -> assertThat(p.objects()).isZero())
                .satisfies(p -> assertThat(p.enabled()).isFalse());
        long bytes = 8L * ObjectId.DATA_BYTES + ObjectId.INODE_BYTES;
        assertThat(cluster.host(3).wiring().recovery().backlog()).isEqualTo(new Recovery.Backlog(true, 9, bytes, 0, 0));
        assertThat(cluster.host(1).wiring().recovery().backlog()).isEqualTo(Recovery.Backlog.NONE);
        assertThat(cluster.bytes(3, oids.get(2), 0, 1)).containsExactly(1);
        assertThat(held(3, oids)).as("another one has it").isZero();
        long asked = cluster.loop().nowNanos();
        cluster.ask(3, write(oids.get(2), 0, new byte[] {1}));
        assertThat(cluster.loop().nowNanos() - asked)
                .as("it begins at once")
                .isLessThan(Duration.ofMillis(200).toNanos());
        assertThat(held(3, oids)).isEqualTo(1);

        set(true);
        recovered(3);
        assertThat(held(3, oids)).isEqualTo(8);
        assertThat(progress(3).stage()).isEqualTo(Stage.DONE);
    }

    @Test
    void aDisabledRecoveryStaysSoOverEpochsAndRestarts() {
        sheep(3, 3, Duration.ZERO);
        set(false);
        leave(3, 1, 2);
        var oids = objects(4);
        comeBack(3, 1, 2, 3);
        cluster.restart(3);
        cluster.loop().advance(Duration.ofSeconds(5));
        leave(2, 1, 3);
        cluster.loop().advance(Duration.ofSeconds(5));

        assertThat(held(3, oids)).isZero();
        set(true);
        recovered(1, 3);
        assertThat(held(3, oids)).isEqualTo(4);
    }

    @Test
    void aFormatEnablesRecovery() {
        sheep(3, 3, Duration.ZERO);
        set(false);

        cluster.format(3);

        assertThat(progress(1).enabled()).isTrue();
    }

    @Test
    void progressNeverRunsBackwardsAndDoneIsSaidWhenTheClusterKnows() {
        sheep(3, 3, Duration.ZERO);
        leave(3, 1, 2);
        recovered(1, 2);
        objects(30);
        cluster.rule((from, _, request) ->
                from == 3 && request instanceof PeerRequest.ListObjects ? Fate.HOLD : Fate.DELIVER);
        cluster.host(3).start();
        cluster.code(3, new Request.SetRecovery(header(Opcode.SET_RECOVERY), 2, 10));
        cluster.epoch(1, 2, 3);
        cluster.loop().advance(Duration.ofSeconds(1));
        assertThat(progress(3).stage()).isEqualTo(Stage.LISTING);
        assertThat(progress(3).ofObjects()).isZero();
        cluster.noRules();
        cluster.deliverHeld();

        long before = 0;
        int looks = 0;
        while (cluster.host(3).wiring().recovery().isRunning()) {
            Progress now = progress(3);
            assertThat(now.objects()).isBetween(before, 31L);
            assertThat(now.ofObjects()).isEqualTo(31);
            assertThat(now.stage()).isNotEqualTo(Stage.DONE);
            before = now.objects();
            looks++;
            cluster.loop().advance(Duration.ofMillis(1));
        }

        assertThat(looks).isGreaterThan(3);
        assertThat(before).isEqualTo(31);
        assertThat(cluster.host(1).wiring().cluster().state().recovered(103, new Epoch(3), 3))
                .isTrue();
    }

    @Test
    void theLinesOfProgressSayWhatWaitsForWhom() {
        sheep(3, 3, Duration.ZERO);
        var oid = objects(1).getFirst();
        lose12(oid);

        var text = text(3);

        assertThat(cluster.host(3).wiring().recovery().backlog())
                .satisfies(backlog -> assertThat(backlog.running()).isTrue())
                .satisfies(backlog -> assertThat(backlog.objects()).isEqualTo(2))
                .satisfies(backlog -> assertThat(backlog.absent()).isEqualTo(2));
        assertThat(text).contains("epoch 3\n", "stage waiting\n", "objects 0 2\n", "waiting 2\n", "enabled yes\n");
        assertThat(text).contains("wait " + oid + " 2,10.0.0.1:7000,10.0.0.2:7000\n");
    }

    private String text(int sheep) {
        var answer = cluster.ask(sheep, new Request.GetProgress(header(Opcode.RECOVERY_PROGRESS), 1 << 16));
        byte[] bytes = new byte[answer.data().length()];
        answer.data().bytes().get(bytes);
        return new String(bytes, StandardCharsets.US_ASCII);
    }

    @Test
    void whatIsHereOnlySinceSomebodyLeftIsNotBroughtAtOnce() {
        sheep(4, 2, GRACE);
        var oids = objects(40);
        cluster.host(4).crash();
        long before = IntStream.rangeClosed(1, 3).mapToLong(n -> held(n, oids)).sum();
        cluster.epoch(1, 2, 3);
        cluster.loop().advance(GRACE.minusSeconds(1));
        assertThat(IntStream.rangeClosed(1, 3).mapToLong(n -> held(n, oids)).sum())
                .isEqualTo(before)
                .isLessThan(80);
        assertThat(progress(1)).satisfies(p -> {
            assertThat(p.stage()).isEqualTo(Stage.HELD);
            assertThat(p.heldFor()).isBetween(Duration.ofMillis(1), Duration.ofSeconds(1));
        });

        cluster.loop().advance(Duration.ofSeconds(1));
        recovered(1, 2, 3);

        assertThat(IntStream.rangeClosed(1, 3).mapToLong(n -> held(n, oids)).sum())
                .isEqualTo(80);
    }

    @Test
    void whoIsBackInTimeIsBroughtUpToDateAtOnceAndNothingElseIsCopied() {
        sheep(4, 2, GRACE);
        var oids = objects(40);
        long copies = IntStream.rangeClosed(1, 4).mapToLong(n -> held(n, oids)).sum();
        leave(4, 1, 2, 3);
        cluster.loop().advance(Duration.ofSeconds(5));
        cluster.ask(1, write(oids.get(3), 0, new byte[] {2}));
        long written = IntStream.rangeClosed(1, 4).mapToLong(n -> held(n, oids)).sum();
        comeBack(4, 1, 2, 3, 4);

        recovered(1, 2, 3, 4);

        assertThat(written).isBetween(copies, copies + 1);
        assertThat(IntStream.rangeClosed(1, 4).mapToLong(n -> held(n, oids)).sum())
                .isBetween(copies, written);
        assertThat(cluster.loop().nowNanos()).isLessThan(Duration.ofSeconds(12).toNanos());
    }

    @Test
    void anotherOneThatFlapsDoesNotProlongTheGrace() {
        sheep(4, 2, GRACE);
        var oids = objects(40);
        leave(4, 1, 2, 3);
        for (int i = 0; i < 3; i++) {
            leave(3, 1, 2);
            cluster.loop().advance(Duration.ofSeconds(3));
            comeBack(3, 1, 2, 3);
            cluster.loop().advance(Duration.ofSeconds(4));
        }
        recovered(1, 2, 3);

        assertThat(IntStream.rangeClosed(1, 3).mapToLong(n -> held(n, oids)).sum())
                .isEqualTo(80);
        assertThat(cluster.loop().nowNanos()).isLessThan(Duration.ofSeconds(25).toNanos());
    }

    @Test
    void aWriteGoesToTheNewReplicaAlsoDuringTheGrace() {
        sheep(4, 2, GRACE);
        var oids = objects(40);
        leave(4, 1, 2, 3);

        oids.forEach(oid ->
                assertThat(cluster.code(1, write(oid, 0, new byte[] {2}))).isEqualTo(ResultCode.SUCCESS));

        assertThat(IntStream.rangeClosed(1, 3).mapToLong(n -> held(n, oids)).sum())
                .isEqualTo(80);
        assertThat(cluster.loop().nowNanos()).isLessThan(GRACE.toNanos());
    }

    @Test
    void aLimitHoldsAtOnceAndSlowsRecoveryDown() {
        sheep(3, 3, Duration.ZERO);
        leave(3, 1, 2);
        recovered(1, 2);
        objects(19);
        var limit = new Request.SetRecovery(header(Opcode.SET_RECOVERY), 1, 1000);
        cluster.host(3).start();
        assertThat(cluster.code(3, limit)).isEqualTo(ResultCode.SUCCESS);
        cluster.epoch(1, 2, 3);
        cluster.loop().advance(Duration.ofMillis(9_500));

        assertThat(progress(3).objects()).isBetween(9L, 10L);
        assertThat(progress(3).left())
                .hasValueSatisfying(left -> assertThat(left).isBetween(Duration.ofSeconds(5), Duration.ofSeconds(20)));
        assertThat(RecoveryLimit.read(cluster.ask(3, new Request.GetRecovery(header(Opcode.GET_RECOVERY), 24))
                        .data()
                        .bytes()))
                .isEqualTo(new RecoveryLimit(1, 1000));
        cluster.code(3, new Request.SetRecovery(header(Opcode.SET_RECOVERY), 0, 0));
        cluster.loop().advance(Duration.ofMillis(1_500));
        assertThat(cluster.host(3).wiring().recovery().isRunning()).isFalse();
    }

    @Test
    void whoHasClientsLendsItsCopiesOneByOneButToWhomAClientWaitsAtOnce() {
        sheep(3, 3, Duration.ZERO);
        leave(3, 1, 2);
        recovered(1, 2);
        var oids = objects(40);
        cluster.rule((from, to, request) ->
                from == 3 && to == 2 && request instanceof PeerRequest.FetchObject ? Fate.LOSE : Fate.DELIVER);
        cluster.bytes(1, oids.getFirst(), 0, 1);
        comeBack(3, 1, 2, 3);

        assertThat(cluster.bytes(3, oids.getLast(), 0, 1)).containsExactly(1);
        recovered(3);
        assertThat(held(3, oids)).isEqualTo(40);
    }

    @Test
    void aLimitOutlivesTheProcessUnlessAnotherOneIsGivenAtTheStart() {
        var kept = new AtomicReference<>(RecoveryLimit.NONE);
        var keeper = new RecoverySettings.Keeper() {
            @Override
            public RecoveryLimit kept() {
                return kept.get();
            }

            @Override
            public Outcome<Void> keep(RecoveryLimit limit) {
                kept.set(limit);
                return limit.max() == 7 ? Outcome.refused(ResultCode.EIO) : Outcome.done();
            }
        };
        sheep(1, 1, Duration.ZERO);
        cluster.settings(RecoverySettings.DEFAULT.keptBy(keeper));
        cluster.restart(1);
        assertThat(limit()).isEqualTo(RecoveryLimit.NONE);

        assertThat(cluster.code(1, new Request.SetRecovery(header(Opcode.SET_RECOVERY), 2, 100)))
                .isEqualTo(ResultCode.SUCCESS);
        cluster.restart(1);
        assertThat(limit()).isEqualTo(new RecoveryLimit(2, 100));

        cluster.settings(new RecoverySettings(new RecoveryLimit(3, 50), Duration.ZERO).keptBy(keeper));
        cluster.restart(1);
        assertThat(limit()).isEqualTo(new RecoveryLimit(3, 50));
        assertThat(cluster.code(1, new Request.SetRecovery(header(Opcode.SET_RECOVERY), 7, 100)))
                .as("it holds, but not after a restart")
                .isEqualTo(ResultCode.EIO);
        assertThat(limit()).isEqualTo(new RecoveryLimit(7, 100));
    }

    private RecoveryLimit limit() {
        return RecoveryLimit.read(cluster.ask(1, new Request.GetRecovery(header(Opcode.GET_RECOVERY), 24))
                .data()
                .bytes());
    }

    @Test
    void whoWaitsForADrainIsToldThatRecoveryIsDisabled() {
        sheep(3, 2, Duration.ZERO);
        objects(3);
        set(false);
        assertThat(cluster.code(3, new Request.DrainNode(header(Opcode.DRAIN_NODE), How.DRAIN, 64)))
                .isEqualTo(ResultCode.SUCCESS);
        cluster.epoch(1, 2, 3);

        var answer = cluster.ask(3, new Request.DrainNode(header(Opcode.DRAIN_NODE), How.AWAIT, 64));

        assertThat(answer.result()).isEqualTo(ResultCode.AGAIN);
        assertThat(StandardCharsets.UTF_8.decode(answer.data().bytes()).toString())
                .endsWith(" disabled");
    }

    @Test
    void anIntervalOfMoreThanAnHourIsRefused() {
        sheep(1, 1, Duration.ZERO);

        for (long millis : new long[] {3_600_001, -1}) {
            assertThat(cluster.code(1, new Request.SetRecovery(header(Opcode.SET_RECOVERY), 1, millis)))
                    .isEqualTo(ResultCode.INVALID_PARMS);
        }
    }

    /** Object {@code oid} is 1 everywhere, then 2 on sheep 1 and 2, which go; sheep 3 is alone with its 1. */
    private void lose12(ObjectId oid) {
        leave(3, 1, 2);
        recovered(1, 2);
        cluster.ask(1, write(oid, 0, new byte[] {2}));
        cluster.host(1).crash();
        cluster.host(2).crash();
        comeBack(3, 3);
        cluster.loop().advance(Duration.ofSeconds(5));
    }

    private List<LostObject> declare(int sheep, ObjectId... oids) {
        var answer =
                cluster.ask(sheep, new Request.LostObjects(header(Opcode.LOST_OBJECTS), false, Arrays.asList(oids)));
        assertThat(answer.result()).isEqualTo(ResultCode.SUCCESS);
        return LostObject.readAll(answer.data().bytes());
    }

    @Test
    void anObjectThatIsDeclaredLostIsWhatIsLeftOfItAndNothingNewerComesBack() {
        sheep(3, 3, Duration.ZERO);
        var oid = objects(1).getFirst();
        lose12(oid);
        var waiting = cluster.begin(3, read(oid, 0, 1));
        cluster.loop().advance(Duration.ofSeconds(5));
        assertThat(waiting.isDone()).isFalse();

        assertThat(declare(3, oid)).containsExactly(new LostObject(Answer.LOST, Epoch.FIRST, 0));

        assertThat(cluster.await(waiting).data().bytes().get(0)).isEqualTo((byte) 1);
        cluster.host(1).start();
        comeBack(2, 1, 2, 3);
        recovered(1, 2, 3);
        for (int n = 1; n <= 3; n++) {
            assertThat(cluster.bytes(n, oid, 0, 1)).containsExactly(1);
            assertThat(cluster.host(n).store().bytes(oid, 0, 1).orElseThrow()).containsExactly(1);
        }
        leave(3, 1, 2);
        assertThat(cluster.bytes(1, oid, 0, 1)).containsExactly(1);
    }

    @Test
    void anObjectOfWhichNothingIsLeftDoesNotExistOnceItIsDeclaredLost() {
        sheep(3, 3, Duration.ZERO);
        leave(3, 1, 2);
        recovered(1, 2);
        var oid = objects(1).getFirst();
        cluster.host(1).crash();
        cluster.host(2).crash();
        comeBack(3, 3);
        var waiting = cluster.begin(3, read(oid, 0, 1));
        cluster.loop().advance(Duration.ofSeconds(5));

        // The VDI cannot be used before its inode can: it was being written when its owner died.
        assertThat(declare(3, oid, ObjectId.ofInode(vid)))
                .containsExactly(
                        new LostObject(Answer.LOST, Epoch.NONE, LostObject.NOBODY),
                        new LostObject(Answer.LOST, Epoch.FIRST, 0));

        assertThat(cluster.await(waiting).result()).isEqualTo(ResultCode.NO_OBJ);
        cluster.host(1).start();
        comeBack(2, 1, 2, 3);
        recovered(1, 2, 3);
        for (int n = 1; n <= 3; n++) {
            assertThat(cluster.code(n, read(oid, 0, 1))).isEqualTo(ResultCode.NO_OBJ);
            assertThat(cluster.host(n).store().holds(oid)).isFalse();
        }
    }

    @Test
    void anObjectThatDoesNotWaitIsNotDeclaredLost() {
        sheep(3, 3, Duration.ZERO);
        var oids = objects(2);
        leave(3, 1, 2);
        cluster.ask(1, write(oids.get(0), 0, new byte[] {2}));

        assertThat(declare(1, oids.get(0), oids.get(1), ObjectId.ofData(vid, 9)))
                .extracting(LostObject::answer)
                .containsExactly(Answer.NOT_WAITING, Answer.NOT_WAITING, Answer.ABSENT);
        assertThat(cluster.bytes(1, oids.get(0), 0, 1)).containsExactly(2);
    }

    @Test
    void whoOnlyLooksIsToldWhatWaitsAndItGoesOnWaiting() {
        sheep(3, 3, Duration.ZERO);
        var oid = objects(1).getFirst();
        lose12(oid);
        var look = new Request.LostObjects(header(Opcode.LOST_OBJECTS), true, List.of(oid));

        for (int i = 0; i < 2; i++) {
            assertThat(LostObject.readAll(cluster.ask(3, look).data().bytes()))
                    .containsExactly(new LostObject(Answer.LOST, Epoch.FIRST, 0));
        }
        var waiting = cluster.begin(3, read(oid, 0, 1));
        cluster.loop().advance(Duration.ofSeconds(5));
        assertThat(waiting.isDone()).isFalse();
    }

    @Test
    void theVdisAreListedAsTheClusterKnowsThemOneAfterTheOther() {
        sheep(1, 1, Duration.ZERO);
        cluster.makeVdi(1, "gone");
        assertThat(cluster.code(1, TestCluster.deleteVdi("gone", 0))).isEqualTo(ResultCode.SUCCESS);
        Vid later = cluster.snapshot(1, "monkey", vid);
        cluster.host(1).store().fail(ObjectId.ofInode(later), ResultCode.EIO);

        var listed = new ArrayList<String>();
        Vid after = Vid.NONE;
        while (true) {
            var request = new Request.ListVdis(header(Opcode.LIST_VDIS), after, 40);
            byte[] line = new byte[cluster.ask(1, request).data().length()];
            cluster.ask(1, request).data().bytes().get(line);
            if (line.length == 0) {
                break;
            }
            listed.add(new String(line, StandardCharsets.US_ASCII));
            after = new Vid(Integer.parseInt(listed.getLast().split(" ")[0], 16));
        }

        String name = "6d6f6e6b6579";
        assertThat(listed)
                .contains(vid + " 1 " + name + " -\n", later + " 0 " + name + " -\n")
                .isSorted()
                .noneMatch(line -> line.contains("676f6e65"));
    }

    @Test
    void anObjectIsNotDeclaredLostWhileAMemberDoesNotAnswer() {
        sheep(3, 3, Duration.ZERO);
        var oid = objects(1).getFirst();
        leave(3, 1, 2);
        recovered(1, 2);
        cluster.ask(1, write(oid, 0, new byte[] {2}));
        leave(2, 1);
        cluster.rule((from, _, request) ->
                from == 3 && request instanceof PeerRequest.StatObject ? Fate.LOSE : Fate.DELIVER);
        comeBack(3, 1, 3);

        assertThat(declare(3, oid)).extracting(LostObject::answer).containsExactly(Answer.UNKNOWN);
        cluster.noRules();
        assertThat(declare(3, oid)).extracting(LostObject::answer).containsExactly(Answer.NOT_WAITING);
        assertThat(cluster.bytes(3, oid, 0, 1)).containsExactly(2);
    }

    @Test
    void whoDoesNotKnowYetWhatWasFoundWaitsForWhoDoes() {
        sheep(3, 3, Duration.ZERO);
        var oid = objects(1).getFirst();
        lose12(oid);
        declare(3, oid);
        cluster.until(() -> cluster.host(3).store().bytes(oid, 0, 1).isPresent());
        assertThat(cluster.bytes(3, oid, 0, 1)).containsExactly(1);
        cluster.host(3).crash();
        cluster.host(1).start();
        comeBack(2, 1, 2);
        var answer = cluster.begin(1, read(oid, 0, 1));
        cluster.loop().advance(Duration.ofSeconds(20));

        assertThat(answer.isDone()).isFalse();
        comeBack(3, 1, 2, 3);
        assertThat(cluster.await(answer).data().bytes().get(0)).isEqualTo((byte) 1);
    }

    @Test
    void aFullListOfObjectsIsDeclaredLostByOneRequest() {
        sheep(3, 3, Duration.ZERO);
        var oids = objects(16);
        leave(3, 1, 2);
        recovered(1, 2);
        oids.forEach(oid -> cluster.ask(1, write(oid, 0, new byte[] {2})));
        cluster.host(1).crash();
        cluster.host(2).crash();
        comeBack(3, 3);
        var all = IntStream.range(0, Request.LostObjects.COUNT_MAX)
                .mapToObj(i -> ObjectId.ofData(vid, i))
                .toArray(ObjectId[]::new);

        assertThat(declare(3, all)).extracting(LostObject::answer).containsOnly(Answer.LOST);

        oids.forEach(oid -> assertThat(cluster.bytes(3, oid, 0, 1)).containsExactly(1));
        Response absent = cluster.ask(3, read(ObjectId.ofData(vid, 100), 0, 1));
        assertThat(absent.result()).isEqualTo(ResultCode.NO_OBJ);
    }
}
