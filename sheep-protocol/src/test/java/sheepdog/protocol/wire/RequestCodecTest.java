package sheepdog.protocol.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.VdiName;
import sheepdog.protocol.model.Vid;

/** Bytes as the clients send them, written down by hand from the layouts. */
class RequestCodecTest {
    private static final Vid VID = new Vid(0x7c2b25);

    @Test
    void anInodeReadOfVersion0HasTheLayoutOfEveryVersion() {
        var request = new Request.ReadObject(
                header(0, Opcode.READ_OBJ, Flags.CACHE, 0, 7), ObjectId.ofInode(VID), 0, ObjectId.INODE_BYTES, 0);

        assertEncodes(
                request,
                "00 02 0400 00000000 07000000 38124000"
                        + "00000000252b7c80 0000000000000000 00000000 00000000 0000000000000000",
                new byte[0]);
    }

    @Test
    void aCopyOnWriteCarriesItsSource() {
        var request = new Request.CreateObject(
                header(1, Opcode.CREATE_AND_WRITE_OBJ, Flags.CACHE | Flags.TGT, 0, 0),
                ObjectId.ofData(new Vid(0x7c2b26), 1),
                Optional.of(ObjectId.ofData(VID, 1)),
                0x1200,
                Payload.of(new byte[512]),
                3);

        assertEncodes(
                request,
                "01 01 2700 00000000 00000000 00020000"
                        + "01000000262b7c00 01000000252b7c00 03000000 00000000 0012000000000000",
                new byte[512]);
    }

    @Test
    void aCreateWithoutBytesStillHasTheWriteFlag() {
        var request = new Request.CreateObject(
                header(2, Opcode.CREATE_AND_WRITE_OBJ, 0, 0, 1),
                ObjectId.ofData(VID, 0),
                Optional.empty(),
                0,
                Payload.EMPTY,
                2);

        assertEncodes(
                request,
                "02 01 0100 00000000 01000000 00000000"
                        + "00000000252b7c00 0000000000000000 02000000 00000000 0000000000000000",
                new byte[0]);
    }

    @Test
    void copiesOfALateNewVdiAreOneByte() {
        ByteBuffer header = bytes("00 11 0100 00000000 00000000 00010000"
                + "0000004000000000 00000000 03000016 00000000 00000000 0000000000000000");

        var request = (Request.NewVdi) ok(header, field("test"));

        assertThat(request.copies()).isEqualTo(3);
        assertThat(request.blockSizeShift()).isEqualTo(22);
        assertThat(request.copyPolicy()).isZero();
        assertThat(request.sizeBytes()).isEqualTo(1L << 30);
        assertThat(request.name()).isEqualTo(VdiName.of("test"));
        assertThat(request.base()).isEqualTo(Vid.NONE);
        assertThat(request.snapshot()).isFalse();
    }

    @Test
    void aSnapshotNamesItsBase() {
        var request = new Request.NewVdi(
                header(2, Opcode.NEW_VDI, 0, 0, 9), VdiName.of("test"), 1 << 20, VID, 3, true, 0, 0, 0);

        assertEncodes(
                request,
                "02 11 0100 00000000 09000000 00010000"
                        + "0000100000000000 252b7c00 03000000 01000000 00000000 0000000000000000",
                field("test"));
    }

    @Test
    void aLockComesWithNameTagAndType() {
        byte[] body = new byte[512];
        System.arraycopy("test".getBytes(StandardCharsets.US_ASCII), 0, body, 0, 4);
        System.arraycopy("snap".getBytes(StandardCharsets.US_ASCII), 0, body, 256, 4);
        var request =
                new Request.LockVdi(header(1, Opcode.LOCK_VDI, 0, 0, 0), VdiName.of("test"), VdiName.of("snap"), 2, 1);

        assertEncodes(
                request,
                "01 12 0100 00000000 00000000 00020000"
                        + "0000000000000000 00000000 00000000 02000000 01000000 0000000000000000",
                body);
    }

    @Test
    void aLookUpByNameAloneHasNoTag() {
        ByteBuffer header = bytes("01 14 0100 00000000 00000000 00010000" + "00".repeat(32));

        var request = (Request.GetVdiInfo) ok(header, field("test"));

        assertThat(request.name()).isEqualTo(VdiName.of("test"));
        assertThat(request.tag()).isEqualTo(VdiName.EMPTY);
    }

    @Test
    void aReleaseMayCarryANameThatDoesNotMatter() {
        ByteBuffer header = bytes("00 13 0100 00000000 00000000 05000000"
                + "0000000000000000 252b7c00 00000000 00000000 00000000 0000000000000000");

        assertThat(ok(header, "test\0".getBytes(StandardCharsets.US_ASCII)))
                .isEqualTo(new Request.ReleaseVdi(Header.read(header), VID));
    }

    @Test
    void aFormatKeepsItsFlags() {
        var request =
                new Request.MakeFs(header(7, Opcode.MAKE_FS, Flags.NOHALT, 0, 0), 3, 0x6b02fa86_2e1d2530L, "farm");

        assertEncodes(
                request,
                "07 84 0500 00000000 00000000 05000000"
                        + "0000000000000000 30251d2e86fa026b 03000000 00000000 0000000000000000",
                "farm\0".getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void aStoreNameMayFillWhatItIsPaddedTo() {
        ByteBuffer header = bytes("07 84 0100 00000000 00000000 10000000" + "00".repeat(32));
        byte[] padded = new byte[16];
        System.arraycopy("farm".getBytes(StandardCharsets.US_ASCII), 0, padded, 0, 4);

        assertThat(((Request.MakeFs) ok(header, padded)).storeName()).isEqualTo("farm");
    }

    @Test
    void anObjectListHasItsEpochBeforeAllElse() {
        var request = new Request.GetObjList(header(7, Opcode.GET_OBJ_LIST, 0, 5, 1), new Epoch(4), 1 << 20);

        assertEncodes(request, "07 a1 0000 05000000 01000000 00001000" + "04000000" + "00".repeat(28), new byte[0]);
    }

    @Test
    void anEpochIsAskedForByTheObjectLayout() {
        var request = new Request.GetEpoch(header(7, Opcode.GET_EPOCH, 0, 5, 1), new Epoch(4), 57_344);

        assertEncodes(
                request,
                "07 a2 0000 05000000 01000000 00e00000" + "00".repeat(20) + "04000000" + "00".repeat(8),
                new byte[0]);
    }

    @Test
    void aDrainSaysHow() {
        var request = new Request.DrainNode(header(7, Opcode.DRAIN_NODE, 0, 5, 1), Request.DrainNode.How.CANCEL, 1024);

        assertEncodes(request, "07 dc 0000 05000000 01000000 00040000" + "02000000" + "00".repeat(28), new byte[0]);
    }

    @Test
    void aHelloSaysWhoIsAsking() {
        var request = new PeerRequest.Hello(
                header(7, Opcode.HELLO, 0, 2, 1),
                1,
                0x1122334455667788L,
                0x0102030405060708L,
                3,
                NodeId.of("127.0.0.1", 7000),
                new byte[] {9, 8});

        assertEncodes(
                request,
                "07 e0 0100 02000000 01000000 16000000"
                        + "01000000 00000000 8877665544332211 0807060504030201 0300000000000000",
                HexFormat.of().parseHex("0000000000000000000000007f000001" + "581b" + "0200" + "0908"));
    }

    @Test
    void aMutationSaysHowFarBehindTheCompletedOnesAre() {
        var request = new PeerRequest.WriteReplica(
                header(7, Opcode.WRITE_REPLICA, 0, 6, 1),
                ObjectId.ofData(VID, 2),
                4096,
                Payload.of(new byte[4096]),
                5,
                1000,
                990);

        assertEncodes(
                request,
                "07 e3 0100 06000000 01000000 00100000"
                        + "02000000252b7c00 0500000000000000 e803000000000000 00100000 0a000000",
                new byte[4096]);
    }

    @Test
    void aDistanceTooLongForItsFieldSaysThatNothingIsCompleted() {
        var request = new PeerRequest.RemoveReplica(
                header(7, Opcode.REMOVE_REPLICA, 0, 6, 1), ObjectId.ofData(VID, 2), 5, 1L << 40, 3);

        var decoded = (PeerRequest.RemoveReplica) ok(RequestCodec.encodeHeader(request), new byte[0]);

        assertThat(decoded.completed()).isZero();
        assertThat(decoded.sequence()).isEqualTo(1L << 40);
    }

    @Test
    void aListOfObjectsGoesOnBehindTheLastOne() {
        var request = new PeerRequest.ListObjects(
                header(7, Opcode.LIST_OBJECTS, 0, 6, 1), Optional.of(ObjectId.ofData(VID, 2)), 100);

        assertEncodes(
                request,
                "07 eb 0000 06000000 01000000 40060000"
                        + "02000000252b7c00 01000000 64000000 0000000000000000 0000000000000000",
                new byte[0]);
    }

    @Test
    void anOpcodeWithoutANumberIsUnknown() {
        ByteBuffer header = bytes("02 7f 0000 00000000 d2040000 00000000" + "00".repeat(32));

        assertThat(ok(header, new byte[0])).isEqualTo(new Request.Unknown(Header.read(header)));
    }

    @Test
    void anOpcodeOfLaterVersionsIsUnknown() {
        ByteBuffer header = bytes("07 bd 0000 00000000 d2040000 00000000" + "00".repeat(32));

        assertThat(ok(header, new byte[0])).isInstanceOf(Request.Unknown.class);
    }

    @Test
    void onlyTheOpcodesThatNobodySendsUsAreUnknown() {
        Set<Opcode> unknown = EnumSet.allOf(Opcode.class).stream()
                .filter(opcode -> !opcodesWithARecord().contains(opcode))
                .collect(Collectors.toSet());

        for (Opcode opcode : unknown) {
            ByteBuffer header = RequestCodec.encodeHeader(new Request.Unknown(Header.of(opcode, 0, Epoch.NONE, 0)));
            assertThat(ok(header, new byte[0])).as("%s", opcode).isInstanceOf(Request.Unknown.class);
        }
        assertThat(unknown).hasSize(34);
    }

    @Test
    void aNameOfAnyOtherLengthIsRefused() {
        for (String opcode : new String[] {"11", "12", "14", "17"}) {
            ByteBuffer header = bytes("02 " + opcode + " 0100 00000000 00000000 64000000" + "00".repeat(32));

            assertRefused(header, new byte[100]);
        }
    }

    @Test
    void aNewVdiWithoutTheWriteFlagIsRefused() {
        assertRefused(bytes("00 11 0000 00000000 00000000 00010000" + "00".repeat(32)), new byte[0]);
    }

    @Test
    void aWriteWithoutTheWriteFlagIsRefused() {
        assertRefused(
                bytes("00 03 0000 00000000 00000000 00020000" + "00000000252b7c00" + "00".repeat(24)), new byte[0]);
    }

    @Test
    void aPayloadOfAnotherLengthThanAnnouncedIsRefused() {
        assertRefused(
                bytes("00 03 0100 00000000 00000000 00020000" + "00000000252b7c00" + "00".repeat(24)), new byte[511]);
    }

    @Test
    void aRangeThatLeavesItsObjectIsRefused() {
        String[] offsets = {
            "00fe3f0000000000",
            "0000400000000000",
            "0000800000000000",
            "ffffffffffffffff",
            "0000000001000000",
            "ffffff7f00000000"
        };
        for (String opcode : new String[] {"02 0000", "03 0100", "01 0100"}) {
            for (String offset : offsets) {
                boolean sends = opcode.endsWith("0100");
                ByteBuffer header = bytes("00 " + opcode + " 00000000 00000000 00040000"
                        + "00000000252b7c00 0000000000000000 00000000 00000000" + offset);

                assertRefused(header, new byte[sends ? 1024 : 0]);
            }
        }
    }

    @Test
    void aRangeUpToTheEndOfItsObjectIsTaken() {
        ByteBuffer header = bytes("00 02 0000 00000000 00000000 00020000"
                + "00000000252b7c00 0000000000000000 00000000 00000000 00fe3f0000000000");

        assertThat(((Request.ReadObject) ok(header, new byte[0])).offset()).isEqualTo((4 << 20) - 512);
    }

    @Test
    void aReadOfUpTo4GiBIsRefused() {
        assertRefused(
                bytes("00 02 0000 00000000 00000000 ffffffff" + "00000000252b7c00" + "00".repeat(24)), new byte[0]);
    }

    @Test
    void anObjectThatCannotExistIsRefused() {
        for (String oid :
                new String[] {"00001000252b7c00", "01000000252b7c80", "00000000252b7cc0", "00000000252b7c08"}) {
            assertRefused(bytes("00 02 0000 00000000 00000000 00020000" + oid + "00".repeat(24)), new byte[0]);
        }
    }

    @Test
    void aVidOfMoreThan24BitsIsRefused() {
        assertRefused(
                bytes("00 13 0000 00000000 00000000 00000000" + "00".repeat(8) + "00000001" + "00".repeat(20)),
                new byte[0]);
    }

    @Test
    void aStoreNameOf16BytesIsRefused() {
        byte[] name = "sixteen_letters_".getBytes(StandardCharsets.US_ASCII);

        assertRefused(bytes("07 84 0100 00000000 00000000 10000000" + "00".repeat(32)), name);
    }

    @Test
    void mutationsWithoutASequenceAreRefused() {
        assertRefused(
                bytes("07 e5 0000 00000000 00000000 00000000" + "00000000252b7c00" + "00".repeat(24)), new byte[0]);
    }

    @Test
    void ofAWrongVersionThatIsToldFirst() {
        ByteBuffer header = bytes("03 11 0100 00000000 00000000 64000000" + "00".repeat(32));

        assertThat(RequestCodec.decode(header, Payload.of(new byte[100])))
                .isEqualTo(Outcome.refused(ResultCode.VER_MISMATCH));
    }

    @Test
    void roomsPast2GiBCountAs2GiB() {
        ByteBuffer header = bytes("02 15 0000 00000000 00000000 ffffffff" + "00".repeat(32));

        assertThat(((Request.ReadVdis) ok(header, new byte[0])).lengthMax()).isEqualTo(Integer.MAX_VALUE);
    }

    @Test
    void payloadsCountOnlyWithTheWriteFlagAndAreUnsigned() {
        assertThat(RequestCodec.bodyLength(new Header(2, 3, 0, Epoch.NONE, 0, 512)))
                .isZero();
        assertThat(RequestCodec.bodyLength(new Header(2, 3, Flags.WRITE, Epoch.NONE, 0, -1)))
                .isEqualTo(0xffff_ffffL);
    }

    @Test
    void noOpcodeTakesAPayloadLargerThanAnInode() {
        for (int opcode = -1; opcode <= 256; opcode++) {
            assertThat(RequestCodec.bodyLimit(opcode)).isBetween(512, ObjectId.INODE_BYTES);
        }
    }

    @Test
    void versionsAreAcceptedAsTheOriginalAcceptsThem() {
        assertThat(Protocol.accepts(0, 0x15)).isTrue();
        assertThat(Protocol.accepts(1, 0x15)).isTrue();
        assertThat(Protocol.accepts(2, 0x15)).isTrue();
        assertThat(Protocol.accepts(3, 0x15)).isFalse();
        assertThat(Protocol.accepts(255, 0x15)).isFalse();
        assertThat(Protocol.accepts(2, 0x82)).isFalse();
        assertThat(Protocol.accepts(8, 0x82)).isFalse();
        assertThat(Protocol.accepts(7, 0x82)).isTrue();
        assertThat(Header.of(Opcode.READ_OBJ, 0, Epoch.NONE, 1).version()).isEqualTo(2);
        assertThat(Header.of(Opcode.STAT_SHEEP, 0, Epoch.NONE, 1).version()).isEqualTo(7);
    }

    private static Set<Opcode> opcodesWithARecord() {
        return AnyMessage.kinds(Request.class).stream()
                .filter(kind -> kind != Request.Unknown.class)
                .map(kind -> RequestCodec.opcode(new AnyMessage(1).of(kind, 0)))
                .map(code -> Opcode.of(code).orElseThrow())
                .collect(Collectors.toSet());
    }

    private static Header header(int version, Opcode opcode, int flags, int epoch, int id) {
        return new Header(version, opcode.code(), flags, new Epoch(epoch), id, 0);
    }

    private static void assertEncodes(Request request, String header, byte[] body) {
        assertThat(AnyMessage.hex(RequestCodec.encodeHeader(request))).isEqualTo(header.replace(" ", ""));
        assertThat(AnyMessage.hex(RequestCodec.body(request).bytes()))
                .isEqualTo(HexFormat.of().formatHex(body));
        assertThat(AnyMessage.content(ok(bytes(header), body))).isEqualTo(AnyMessage.content(request));
    }

    private static void assertRefused(ByteBuffer header, byte[] body) {
        var payload = new CountedPayload(body);
        assertThat(RequestCodec.decode(header, payload)).isEqualTo(Outcome.refused(ResultCode.INVALID_PARMS));
        assertThat(payload.count()).isZero();
    }

    private static Request ok(ByteBuffer header, byte[] body) {
        return switch (RequestCodec.decode(header, Payload.of(body))) {
            case Outcome.Ok<Request>(Request request) -> request;
            case Outcome.Refused<Request>(ResultCode code) -> throw new AssertionError(code);
        };
    }

    private static ByteBuffer bytes(String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
        assertThat(bytes).hasSize(Header.BYTES);
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] field(String name) {
        byte[] field = new byte[256];
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        System.arraycopy(bytes, 0, field, 0, bytes.length);
        return field;
    }
}
