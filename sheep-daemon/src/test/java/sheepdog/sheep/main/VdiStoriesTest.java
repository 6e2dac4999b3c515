package sheepdog.sheep.main;

import static org.assertj.core.api.Assertions.assertThat;
import static sheepdog.sheep.testkit.TestCluster.copyOnWrite;
import static sheepdog.sheep.testkit.TestCluster.create;
import static sheepdog.sheep.testkit.TestCluster.deleteVdi;
import static sheepdog.sheep.testkit.TestCluster.discard;
import static sheepdog.sheep.testkit.TestCluster.info;
import static sheepdog.sheep.testkit.TestCluster.newVdi;
import static sheepdog.sheep.testkit.TestCluster.read;
import static sheepdog.sheep.testkit.TestCluster.remove;
import static sheepdog.sheep.testkit.TestCluster.vid;
import static sheepdog.sheep.testkit.TestCluster.write;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.VdiName;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.vdi.Slots;
import sheepdog.protocol.wire.EpochLogEntry;
import sheepdog.protocol.wire.Flags;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.InodeHeader;
import sheepdog.protocol.wire.NodeCodec;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;
import sheepdog.sheep.cluster.VdiEntry;
import sheepdog.sheep.testkit.TestCluster;
import sheepdog.sheep.testkit.TestCluster.Fate;

/** VDIs on three sheep: made, snapshotted, cloned, deleted, and their objects as clients use them. */
class VdiStoriesTest {
    private final TestCluster cluster = TestCluster.of(3, 3);

    private InodeHeader header(int sheep, Vid vid) {
        return InodeHeader.read(ByteBuffer.wrap(cluster.bytes(sheep, ObjectId.ofInode(vid), 0, InodeHeader.BYTES)));
    }

    private byte[] slots(Vid vid, int first, int count) {
        return cluster.bytes(1, ObjectId.ofInode(vid), Slots.offset(first), count * Slots.SLOT_BYTES);
    }

    private void isOnAll(ObjectId oid, boolean there) {
        for (int sheep = 1; sheep <= 3; sheep++) {
            assertThat(cluster.host(sheep).store().holds(oid))
                    .as("%s on %d", oid, sheep)
                    .isEqualTo(there);
        }
    }

    private VdiEntry entry(Vid vid) {
        return cluster.host(1).wiring().cluster().state().vdis().find(vid).orElseThrow();
    }

    @Test
    void aVdiThatWasMadeIsFoundAndReadThroughEverySheep() {
        Vid vid = cluster.makeVdi(2, "monkey");

        for (int sheep = 1; sheep <= 3; sheep++) {
            assertThat(vid(cluster.ask(sheep, info("monkey", 0)))).isEqualTo(vid);
            InodeHeader header = header(sheep, vid);
            assertThat(header.name()).isEqualTo(new VdiName("monkey"));
            assertThat(header.sizeBytes()).isEqualTo(64L << 20);
            assertThat(header.copies()).isEqualTo(3);
            assertThat(header.vid()).isEqualTo(vid.value());
            assertThat(header.snapId()).isEqualTo(1);
        }
    }

    @Test
    void aNameThatIsTakenIsRefused() {
        cluster.makeVdi(1, "monkey");

        assertThat(cluster.code(2, newVdi("monkey", Vid.NONE, false))).isEqualTo(ResultCode.VDI_EXIST);
    }

    @Test
    void whatCannotBeIsRefusedAndLeavesNothing() {
        var rightHeader = Header.of(Opcode.NEW_VDI, Flags.WRITE, Epoch.NONE, 1);
        String longest = "x".repeat(255);
        assertThat(cluster.code(1, newVdi("", Vid.NONE, false))).isEqualTo(ResultCode.INVALID_PARMS);
        assertThat(cluster.code(1, newVdi(longest + "x", Vid.NONE, false))).isEqualTo(ResultCode.INVALID_PARMS);
        assertThat(cluster.code(
                        1,
                        new Request.NewVdi(
                                rightHeader, new VdiName("big"), (4L << 40) + 1, Vid.NONE, 0, false, 0, 0, 0)))
                .isEqualTo(ResultCode.INVALID_PARMS);
        assertThat(cluster.code(
                        1, new Request.NewVdi(rightHeader, new VdiName("neg"), -1, Vid.NONE, 0, false, 0, 0, 0)))
                .isEqualTo(ResultCode.INVALID_PARMS);
        assertThat(cluster.code(
                        1, new Request.NewVdi(rightHeader, new VdiName("copies"), 1, Vid.NONE, 9, false, 0, 0, 0)))
                .isEqualTo(ResultCode.INVALID_PARMS);
        assertThat(cluster.code(
                        1, new Request.NewVdi(rightHeader, new VdiName("erasure"), 1, Vid.NONE, 0, false, 0x22, 0, 0)))
                .isEqualTo(ResultCode.NO_SUPPORT);
        assertThat(cluster.host(1).wiring().cluster().state().vdis().all()).isEmpty();

        assertThat(cluster.code(1, newVdi(longest, Vid.NONE, false))).isEqualTo(ResultCode.SUCCESS);
        assertThat(cluster.code(
                        1, new Request.NewVdi(rightHeader, new VdiName("max"), 4L << 40, Vid.NONE, 8, false, 0, 22, 0)))
                .isEqualTo(ResultCode.SUCCESS);
    }

    @Test
    void aVdiOfNoBytesAndOneOfAnOddSizeAreMade() {
        var header = Header.of(Opcode.NEW_VDI, Flags.WRITE, Epoch.NONE, 1);
        Vid none = vid(cluster.ask(1, new Request.NewVdi(header, new VdiName("0"), 0, Vid.NONE, 0, false, 0, 0, 0)));
        Vid odd = vid(cluster.ask(1, new Request.NewVdi(header, new VdiName("1"), 513, Vid.NONE, 0, false, 0, 0, 0)));

        assertThat(header(1, none).sizeBytes()).isZero();
        assertThat(header(1, odd).sizeBytes()).isEqualTo(1024);
    }

    @Test
    void aSnapshotKeepsItsDataWhileTheNewWorkingVdiGoesOn() {
        Vid old = cluster.makeVdi(1, "monkey");
        var data = ObjectId.ofData(old, 0);
        cluster.put(1, data, (byte) 1, (byte) 2);
        var tag = new byte[256];
        tag[0] = 't';
        assertThat(cluster.code(1, write(ObjectId.ofInode(old), 256, tag))).isEqualTo(ResultCode.SUCCESS);

        Vid working = cluster.snapshot(2, "monkey", old);

        assertThat(vid(cluster.ask(3, info("monkey", 0)))).isEqualTo(working);
        assertThat(vid(cluster.ask(3, info("monkey", 1)))).isEqualTo(old);
        assertThat(entry(old).tag()).isEqualTo("t");
        assertThat(header(3, old).snapCtime()).isNotZero();
        assertThat(header(3, working).snapCtime()).isZero();
        assertThat(header(3, working).parent()).isEqualTo(old.value());
        assertThat(header(3, working).snapId()).isEqualTo(2);
        assertThat(slots(working, 0, 1)).isEqualTo(slots(old, 0, 1));
        assertThat(cluster.code(1, write(data, 0, new byte[] {9}))).isEqualTo(ResultCode.READONLY);
        assertThat(cluster.code(1, copyOnWrite(ObjectId.ofData(working, 0), data, 1, new byte[] {7})))
                .isEqualTo(ResultCode.SUCCESS);
        assertThat(cluster.bytes(2, ObjectId.ofData(working, 0), 0, 3)).containsExactly(1, 7, 0);
        assertThat(cluster.bytes(2, data, 0, 3)).containsExactly(1, 2, 0);
    }

    @Test
    void copyOnWriteOfAnObjectThatIsThereWritesItsDataOnly() {
        Vid old = cluster.makeVdi(1, "monkey");
        cluster.put(1, ObjectId.ofData(old, 0), (byte) 1, (byte) 2);
        Vid working = cluster.snapshot(1, "monkey", old);
        var copy = ObjectId.ofData(working, 0);
        cluster.ask(1, copyOnWrite(copy, ObjectId.ofData(old, 0), 0, new byte[] {5}));
        cluster.ask(1, write(copy, 1, new byte[] {6}));

        cluster.ask(1, copyOnWrite(copy, ObjectId.ofData(old, 0), 0, new byte[] {5}));

        assertThat(cluster.bytes(1, copy, 0, 2)).containsExactly(5, 6);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void twoCopiesOnWriteOfOneObjectAtOnceKeepWhatBothWrote(int otherGateway) {
        var many = TestCluster.of(5, 2);
        Vid old = many.makeVdi(1, "monkey");
        IntStream.range(0, 16).forEach(i -> many.put(1, ObjectId.ofData(old, i), (byte) 1, (byte) 2, (byte) 3));
        Vid working = many.snapshot(1, "monkey", old);
        var source = IntStream.range(0, 16)
                .mapToObj(i -> ObjectId.ofData(old, i))
                .filter(oid -> !many.host(1).store().holds(oid)
                        && !many.host(otherGateway).store().holds(oid))
                .findFirst()
                .orElseThrow();
        var copy = ObjectId.ofData(working, source.index());
        many.rule((_, _, request) ->
                request instanceof PeerRequest.ReadReplica read && read.length() > 0 ? Fate.HOLD : Fate.DELIVER);

        var one = many.begin(1, copyOnWrite(copy, source, 0, new byte[] {5}));
        var other = many.begin(otherGateway, copyOnWrite(copy, source, 1, new byte[] {6}));
        assertThat(many.heldCount()).isEqualTo(2);
        many.noRules();
        many.deliverHeld();

        assertThat(many.await(one).result()).isEqualTo(ResultCode.SUCCESS);
        assertThat(many.await(other).result()).isEqualTo(ResultCode.SUCCESS);
        assertThat(many.bytes(1, copy, 0, 3)).containsExactly(5, 6, 3);
    }

    @Test
    void copyOnWriteOverAnObjectThatCannotBeReadChangesNothing() {
        Vid old = cluster.makeVdi(1, "monkey");
        cluster.put(1, ObjectId.ofData(old, 0), (byte) 1);
        Vid working = cluster.snapshot(1, "monkey", old);
        var copy = ObjectId.ofData(working, 0);
        cluster.ask(1, copyOnWrite(copy, ObjectId.ofData(old, 0), 0, new byte[] {5}));
        for (int sheep = 1; sheep <= 3; sheep++) {
            cluster.host(sheep).store().fail(copy, ResultCode.EIO);
        }

        assertThat(cluster.code(1, copyOnWrite(copy, ObjectId.ofData(old, 0), 1, new byte[] {6})))
                .isEqualTo(ResultCode.EIO);
        assertThat(cluster.host(1).store().bytes(copy, 0, 2)).hasValue(new byte[] {5, 0});
    }

    @Test
    void onlySnapshotsAreCloned() {
        Vid base = cluster.makeVdi(1, "base");
        assertThat(cluster.code(1, newVdi("clone", base, false))).isEqualTo(ResultCode.NO_BASE_VDI);

        cluster.put(1, ObjectId.ofData(base, 3), (byte) 4);
        cluster.snapshot(1, "base", base);
        Vid clone = vid(cluster.ask(2, newVdi("clone", base, false)));

        assertThat(slots(clone, 3, 1)).isEqualTo(slots(base, 3, 1));
        assertThat(header(2, clone).parent()).isEqualTo(base.value());
        assertThat(header(2, clone).snapId()).isEqualTo(1);
    }

    @Test
    void aVdiWhoseMakerDiesBeforeItsInodeIsWrittenIsNotThere() {
        cluster.rule((from, _, request) ->
                from == 3 && request instanceof PeerRequest.CreateReplica ? Fate.HOLD : Fate.DELIVER);
        var answer = cluster.begin(3, newVdi("monkey", Vid.NONE, false));
        cluster.until(() -> cluster.heldCount() > 0);
        assertThat(answer.isDone()).isFalse();
        cluster.host(3).crash();
        cluster.noRules();

        assertThat(cluster.host(1).wiring().cluster().state().vdis().all())
                .extracting(VdiEntry::state)
                .containsExactly(VdiEntry.State.RESERVED);
        assertThat(cluster.code(1, info("monkey", 0))).isEqualTo(ResultCode.NO_VDI);
        cluster.epoch(1, 2);

        Vid vid = cluster.makeVdi(1, "monkey");
        cluster.deliverHeld();
        assertThat(vid(cluster.ask(2, info("monkey", 0)))).isEqualTo(vid);
    }

    @Test
    void aSnapshotWhoseMakerDiesBeforeTheCommitLeavesTheVdiWorking() {
        Vid vid = cluster.makeVdi(1, "monkey");
        cluster.rule((from, _, request) ->
                from == 3 && request instanceof PeerRequest.CreateReplica ? Fate.LOSE_ANSWER : Fate.DELIVER);
        cluster.begin(3, newVdi("monkey", vid, true));
        cluster.until(() -> cluster.host(1).store().oids().size() > 1);
        cluster.host(3).crash();
        cluster.noRules();
        cluster.epoch(1, 2);

        assertThat(vid(cluster.ask(1, info("monkey", 0)))).isEqualTo(vid);
        assertThat(cluster.code(1, create(ObjectId.ofData(vid, 0), 0, new byte[] {1})))
                .isEqualTo(ResultCode.SUCCESS);
        cluster.host(1).log().leader(101);
        cluster.until(() -> cluster.host(1).store().oids().stream()
                .filter(ObjectId::isInode)
                .allMatch(ObjectId.ofInode(vid)::equals));
    }

    @Test
    void writesThatComeDuringASnapshotGoToTheNewVdiOrAreRefused() {
        Vid vid = cluster.makeVdi(1, "monkey");
        var data = ObjectId.ofData(vid, 0);
        cluster.put(1, data, (byte) 1);
        cluster.rule((_, _, request) -> request instanceof PeerRequest.CreateReplica ? Fate.HOLD : Fate.DELIVER);
        var snapshot = cluster.begin(1, newVdi("monkey", vid, true));
        cluster.until(() -> cluster.heldCount() > 0);

        var write = cluster.begin(1, write(data, 0, new byte[] {2}));
        var index = cluster.begin(1, write(ObjectId.ofInode(vid), Slots.offset(5), new byte[] {1, 0, 0, 0}));
        cluster.loop().settle();
        assertThat(write.isDone()).isFalse();
        cluster.noRules();
        cluster.deliverHeld();

        assertThat(cluster.await(snapshot).result()).isEqualTo(ResultCode.SUCCESS);
        assertThat(cluster.await(write).result()).isEqualTo(ResultCode.READONLY);
        assertThat(cluster.await(index).result()).isEqualTo(ResultCode.READONLY);
        assertThat(cluster.bytes(2, data, 0, 1)).containsExactly(1);
    }

    @Test
    void deletingAVdiRemovesItsObjectsAndFreesItsId() {
        Vid vid = cluster.makeVdi(1, "monkey");
        cluster.put(1, ObjectId.ofData(vid, 0), (byte) 1);
        cluster.put(1, ObjectId.ofData(vid, 7), (byte) 1);
        cluster.ask(1, create(ObjectId.ofVmState(vid, 0), 0, new byte[] {1}));

        assertThat(cluster.code(2, deleteVdi("monkey", 0))).isEqualTo(ResultCode.SUCCESS);

        for (int sheep = 1; sheep <= 3; sheep++) {
            assertThat(cluster.host(sheep).store().oids()).isEmpty();
        }
        assertThat(entry(vid).state()).isEqualTo(VdiEntry.State.GONE);
        assertThat(cluster.code(1, deleteVdi("monkey", 0))).isEqualTo(ResultCode.NO_VDI);
        assertThat(cluster.makeVdi(3, "monkey")).isEqualTo(vid);
    }

    @Test
    void objectsThatASnapshotSharesStayUntilItIsDeletedToo() {
        Vid old = cluster.makeVdi(1, "monkey");
        var shared = ObjectId.ofData(old, 0);
        var replaced = ObjectId.ofData(old, 1);
        cluster.put(1, shared, (byte) 1);
        cluster.put(1, replaced, (byte) 1);
        Vid working = cluster.snapshot(1, "monkey", old);
        cluster.put(1, ObjectId.ofData(working, 1), (byte) 2);

        assertThat(cluster.code(2, deleteVdi("monkey", 1))).isEqualTo(ResultCode.SUCCESS);

        isOnAll(shared, true);
        isOnAll(replaced, false);
        isOnAll(ObjectId.ofInode(old), false);
        assertThat(cluster.bytes(3, shared, 0, 1)).containsExactly(1);
        assertThat(cluster.code(2, deleteVdi("monkey", 0))).isEqualTo(ResultCode.SUCCESS);
        for (int sheep = 1; sheep <= 3; sheep++) {
            assertThat(cluster.host(sheep).store().oids()).isEmpty();
        }
    }

    @Test
    void whatADeletedWorkingVdiSharedWithItsSnapshotStays() {
        Vid old = cluster.makeVdi(1, "monkey");
        cluster.put(1, ObjectId.ofData(old, 0), (byte) 1);
        Vid working = cluster.snapshot(1, "monkey", old);
        cluster.put(1, ObjectId.ofData(working, 2), (byte) 1);

        cluster.ask(1, deleteVdi("monkey", 0));

        isOnAll(ObjectId.ofData(old, 0), true);
        isOnAll(ObjectId.ofData(working, 2), false);
        assertThat(cluster.code(1, info("monkey", 0))).isEqualTo(ResultCode.NO_VDI);
        assertThat(vid(cluster.ask(1, info("monkey", 1)))).isEqualTo(old);
    }

    @Test
    void theLeaderFinishesADeletionWhoseSheepDied() {
        Vid vid = cluster.makeVdi(1, "monkey");
        cluster.put(1, ObjectId.ofData(vid, 0), (byte) 1);
        cluster.rule((from, _, request) ->
                from == 3 && request instanceof PeerRequest.ListObjects ? Fate.HOLD : Fate.DELIVER);
        cluster.begin(3, deleteVdi("monkey", 0));
        cluster.until(() -> cluster.heldCount() > 0);
        cluster.host(3).crash();
        cluster.noRules();
        cluster.epoch(1, 2);
        cluster.host(2).log().leader(101);

        cluster.until(() -> cluster.host(1).store().oids().isEmpty());
        cluster.until(() -> entry(vid).state() == VdiEntry.State.GONE);
    }

    @Test
    void theLeaderSweepsAFamilyAgainThatItSweptBeforeAnotherOfItWasDeleted() {
        Vid old = cluster.makeVdi(1, "monkey");
        cluster.put(1, ObjectId.ofData(old, 0), (byte) 1);
        cluster.snapshot(1, "monkey", old);
        cluster.ask(1, deleteVdi("monkey", 1));
        cluster.host(2).log().leader(101);
        cluster.host(3).log().leader(101);
        isOnAll(ObjectId.ofData(old, 0), true);
        cluster.rule((from, _, request) ->
                from == 3 && request instanceof PeerRequest.ListObjects ? Fate.HOLD : Fate.DELIVER);
        cluster.begin(3, deleteVdi("monkey", 0));
        cluster.until(() -> cluster.heldCount() > 0);
        cluster.host(3).crash();
        cluster.noRules();
        cluster.epoch(1, 2);

        cluster.until(() -> cluster.host(1).store().oids().isEmpty());
    }

    @Test
    void aCreateThatIsUnderWayWhenItsVdiIsDeletedLeavesNothingBehind() {
        Vid vid = cluster.makeVdi(1, "monkey");
        cluster.ask(1, create(ObjectId.ofData(vid, 0), 0, new byte[] {1}));
        cluster.rule((from, to, request) ->
                from == 1 && to == 2 && request instanceof PeerRequest.CreateReplica ? Fate.HOLD : Fate.DELIVER);
        var late = cluster.begin(1, create(ObjectId.ofData(vid, 1), 0, new byte[] {1}));
        cluster.until(() -> cluster.heldCount() > 0);

        var deleted = cluster.begin(3, deleteVdi("monkey", 0));
        cluster.loop().advance(Duration.ofSeconds(2));
        assertThat(deleted.isDone()).isFalse();
        cluster.noRules();
        cluster.deliverHeld();
        cluster.await(late);
        cluster.await(deleted);

        for (int sheep = 1; sheep <= 3; sheep++) {
            assertThat(cluster.host(sheep).store().oids()).isEmpty();
        }
    }

    @Test
    void copiesThatFormerReplicasKeptAreGoneBeforeAnIdIsGivenOutAgain() {
        var four = TestCluster.of(4, 3);
        Vid vid = four.makeVdi(1, "monkey");
        for (int i = 0; i < 6; i++) {
            four.put(1, ObjectId.ofData(vid, i), (byte) 1);
        }
        four.host(5).start();
        four.epoch(1, 2, 3, 4, 5);
        four.until(() -> !four.host(5).wiring().recovery().isRunning());
        assertThat(four.host(5).store().oids()).isNotEmpty();

        four.ask(1, deleteVdi("monkey", 0));

        for (int sheep = 1; sheep <= 5; sheep++) {
            assertThat(four.host(sheep).store().oids()).as("sheep %d", sheep).isEmpty();
        }
    }

    @Test
    void aFormatDuringADeletionLeavesTheNewVdisOfThatNameAlone() {
        Vid vid = cluster.makeVdi(1, "monkey");
        cluster.put(1, ObjectId.ofData(vid, 0), (byte) 1);
        cluster.rule((_, _, request) -> request instanceof PeerRequest.ListObjects ? Fate.HOLD : Fate.DELIVER);
        cluster.begin(1, deleteVdi("monkey", 0));
        cluster.until(() -> cluster.heldCount() > 0);
        cluster.noRules();
        cluster.format(3);
        assertThat(cluster.makeVdi(2, "monkey")).isEqualTo(vid);
        cluster.put(2, ObjectId.ofData(vid, 0), (byte) 2);

        cluster.deliverHeld();
        cluster.loop().advance(Duration.ofSeconds(10));

        assertThat(cluster.bytes(3, ObjectId.ofData(vid, 0), 0, 1)).containsExactly(2);
        assertThat(entry(vid).state()).isEqualTo(VdiEntry.State.LIVE);
    }

    @Test
    void aClientsHeaderDoesNotChangeWhoTheVdiIs() {
        Vid old = cluster.makeVdi(1, "monkey");
        InodeHeader stale = header(1, old);
        Vid working = cluster.snapshot(1, "monkey", old);
        byte[] header = new byte[InodeHeader.BYTES];
        Arrays.fill(header, (byte) 0x5a);
        byte[] before = cluster.bytes(1, ObjectId.ofInode(working), 0, InodeHeader.BYTES);

        assertThat(cluster.code(1, write(ObjectId.ofInode(working), 0, header))).isEqualTo(ResultCode.SUCCESS);
        ByteBuffer written = stale.encode();
        byte[] staleBytes = new byte[written.remaining()];
        written.get(staleBytes);
        assertThat(cluster.code(1, write(ObjectId.ofInode(old), 0, staleBytes))).isEqualTo(ResultCode.SUCCESS);

        byte[] after = cluster.bytes(2, ObjectId.ofInode(working), 0, InodeHeader.BYTES);
        assertThat(Arrays.copyOfRange(after, 512, 528)).isEqualTo(Arrays.copyOfRange(before, 512, 528));
        assertThat(Arrays.copyOfRange(after, 552, InodeHeader.BYTES))
                .isEqualTo(Arrays.copyOfRange(before, 552, InodeHeader.BYTES));
        assertThat(after[536]).isEqualTo((byte) 0x5a);
        assertThat(header(2, old).snapCtime()).isNotZero().isEqualTo(entry(old).snapCtime());
    }

    @Test
    void emptyingASlotOfAWorkingVdiLetsItsObjectGo() {
        Vid vid = cluster.makeVdi(1, "monkey");
        cluster.put(1, ObjectId.ofData(vid, 0), (byte) 1);
        cluster.put(1, ObjectId.ofData(vid, 1), (byte) 1);

        cluster.ask(2, write(ObjectId.ofInode(vid), Slots.offset(0), new byte[4]));

        isOnAll(ObjectId.ofData(vid, 0), false);
        isOnAll(ObjectId.ofData(vid, 1), true);
    }

    @Test
    void emptyingASlotOfASnapshotKeepsTheObjectThatOthersShare() {
        Vid old = cluster.makeVdi(1, "monkey");
        cluster.put(1, ObjectId.ofData(old, 0), (byte) 1);
        cluster.snapshot(1, "monkey", old);

        assertThat(cluster.code(1, write(ObjectId.ofInode(old), Slots.offset(0), new byte[4])))
                .isEqualTo(ResultCode.SUCCESS);

        isOnAll(ObjectId.ofData(old, 0), true);
    }

    @Test
    void discardEmptiesTheSlotAndRemovesTheObject() {
        Vid vid = cluster.makeVdi(1, "monkey");
        cluster.put(1, ObjectId.ofData(vid, 2), (byte) 1);

        assertThat(cluster.code(1, discard(ObjectId.ofData(vid, 2)))).isEqualTo(ResultCode.SUCCESS);
        assertThat(cluster.code(1, discard(ObjectId.ofData(vid, 2)))).isEqualTo(ResultCode.SUCCESS);

        isOnAll(ObjectId.ofData(vid, 2), false);
        assertThat(slots(vid, 2, 1)).containsOnly(0);
    }

    @Test
    void anyNumberOfEpochsIsListedNewestFirstAndEachCanBeHadAlone() {
        for (int i = 0; i < 40; i++) {
            cluster.epoch(1, 2, 3);
        }
        var stat = new Request.StatCluster(Header.of(Opcode.STAT_CLUSTER, 0, Epoch.NONE, 1), 30 * EpochLogEntry.BYTES);

        var listed = EpochLogEntry.readAll(cluster.ask(1, stat).data().bytes());

        assertThat(listed)
                .extracting(e -> e.epoch().number())
                .containsExactlyElementsOf(
                        IntStream.iterate(41, e -> e - 1).limit(30).boxed().toList());
        assertThat(listed).allSatisfy(e -> assertThat(e.nodes()).hasSize(3));
        var one =
                cluster.ask(1, new Request.GetEpoch(Header.of(Opcode.GET_EPOCH, 0, Epoch.NONE, 1), new Epoch(7), 4096));
        assertThat(one.data().bytes().order(ByteOrder.LITTLE_ENDIAN).getLong(3 * NodeCodec.BYTES))
                .isEqualTo(1007);
        var none = new Request.GetEpoch(Header.of(Opcode.GET_EPOCH, 0, Epoch.NONE, 1), new Epoch(42), 4096);
        assertThat(cluster.code(1, none)).isEqualTo(ResultCode.NO_TAG);
    }

    @Test
    void theInodeOfADeletedVdiReadsAsZerosAndOneThatNeverWasIsNotThere() {
        Vid old = cluster.makeVdi(1, "monkey");
        cluster.ask(1, deleteVdi("monkey", 0));

        assertThat(cluster.bytes(2, ObjectId.ofInode(old), 0, 600)).containsOnly(0);
        assertThat(cluster.code(2, read(ObjectId.ofInode(new Vid(77)), 0, 1))).isEqualTo(ResultCode.NO_OBJ);
        assertThat(cluster.code(2, write(ObjectId.ofInode(old), 0, new byte[1])))
                .isEqualTo(ResultCode.NO_OBJ);
        assertThat(cluster.code(2, create(ObjectId.ofData(old, 0), 0, new byte[1])))
                .isEqualTo(ResultCode.NO_OBJ);
        assertThat(cluster.code(2, write(ObjectId.ofData(new Vid(77), 0), 0, new byte[1])))
                .isEqualTo(ResultCode.NO_OBJ);
        assertThat(cluster.code(2, remove(ObjectId.ofData(new Vid(77), 0)))).isEqualTo(ResultCode.NO_OBJ);
    }

    @Test
    void clientsNeitherMakeNorRemoveInodes() {
        Vid vid = cluster.makeVdi(1, "monkey");

        assertThat(cluster.code(1, create(ObjectId.ofInode(vid), 0, new byte[1])))
                .isEqualTo(ResultCode.INVALID_PARMS);
        assertThat(cluster.code(1, remove(ObjectId.ofInode(vid)))).isEqualTo(ResultCode.INVALID_PARMS);
        assertThat(cluster.code(1, discard(ObjectId.ofInode(vid)))).isEqualTo(ResultCode.INVALID_PARMS);
    }

    @Test
    void aReadTellsHowManyCopiesThereAre() {
        Vid vid = cluster.makeVdi(1, "monkey");
        cluster.put(1, ObjectId.ofData(vid, 0), (byte) 1);

        for (ObjectId oid : new ObjectId[] {ObjectId.ofInode(vid), ObjectId.ofData(vid, 0)}) {
            var answer = cluster.ask(2, read(oid, 0, 4));
            assertThat(answer)
                    .isInstanceOfSatisfying(
                            Response.ObjectData.class,
                            data -> assertThat(data.copies()).isEqualTo(3));
        }
        assertThat(Optional.of(cluster.code(2, read(ObjectId.ofData(vid, 9), 0, 4))))
                .contains(ResultCode.NO_OBJ);
    }
}
