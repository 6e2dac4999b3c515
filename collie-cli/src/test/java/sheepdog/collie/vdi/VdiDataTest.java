package sheepdog.collie.vdi;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import sheepdog.collie.fake.FakeCluster;
import sheepdog.collie.fake.Run;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.wire.Flags;
import sheepdog.protocol.wire.Inode;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;

/** What {@code vdi read}, {@code write}, {@code create -P} and {@code clone -P} move, and how. */
class VdiDataTest {
    private static final int MIB = 1 << 20;
    private static final int OBJECT = ObjectId.DATA_BYTES;

    private final FakeCluster cluster = new FakeCluster(3).formatted();

    @BeforeEach
    void aDisk() {
        assertThat(collie("vdi", "create", "test", "16M")).isEqualTo(new Run("", "", 0));
    }

    @AfterEach
    void end() {
        cluster.close();
    }

    @Test
    void whatWasWrittenIsReadBackAndTheRestIsZeros() {
        byte[] data = random(10 * MIB);

        assertThat(write(data, "test").status()).isZero();

        byte[] disk = Arrays.copyOf(data, 16 * MIB);
        assertThat(read("test")).isEqualTo(disk);
        assertThat(read("test", "512", "1024")).isEqualTo(Arrays.copyOfRange(disk, 512, 1536));
        assertThat(read("test", "4194000", "1000")).as("not aligned").isEmpty();
        assertThat(read("test", "4193792", "1000")).isEqualTo(Arrays.copyOfRange(disk, 4193792, 4194816));
        assertThat(read("test", "15M", "5M")).hasSize(MIB);
        assertThat(read("test", "16M")).isEmpty();
    }

    @Test
    void zerosThatTheSheepLeftOutAreFilledIn() {
        byte[] data = new byte[OBJECT];
        data[700_000] = 1;
        data[700_001] = 2;

        write(data, "test");

        assertThat(read("test", "0", "4M")).isEqualTo(data);
    }

    @Test
    void inputThatEndsInsideAChunkZeroesTheRestOfIt() {
        byte[] before = random(16 * MIB);
        write(before, "test");

        write("hello".getBytes(StandardCharsets.US_ASCII), "test", "4M");
        write("x".getBytes(StandardCharsets.US_ASCII), "test", "8M", "1000");

        byte[] expected = before.clone();
        Arrays.fill(expected, 4 * MIB, 8 * MIB, (byte) 0);
        System.arraycopy("hello".getBytes(StandardCharsets.US_ASCII), 0, expected, 4 * MIB, 5);
        Arrays.fill(expected, 8 * MIB, 8 * MIB + 1024, (byte) 0);
        expected[8 * MIB] = 'x';
        assertThat(read("test")).isEqualTo(expected);
    }

    @Test
    void inputThatEndsBetweenChunksTouchesNoMore() {
        write(random(16 * MIB), "test");
        byte[] before = read("test");

        write(new byte[0], "test");
        write(Arrays.copyOf(before, OBJECT), "test");

        assertThat(read("test")).isEqualTo(before);
    }

    @Test
    void aDiskThatEndsInsideASectorIsWrittenAndReadToItsEnd() {
        setSize("test", 5 * MIB + 1);
        byte[] data = random(6 * MIB);

        write(data, "test");

        assertThat(read("test")).isEqualTo(Arrays.copyOf(data, 5 * MIB + 1));
    }

    @Test
    void theSlotIsWrittenAfterTheObjectAndOnlyOnce() {
        write(random(OBJECT), "test");
        write(random(OBJECT), "test");

        Vid vid = cluster.vid("test", "");
        assertThat(mutations())
                .containsExactly(
                        "create " + vid + ":0 4194304 flags 1 copies 3",
                        "write inode 4664 4 flags 1 copies 3",
                        "write " + vid + ":0 4194304 flags 1 copies 3");
        assertThat(slot(vid, 0)).isEqualTo(vid.value());
    }

    @Test
    void writebackSetsTheCacheFlagEverywhere() {
        collie(random(512), "vdi", "write", "-w", "test", "0", "512");

        assertThat(mutations()).allMatch(line -> line.contains("flags " + (Flags.WRITE | Flags.CACHE)));
    }

    @Test
    void inheritedObjectsAreCopiedOnWrite() {
        byte[] before = random(OBJECT);
        write(before, "test");
        collie("vdi", "snapshot", "-s", "s1", "test");

        collie("after".getBytes(StandardCharsets.US_ASCII), "vdi", "write", "test", "512", "512");

        Vid old = cluster.vid("test", "s1");
        Vid working = cluster.vid("test", "");
        assertThat(cluster.requests(Request.CreateObject.class).getLast())
                .satisfies(create -> assertThat(create.oid()).isEqualTo(ObjectId.ofData(working, 0)))
                .satisfies(create -> assertThat(create.cow()).contains(ObjectId.ofData(old, 0)))
                .satisfies(create -> assertThat(create.header().has(Flags.COW)).isTrue());
        byte[] after = before.clone();
        Arrays.fill(after, 512, 1024, (byte) 0);
        System.arraycopy("after".getBytes(StandardCharsets.US_ASCII), 0, after, 512, 5);
        assertThat(read("test", "0", "4M")).isEqualTo(after);
        assertThat(collie("vdi", "read", "-s", "s1", "test", "0", "4M").out().getBytes(StandardCharsets.ISO_8859_1))
                .isEqualTo(before);
    }

    @Test
    void aSnapshotTakenMeanwhileSendsTheWriteToTheNewWorkingVdi() {
        byte[] before = random(8 * MIB);
        write(before, "test");
        snapshotBeforeWriteNumber(2);

        byte[] after = random(8 * MIB);
        assertThat(write(after, "test")).isEqualTo(new Run("", "", 0));

        assertThat(read("test", "4M", "4M")).isEqualTo(Arrays.copyOfRange(after, 4 * MIB, 8 * MIB));
        assertThat(read("test", "0", "4M")).isEqualTo(Arrays.copyOf(after, 4 * MIB));
        byte[] snapshot =
                collie("vdi", "read", "-s", "1", "test", "4M", "4M").out().getBytes(StandardCharsets.ISO_8859_1);
        assertThat(snapshot).isEqualTo(Arrays.copyOfRange(before, 4 * MIB, 8 * MIB));
    }

    @Test
    void aVdiThatStaysReadOnlyEndsTheWriteAfterSomeTries() {
        write(random(512), "test");
        int before = cluster.requests().size();
        cluster.script(request -> request instanceof Request.WriteObject
                ? Optional.of(Response.of(ResultCode.READONLY))
                : Optional.empty());

        Run run = write(random(512), "test", "0", "512");

        assertThat(run.status()).isEqualTo(1);
        assertThat(run.err()).endsWith(": Invalid error code\nFailed to write VDI\n");
        assertThat(cluster.requests().size() - before).isLessThan(100);
    }

    @Test
    void aFailedObjectEndsTheReadWithItsOwnLineFirst() {
        write(random(512), "test");
        cluster.script(request ->
                request instanceof Request.ReadObject read && read.oid().isData()
                        ? Optional.of(Response.of(ResultCode.EIO))
                        : Optional.empty());

        Run run = collie("vdi", "read", "test");

        assertThat(run)
                .isEqualTo(new Run("", "Failed to read object 7c2b2500000000 I/O error\nFailed to read VDI\n", 1));
    }

    @Test
    void aFailedWriteIsSaidWithAColon() {
        cluster.script(request -> request instanceof Request.CreateObject
                ? Optional.of(Response.of(ResultCode.NO_SPACE))
                : Optional.empty());

        Run run = write(random(512), "test");

        assertThat(run.err())
                .isEqualTo("Failed to write object 7c2b2500000000: Server has no space for new objects\n"
                        + "Failed to write VDI\n");
        assertThat(run.status()).isEqualTo(1);
    }

    @Test
    void anInodeThatCannotBeReadIsNamedByWhatWasAskedFor() {
        collie("vdi", "snapshot", "-s", "tag", "test");
        cluster.script(request ->
                request instanceof Request.ReadObject ? Optional.of(Response.of(ResultCode.EIO)) : Optional.empty());

        assertThat(collie("vdi", "read", "test").err()).endsWith("Failed to read a vdi test\n");
        assertThat(collie("vdi", "read", "-s", "1", "test").err()).endsWith("Failed to read a snapshot test:1\n");
        assertThat(collie("vdi", "read", "-s", "tag", "test").err()).endsWith("Failed to read a snapshot test:tag\n");
    }

    @Test
    void readsAskForNoMoreThanTheRangeAndPastNoCache() {
        write(random(OBJECT), "test");

        read("test", "1024", "512");

        var last = cluster.requests(Request.ReadObject.class).getLast();
        assertThat(List.of(last.offset(), last.length(), last.header().flags())).containsExactly(1024, 512, 0);
    }

    @Test
    void preallocationMakesEmptyObjectsAndTheirSlots() {
        collie("vdi", "create", "-P", "pre", "9M");

        Vid vid = cluster.vid("pre", "");
        assertThat(mutations())
                .containsExactly(
                        "create " + vid + ":0 0 flags 9 copies 3", "write inode 4664 4 flags 9 copies 3",
                        "create " + vid + ":1 0 flags 9 copies 3", "write inode 4668 4 flags 9 copies 3",
                        "create " + vid + ":2 0 flags 9 copies 3", "write inode 4672 4 flags 9 copies 3");
    }

    @Test
    void aPreallocatedCloneOwnsAllItsObjects() {
        byte[] data = random(6 * MIB);
        write(data, "test");
        collie("vdi", "snapshot", "-s", "s", "test");

        assertThat(collie("vdi", "clone", "-P", "-s", "s", "test", "copy")).isEqualTo(new Run("", "", 0));

        Vid vid = cluster.vid("copy", "");
        for (int index = 0; index < 4; index++) {
            assertThat(slot(vid, index)).isEqualTo(vid.value());
            assertThat(cluster.object(ObjectId.ofData(vid, index))).isPresent();
        }
        assertThat(read("copy")).isEqualTo(Arrays.copyOf(data, 16 * MIB));
    }

    @Test
    void aSnapshotWritesItsTagFirstAndRoundsTheNewDiskUp() {
        setSize("test", 16 * MIB + 1);

        collie("vdi", "snapshot", "-s", "tag", "test");

        assertThat(mutations()).containsExactly("write inode 256 256 flags 9 copies 3");
        var made = cluster.requests(Request.NewVdi.class).getLast();
        assertThat(made.snapshot()).isTrue();
        assertThat(made.sizeBytes()).isEqualTo(16 * MIB + 512);
        assertThat(cluster.inode(cluster.vid("test", "tag")).tag().latin1()).isEqualTo("tag");
        assertThat(cluster.inode(cluster.vid("test", "")).tag().isEmpty()).isTrue();
    }

    @Test
    void deletionLocksDropsCachesAndDeletesInThisOrder() {
        collie("vdi", "delete", "test");

        List<String> kinds = cluster.requests().stream()
                .map(request -> request.getClass().getSimpleName())
                .toList();
        assertThat(kinds).endsWith("LockVdi", "DeleteCache", "DeleteVdi");
    }

    @Test
    void namesOfAnyBytesSurvive() {
        String name = "\u00c3\u00a9\u00ff\u0080\u0001";

        collie("vdi", "create", name, "4M");

        assertThat(cluster.requests(Request.NewVdi.class).getLast().name().bytes())
                .containsExactly(0xc3, 0xa9, 0xff, 0x80, 1);
        assertThat(collie("vdi", "list", "-r", name).out()).startsWith("= " + name + " 0 4194304 ");
    }

    @Test
    void rawNamesHaveTheirBlanksEscaped() {
        collie("vdi", "create", "a b\\c\td", "4M");

        assertThat(collie("vdi", "list", "-r", "a b\\c\td").out()).startsWith("= a\\ b\\\\c\\\td 0 ");
    }

    @Test
    void aListGoesOnBehindAnInodeThatCannotBeRead() {
        collie("vdi", "create", "k", "4M");
        cluster.script(request ->
                request instanceof Request.ReadObject read && read.oid().vid().equals(cluster.vid("k", ""))
                        ? Optional.of(Response.of(ResultCode.NO_OBJ))
                        : Optional.empty());

        Run run = collie("vdi", "list", "-r");

        assertThat(run.err())
                .isEqualTo("Failed to read object 8001fd8a00000000 No object found\nFailed to read inode header\n");
        assertThat(run.out()).startsWith("= test 0 16777216 ");
        assertThat(run.status()).isZero();
    }

    private Run collie(String... words) {
        return Run.collie(cluster, words);
    }

    private Run collie(byte[] stdin, String... words) {
        return Run.collie(cluster.network(), stdin, words);
    }

    private Run write(byte[] stdin, String... rest) {
        return collie(stdin, concat("vdi", "write", rest));
    }

    private byte[] read(String... rest) {
        return collie(concat("vdi", "read", rest)).out().getBytes(StandardCharsets.ISO_8859_1);
    }

    private static String[] concat(String first, String second, String... rest) {
        String[] all = new String[rest.length + 2];
        all[0] = first;
        all[1] = second;
        System.arraycopy(rest, 0, all, 2, rest.length);
        return all;
    }

    private static byte[] random(int length) {
        byte[] data = new byte[length];
        new Random(length).nextBytes(data);
        return data;
    }

    private int slot(Vid vid, int index) {
        byte[] image = cluster.object(ObjectId.ofInode(vid)).orElseThrow();
        return Inode.of(ByteBuffer.wrap(image)).slot(index);
    }

    private void setSize(String name, long bytes) {
        byte[] image = cluster.object(ObjectId.ofInode(cluster.vid(name, ""))).orElseThrow();
        ByteBuffer.wrap(image).putLong(536, Long.reverseBytes(bytes));
    }

    /** Writes and creates in their order, readable. */
    private List<String> mutations() {
        return cluster.requests().stream()
                .flatMap(request -> switch (request) {
                    case Request.WriteObject write ->
                        Optional.of("write " + name(write.oid(), write.offset()) + " "
                                        + write.data().length() + " flags "
                                        + write.header().flags() + " copies " + write.copies())
                                .stream();
                    case Request.CreateObject create ->
                        Optional.of("create " + name(create.oid(), create.offset()) + " "
                                        + create.data().length() + " flags "
                                        + create.header().flags() + " copies " + create.copies())
                                .stream();
                    default -> Optional.<String>empty().stream();
                })
                .toList();
    }

    private static String name(ObjectId oid, int offset) {
        return oid.isInode() ? "inode " + offset : oid.vid() + ":" + oid.index();
    }

    /** Another client takes a snapshot just before the given write of this one. */
    private void snapshotBeforeWriteNumber(int number) {
        var writes = new AtomicInteger();
        cluster.script(request -> {
            if (request instanceof Request.WriteObject && writes.incrementAndGet() == number) {
                cluster.snapshot("test");
            }
            return Optional.empty();
        });
    }
}
