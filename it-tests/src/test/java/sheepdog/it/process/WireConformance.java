package sheepdog.it.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import sheepdog.it.client.RawReply;
import sheepdog.it.client.RawRequest;
import sheepdog.it.client.WireClient;
import sheepdog.it.client.WireDisk;

/**
 * What real clients do not send, and what none should, sent byte by byte to a sheep of three. After every test the sheep
 * lives, and serves a client that does nothing wrong.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WireConformance {
    private static final int OBJECT = WireDisk.OBJECT_BYTES;
    private static final int OBJECTS = 4;
    private static final long TIB_4 = 4L << 40;

    private ProcessCluster cluster;
    private WireClient client;
    private int names;

    @RegisterExtension
    final FailureLogs logs = new FailureLogs(() -> cluster.logs());

    @BeforeAll
    void start(@TempDir Path folder) {
        cluster = ProcessCluster.local(folder, 3).startAll().format(3);
    }

    @AfterAll
    void end() {
        cluster.close();
    }

    @BeforeEach
    void connect() throws IOException {
        client = cluster.sheep(0).connect();
    }

    @AfterEach
    void sheepLivesAndServesOthers() throws IOException {
        client.close();
        for (int i = 0; i < 3; i++) {
            assertThat(cluster.sheep(i).isAlive()).as("sheep %d lives", i).isTrue();
        }
        try (var another = cluster.sheep(0).connect()) {
            WireDisk disk = WireDisk.create(another, name("after"), 1, 1);
            disk.write(4096, filled(4096, 9));
            assertThat(disk.read(0, 12_288)).containsSequence(filled(4096, 9));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void earlyVersionsAreGivenWholeRangesAndNoOffset(int version) throws IOException {
        WireDisk disk = disk(version);
        disk.write(8192, filled(512, 7));

        RawReply reply = client.call(
                RawRequest.read(WireDisk.dataOid(disk.vid(), 0), 0, OBJECT).version(version));

        assertThat(reply.length()).isEqualTo(OBJECT);
        assertThat(reply.offset()).isZero();
        assertThat(Arrays.copyOfRange(reply.payload(), 8192, 8704)).isEqualTo(filled(512, 7));
        assertThat(reply.payload()[8191] + reply.payload()[8704]).isZero();
    }

    @Test
    void versionTwoMayBeGivenLessAndCanFillItUp() throws IOException {
        WireDisk disk = disk(2);
        disk.write(8192, filled(512, 7));

        RawReply reply = client.call(RawRequest.read(WireDisk.dataOid(disk.vid(), 0), 0, 65_536));

        byte[] expected = new byte[65_536];
        Arrays.fill(expected, 8192, 8704, (byte) 7);
        assertThat(reply.whole(65_536)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 4, 128, 255})
    void laterVersionsAreToldThatTheyDoNotMatch(int version) throws IOException {
        assertThat(result(RawRequest.of(RawRequest.READ_VDIS).length(1 << 21).version(version)))
                .isEqualTo(RawReply.VER_MISMATCH);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 6, 8, 10})
    void internalOperationsNeedTheirOwnVersion(int version) throws IOException {
        assertThat(result(RawRequest.of(RawRequest.GET_NODE_LIST).length(57_344).version(version)))
                .isEqualTo(RawReply.VER_MISMATCH);
    }

    @Test
    void opcodesThatNobodyKnowsAreAnsweredAndTheConnectionGoesOn() throws IOException {
        for (int opcode : new int[] {0, 0x06, 0x10, 0x19, 0x55, 0x7f}) {
            RawReply reply = client.call(RawRequest.of(opcode).id(opcode + 1));
            assertThat(reply.result()).as("opcode %x", opcode).isEqualTo(RawReply.INVALID_PARMS);
            assertThat(reply.length()).isZero();
        }
        for (int opcode : new int[] {0x80, 0xb0 + 0x1f, 0xdf, 0xff}) {
            assertThat(result(RawRequest.of(opcode))).as("opcode %x", opcode).isEqualTo(RawReply.INVALID_PARMS);
        }
        assertThat(result(RawRequest.of(0x7e).payload(new byte[1000]))).isEqualTo(RawReply.INVALID_PARMS);
        assertThat(result(RawRequest.vdiInfo("nobody"))).isEqualTo(RawReply.NO_VDI);
    }

    @Test
    void operationsBetweenSheepAreNotForClients() throws IOException {
        WireDisk disk = disk(1);
        disk.write(0, filled(512, 1));

        for (int opcode = 0xe1; opcode <= 0xff; opcode++) {
            RawReply reply = client.call(RawRequest.of(opcode)
                    .put64(16, WireDisk.dataOid(disk.vid(), 0))
                    .put64(24, Long.MAX_VALUE)
                    .put64(32, 1));
            assertThat(reply.result()).as("opcode %x", opcode).isNotEqualTo(RawReply.SUCCESS);
        }
        assertThat(disk.read(0, 512)).isEqualTo(filled(512, 1));
    }

    @Test
    void copiesAreOneByteWhateverLaterClientsPutBehindIt() throws IOException {
        String name = name("late");
        RawReply made = client.call(
                RawRequest.newVdi(name, 4L * OBJECT, 0).version(0).put8(28, 2).put8(31, 22));
        assertThat(made.result()).isEqualTo(RawReply.SUCCESS);
        assertThat(made.u8(32)).isEqualTo(2);

        WireDisk disk = WireDisk.open(client, name, OBJECTS, 1);
        long oid = WireDisk.dataOid(disk.vid(), 0);
        RawReply written = client.call(RawRequest.create(oid, 0, filled(512, 3))
                .version(0)
                .put8(32, 2)
                .put8(33, 0x11)
                .put8(34, 0x22)
                .put8(35, 0x33));
        assertThat(written.result()).isEqualTo(RawReply.SUCCESS);

        assertThat(replicas(oid)).isEqualTo(2);
        assertThat(Arrays.copyOf(disk.readObject(oid, 0, 4096), 512)).isEqualTo(filled(512, 3));
    }

    @Test
    void slotOfZeroGivesTheObjectBack() throws IOException {
        WireDisk disk = disk(0);
        disk.write(0, filled(4096, 1));
        disk.write(OBJECT, filled(4096, 2));
        long oid = WireDisk.dataOid(disk.vid(), 0);
        assertThat(replicas(oid)).isEqualTo(3);

        disk.setSlot(0, 0);

        Waiting.until("the object to be gone", Duration.ofSeconds(10), () -> replicas(oid) == 0);
        assertThat(disk.read(OBJECT, 4096)).isEqualTo(filled(4096, 2));
        disk.write(0, filled(512, 4));
        byte[] expected = new byte[4096];
        Arrays.fill(expected, 0, 512, (byte) 4);
        assertThat(disk.read(0, 4096)).as("nothing of what was discarded").isEqualTo(expected);
    }

    @Test
    void slotThatIsWrittenAgainWithWhatItHoldsChangesNothing() throws IOException {
        WireDisk disk = disk(0);
        disk.write(0, filled(4096, 1));

        disk.setSlot(0, disk.vid());

        assertThat(disk.read(0, 4096)).isEqualTo(filled(4096, 1));
    }

    @Test
    void earlierClientsDiscardByAnOperationOfItsOwn() throws IOException {
        WireDisk disk = disk(1);
        disk.write(0, filled(4096, 1));
        long oid = WireDisk.dataOid(disk.vid(), 0);
        RawRequest discard = RawRequest.of(RawRequest.DISCARD_OBJ).put64(16, oid);

        assertThat(result(discard)).isEqualTo(RawReply.SUCCESS);
        assertThat(result(discard)).isEqualTo(RawReply.SUCCESS);

        assertThat(result(RawRequest.read(oid, 0, 512))).isEqualTo(RawReply.NO_OBJ);
        assertThat(replicas(oid)).isZero();
        byte[] slot = disk.readObject(WireDisk.inodeOid(disk.vid()), WireDisk.INDEX_OFFSET, 4);
        assertThat(slot).containsOnly(0);
    }

    @Test
    void requestSentTwiceWithOneNumberIsAnsweredTwiceAndDoneOnce() throws IOException {
        WireDisk disk = disk(0);
        disk.write(0, filled(8192, 1));
        long oid = WireDisk.dataOid(disk.vid(), 0);
        RawRequest write = RawRequest.write(oid, 0, filled(4096, 2)).version(0).id(77);

        client.send(write);
        client.send(write);

        assertThat(client.receive().id()).isEqualTo(77);
        assertThat(client.receive().id()).isEqualTo(77);
        assertThat(disk.read(0, 4096)).isEqualTo(filled(4096, 2));
        assertThat(disk.read(4096, 4096)).isEqualTo(filled(4096, 1));
    }

    @Test
    void createThatIsSentAgainAfterAReconnectMergesItsRangeOnly() throws IOException {
        WireDisk disk = disk(0);
        long oid = WireDisk.dataOid(disk.vid(), 0);
        RawRequest create =
                RawRequest.create(oid, 4096, filled(4096, 1)).version(0).id(5);
        client.send(create);
        client.reset();

        client = cluster.sheep(0).connect();
        assertThat(result(create)).isEqualTo(RawReply.SUCCESS);
        assertThat(result(RawRequest.write(oid, 16_384, filled(4096, 2)).version(0)))
                .isEqualTo(RawReply.SUCCESS);
        assertThat(result(create)).isEqualTo(RawReply.SUCCESS);

        byte[] read = client.call(RawRequest.read(oid, 0, 20_480).version(0)).payload();
        assertThat(Arrays.copyOfRange(read, 0, 4096)).containsOnly(0);
        assertThat(Arrays.copyOfRange(read, 4096, 8192)).isEqualTo(filled(4096, 1));
        assertThat(Arrays.copyOfRange(read, 16_384, 20_480)).isEqualTo(filled(4096, 2));
    }

    @Test
    void olderWriteThatIsSentAgainIsNotDoneAfterANewerOne() throws IOException {
        WireDisk disk = disk(0);
        disk.write(0, filled(4096, 1));
        long oid = WireDisk.dataOid(disk.vid(), 0);
        for (int round = 0; round < 50; round++) {
            client.send(RawRequest.write(oid, 0, filled(4096, 2)).version(0).id(1));
            client.reset();
            client = cluster.sheep(0).connect();
            assertThat(result(RawRequest.write(oid, 0, filled(4096, 2)).version(0)))
                    .isEqualTo(RawReply.SUCCESS);
            assertThat(result(RawRequest.write(oid, 0, filled(4096, 3)).version(0)))
                    .isEqualTo(RawReply.SUCCESS);
        }

        assertThat(client.call(RawRequest.read(oid, 0, 4096).version(0)).payload())
                .isEqualTo(filled(4096, 3));
    }

    @Test
    void requestsOfOneConnectionAreAllAnsweredEachByItsNumber() throws IOException {
        WireDisk disk = disk(0);
        for (int i = 0; i < OBJECTS; i++) {
            disk.write((long) i * OBJECT, filled(4096, 10 + i));
        }
        int count = 400;
        var random = new Random(1);
        var expected = new TreeMap<Integer, Integer>();
        for (int id = 1; id <= count; id++) {
            int object = random.nextInt(OBJECTS);
            boolean write = random.nextInt(4) == 0;
            expected.put(id, write ? -1 : object);
            long oid = WireDisk.dataOid(disk.vid(), object);
            client.send((write ? RawRequest.write(oid, 8192, filled(4096, id)) : RawRequest.read(oid, 0, 4096))
                    .version(0)
                    .id(id));
        }

        var answered = new TreeSet<Integer>();
        for (int i = 0; i < count; i++) {
            RawReply reply = client.receive();
            assertThat(answered.add(reply.id()))
                    .as("%s is the first with its id", reply)
                    .isTrue();
            assertThat(reply.result()).isZero();
            int object = expected.get(reply.id());
            assertThat(reply.payload()).isEqualTo(object < 0 ? new byte[0] : filled(4096, 10 + object));
        }
        assertThat(answered).isEqualTo(expected.navigableKeySet());
    }

    @Test
    void namesAreKeptByteForByteUpTo255OfThem() throws IOException {
        byte[] field = new byte[256];
        Arrays.fill(field, 0, 255, (byte) 0xe9);
        assertThat(result(RawRequest.newVdi("", OBJECT, 0).payload(field))).isEqualTo(RawReply.SUCCESS);
        RawReply found = client.call(RawRequest.of(RawRequest.GET_VDI_INFO).payload(field));
        assertThat(found.result()).isEqualTo(RawReply.SUCCESS);
        byte[] inode = client.call(
                        RawRequest.read(WireDisk.inodeOid(found.vid()), 0, 256).version(1))
                .payload();
        assertThat(inode).isEqualTo(field);

        byte[] tooLong = new byte[256];
        Arrays.fill(tooLong, (byte) 'x');
        assertThat(result(RawRequest.newVdi("", OBJECT, 0).payload(tooLong))).isEqualTo(RawReply.INVALID_PARMS);
        assertThat(result(RawRequest.newVdi("", OBJECT, 0))).as("no name").isEqualTo(RawReply.INVALID_PARMS);
        for (int length : new int[] {0, 1, 255, 257, 512, 4096}) {
            assertThat(result(RawRequest.newVdi("", OBJECT, 0).payload(new byte[length])))
                    .as("name field of %d bytes", length)
                    .isEqualTo(RawReply.INVALID_PARMS);
        }
    }

    @Test
    void sizesThatCannotBeAreRefusedAndOddOnesAreNot() throws IOException {
        for (long size : new long[] {0, 1, 513, OBJECT - 1, TIB_4}) {
            RawReply made = client.call(RawRequest.newVdi(name("size"), size, 0));
            assertThat(made.result()).as("size %d", size).isEqualTo(RawReply.SUCCESS);
        }
        for (long size : new long[] {TIB_4 + 1, 1L << 62, Long.MIN_VALUE, -1}) {
            assertThat(result(RawRequest.newVdi(name("size"), size, 0)))
                    .as("size %s", Long.toUnsignedString(size))
                    .isEqualTo(RawReply.INVALID_PARMS);
        }
    }

    @Test
    void rangesPastAnObjectsEndAreRefusedAndHarmNothing() throws IOException {
        WireDisk disk = disk(1);
        disk.write(0, filled(4096, 1));
        long oid = WireDisk.dataOid(disk.vid(), 0);
        for (long offset : new long[] {OBJECT - 511, OBJECT, 2L * OBJECT, 1L << 31, 1L << 32, Long.MAX_VALUE, -512}) {
            assertThat(result(RawRequest.read(oid, offset, 512))).isEqualTo(RawReply.INVALID_PARMS);
            assertThat(result(RawRequest.write(oid, offset, filled(512, 2)))).isEqualTo(RawReply.INVALID_PARMS);
            assertThat(result(RawRequest.create(oid, offset, filled(512, 2)))).isEqualTo(RawReply.INVALID_PARMS);
        }
        assertThat(result(RawRequest.read(oid, 0, OBJECT + 1))).isEqualTo(RawReply.INVALID_PARMS);
        assertThat(result(RawRequest.read(oid, 0, -1))).isEqualTo(RawReply.INVALID_PARMS);
        assertThat(result(RawRequest.read(WireDisk.inodeOid(disk.vid()), WireDisk.INODE_BYTES, 1)))
                .isEqualTo(RawReply.INVALID_PARMS);
        assertThat(disk.read(0, 4096)).isEqualTo(filled(4096, 1));
        assertThat(replicas(oid)).isEqualTo(3);
    }

    @Test
    void objectsOfNobodyAreNotThere() throws IOException {
        assertThat(result(RawRequest.read(WireDisk.dataOid(0xabcdef, 0), 0, 512)))
                .isEqualTo(RawReply.NO_OBJ);
        assertThat(result(RawRequest.write(WireDisk.dataOid(0xabcdef, 0), 0, filled(512, 1))))
                .isEqualTo(RawReply.NO_OBJ);
        WireDisk disk = disk(1);
        assertThat(result(RawRequest.write(WireDisk.dataOid(disk.vid(), 0), 0, filled(512, 1))))
                .isEqualTo(RawReply.NO_OBJ);
        assertThat(result(RawRequest.create(WireDisk.dataOid(0xabcdef, 0), 0, filled(512, 1))))
                .isNotEqualTo(RawReply.SUCCESS);
    }

    @Test
    void lengthsUpToFourGibibytesAllocateNothingAndCloseAtWorst() throws IOException {
        for (int length : new int[] {Integer.MAX_VALUE, -1, 1 << 30, 64 << 20}) {
            try (var one = cluster.sheep(0).connect()) {
                one.patience(Duration.ofSeconds(10));
                one.send(RawRequest.of(RawRequest.WRITE_OBJ)
                        .put64(16, WireDisk.dataOid(1, 0))
                        .flags(RawRequest.WRITE)
                        .length(length));
                assertThat(refusedOrClosed(one))
                        .as("length %s", Integer.toUnsignedString(length))
                        .isTrue();
            }
        }
    }

    @Test
    void garbageEndsItsConnectionAtWorst() throws IOException {
        var random = new Random(99);
        for (int round = 0; round < 200; round++) {
            try (var one = cluster.sheep(round % 3).connect()) {
                byte[] garbage = new byte[1 + random.nextInt(5_000)];
                random.nextBytes(garbage);
                for (int at = 0; at + 48 <= garbage.length; at += 48) {
                    if (isDangerous(garbage[at + 1])) {
                        garbage[at + 1] = (byte) (random.nextInt(4) + 1);
                    }
                }
                send(one, garbage);
                one.shutdownOutput();
            } catch (IOException closedByTheSheep) {
                // That is its right.
            }
        }
    }

    @Test
    void framesThatAreCutOffDoNothing() throws IOException {
        WireDisk disk = disk(1);
        disk.write(0, filled(8192, 1));
        byte[] whole = RawRequest.write(WireDisk.dataOid(disk.vid(), 0), 0, filled(8192, 2))
                .bytes();
        for (int length : new int[] {0, 1, 15, 47, 48, 49, 4096, whole.length - 1}) {
            try (var one = cluster.sheep(0).connect()) {
                one.send(Arrays.copyOf(whole, length));
                if (length % 2 == 0) {
                    one.reset();
                }
            }
        }
        assertThat(disk.read(0, 8192)).isEqualTo(filled(8192, 1));
    }

    @Test
    void clientThatSendsByteByByteIsServed() throws IOException {
        WireDisk disk = disk(1);
        disk.write(0, filled(512, 1));

        for (byte one : RawRequest.read(WireDisk.dataOid(disk.vid(), 0), 0, 512).bytes()) {
            client.send(new byte[] {one});
        }

        assertThat(client.receive().whole(512)).isEqualTo(filled(512, 1));
    }

    @Test
    void clientThatDoesNotReadItsAnswersIsHeldUpAndOthersAreServed() throws IOException {
        WireDisk disk = disk(1);
        disk.write(0, filled(OBJECT, 1));
        byte[] read =
                RawRequest.read(WireDisk.dataOid(disk.vid(), 0), 0, OBJECT).bytes();
        try (var greedy = cluster.sheep(0).connect()) {
            greedy.patience(Duration.ofMillis(200));
            try {
                for (int i = 0; i < 2_000_000; i++) {
                    greedy.send(read);
                }
                throw new AssertionError("two million reads were taken");
            } catch (SocketTimeoutException heldUp) {
                // The sheep has stopped reading from this connection.
            }
            assertThat(disk.read(0, OBJECT)).isEqualTo(filled(OBJECT, 1));
        }
    }

    @Test
    void tenThousandConnectionsThatSayHalfAWordLeaveRoomForOthers() throws IOException {
        var open = new ArrayList<WireClient>();
        try {
            for (int i = 0; i < 10_000; i++) {
                var one = cluster.sheep(1).connect();
                open.add(one);
                one.send(new byte[] {1, 2, 3});
            }
        } catch (IOException noMore) {
            // This process or the sheep has reached its limit of descriptors.
        }
        try (var other = cluster.sheep(1).connect()) {
            assertThat(other.call(RawRequest.vdiInfo("nobody")).result()).isEqualTo(RawReply.NO_VDI);
        } finally {
            for (WireClient one : open) {
                one.close();
            }
        }
        assertThat(open).hasSizeGreaterThan(1_000);
    }

    @Test
    void unixSocketServesLikeTheTcpPort() throws IOException {
        try (var local = WireClient.connect(cluster.store(2).resolve("sock"))) {
            WireDisk disk = WireDisk.create(local, name("unix"), 1, 1);
            disk.write(0, filled(4096, 5));
            assertThat(disk.read(0, 4096)).isEqualTo(filled(4096, 5));
        }
    }

    @Test
    void vdiThatIsMadeTwiceIsThereAlreadyAndNothingElseChanges() throws IOException {
        String name = name("twice");
        RawReply made = client.call(RawRequest.newVdi(name, OBJECT, 0).id(3));
        RawReply again = client.call(RawRequest.newVdi(name, OBJECT, 0).id(3));

        assertThat(made.result()).isEqualTo(RawReply.SUCCESS);
        assertThat(again.result()).isEqualTo(RawReply.VDI_EXIST);
        assertThat(client.call(RawRequest.vdiInfo(name)).vid()).isEqualTo(made.vid());
    }

    @Test
    void snapshotIsReadOnlyAndItsNameLeadsToTheNewDisk() throws IOException {
        String name = name("live");
        WireDisk disk = WireDisk.create(client, name, OBJECTS, 1);
        disk.write(0, filled(4096, 1));
        RawReply working = client.call(
                RawRequest.newVdi(name, (long) OBJECTS * OBJECT, disk.vid()).put32(32, 1));
        assertThat(working.result()).isEqualTo(RawReply.SUCCESS);

        assertThat(result(RawRequest.write(WireDisk.dataOid(disk.vid(), 0), 0, filled(512, 2))))
                .isEqualTo(RawReply.READONLY);
        assertThat(result(RawRequest.create(WireDisk.dataOid(disk.vid(), 1), 0, filled(512, 2))))
                .isEqualTo(RawReply.READONLY);
        assertThat(client.call(RawRequest.vdiInfo(name)).vid()).isEqualTo(working.vid());

        WireDisk again = WireDisk.open(client, name, OBJECTS, 1);
        assertThat(again.slot(0)).isEqualTo(disk.vid());
        again.write(512, filled(512, 3));
        byte[] expected = filled(4096, 1);
        Arrays.fill(expected, 512, 1024, (byte) 3);
        assertThat(again.read(0, 4096)).isEqualTo(expected);
        assertThat(disk.read(0, 4096)).isEqualTo(filled(4096, 1));
    }

    private WireDisk disk(int version) throws IOException {
        return WireDisk.create(client, name("disk"), OBJECTS, version);
    }

    private String name(String what) {
        return what + names++;
    }

    private int result(RawRequest request) throws IOException {
        return client.call(request).result();
    }

    /** On how many disks the object lies. */
    private int replicas(long oid) {
        String name = HexFormat.of().toHexDigits(oid);
        int found = 0;
        for (int i = 0; i < 3; i++) {
            found += Files.exists(cluster.store(i).resolve("obj").resolve(name)) ? 1 : 0;
        }
        return found;
    }

    private static boolean refusedOrClosed(WireClient client) throws IOException {
        try {
            return client.receive().result() == RawReply.INVALID_PARMS;
        } catch (EOFException closed) {
            return true;
        } catch (SocketTimeoutException silent) {
            return false;
        } catch (IOException reset) {
            return true;
        }
    }

    private static void send(WireClient to, byte[] bytes) throws IOException {
        to.patience(Duration.ofSeconds(2));
        to.send(bytes);
    }

    /** Garbage must not happen to format the cluster or to end a sheep. */
    private static boolean isDangerous(byte opcode) {
        return List.of((byte) 0x84, (byte) 0x85, (byte) 0x8a, (byte) 0x9a, (byte) 0x17)
                .contains(opcode);
    }

    private static byte[] filled(int length, int value) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }
}
