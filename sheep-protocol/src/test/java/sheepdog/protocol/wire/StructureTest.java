package sheepdog.protocol.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.VdiName;
import sheepdog.protocol.model.Vid;

/** Structures inside of payloads, compared with bytes that the original wrote, or that follow from its layouts. */
class StructureTest {
    /** Bytes 56 to 111 of an epoch file of three nodes. */
    private static final String NODE = "0000000000000000000000007f000001"
            + "591b" + "0000000000000000000000000000000000000000" + "0000"
            + "40000000" + "01000000" + "008004e336000000";

    @Test
    void aNodeIsReadAsTheOriginalWroteIt() {
        Node node = new Node(NodeId.of("127.0.0.1", 7001), Optional.empty(), 64, 1, 0x36e3048000L);

        assertThat(NodeCodec.read(ByteBuffer.wrap(hex(NODE)), 0)).isEqualTo(node);
        assertThat(AnyMessage.hex(NodeCodec.encode(List.of(node)).bytes())).isEqualTo(NODE);
    }

    @Test
    void aSecondAddressLiesBehindTheFirst() {
        Node node = new Node(
                NodeId.of("10.1.2.3", 7000), Optional.of(NodeId.of("10.9.9.9", 7777)), 1, 0x0302010a, 0x1122334455L);

        assertThat(AnyMessage.hex(NodeCodec.encode(List.of(node)).bytes()))
                .isEqualTo("0000000000000000000000000a010203" + "581b" + "0000000000000000000000000a090909" + "611e"
                        + "00000000" + "0100" + "0000" + "0a010203" + "5544332211000000");
    }

    @Test
    void anEpochHasRoomForEveryNode() {
        Node node = NodeCodec.read(ByteBuffer.wrap(hex(NODE)), 0);
        var entry = new EpochLogEntry(0x6b02fa86_2e1d2530L, 0x6b02fa86, Epoch.FIRST, 3, List.of(node));

        byte[] bytes = bytes(EpochLogEntry.encode(List.of(entry)).bytes());

        assertThat(bytes).hasSize(57_376);
        assertThat(HexFormat.of().formatHex(bytes, 0, 88))
                .isEqualTo("30251d2e86fa026b" + "86fa026b00000000" + "01000000" + "01000000" + "03000000" + "00000000"
                        + NODE);
        assertThat(Arrays.copyOfRange(bytes, 88, bytes.length)).containsOnly(0);
    }

    @Test
    void anEpochOfMoreNodesThanThereIsRoomForIsRefused() {
        for (int count : new int[] {1025, -1, Integer.MAX_VALUE}) {
            ByteBuffer bytes = ByteBuffer.allocate(EpochLogEntry.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            bytes.putInt(20, count);

            assertThat(EpochLogEntry.read(bytes, 0)).isEmpty();
        }
    }

    @Test
    void copiesAreEightBytes() {
        assertThat(AnyMessage.hex(
                        VdiCopies.encode(List.of(new VdiCopies(0x7c2b25, 3))).bytes()))
                .isEqualTo("252b7c0003000000");
    }

    @Test
    void aSnapshotOfTheClusterIsFortyBytes() {
        var entry = new SnapLogEntry(2, 0x519b6a40L, "0123456789abcdef0123456789abcdef01234567");

        assertThat(AnyMessage.hex(SnapLogEntry.encode(List.of(entry)).bytes()))
                .isEqualTo("02000000" + "00000000" + "406a9b5100000000" + "0123456789abcdef0123456789abcdef01234567"
                        + "00000000");
    }

    @Test
    void disksFillAListOfFixedSize() {
        byte[] bytes = bytes(DiskInfo.encode(List.of(new DiskInfo(0, 5, 6, "/a"), new DiskInfo(1, 7, 8, "/b")))
                .bytes());

        assertThat(bytes).hasSize(263_688);
        assertThat(HexFormat.of().formatHex(bytes, 0, 28))
                .isEqualTo("00000000" + "00000000" + "0500000000000000" + "0600000000000000" + "2f610000");
        assertThat(HexFormat.of().formatHex(bytes, 4120, 4148))
                .isEqualTo("01000000" + "00000000" + "0700000000000000" + "0800000000000000" + "2f620000");
        assertThat(HexFormat.of().formatHex(bytes, 263_680, 263_688)).isEqualTo("0200000000000000");
    }

    @Test
    void aListOfTooManyDisksIsRefused() {
        ByteBuffer bytes = ByteBuffer.allocate(DiskInfo.LIST_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(263_680, 65);

        assertThat(DiskInfo.readAll(bytes)).isEmpty();
    }

    @Test
    void anInodeIsReadAsTheOriginalWroteIt() {
        ByteBuffer image = ByteBuffer.allocate(InodeHeader.BYTES);
        image.put(0, hex("76"));
        image.put(256, hex("61"));
        image.put(
                512,
                hex("2023313b87fa026b" + "90b4d11688fa026b" + "0000000000000000" + "0000000100000000"
                        + "0000000000000000" + "00000316" + "01000000" + "09060200" + "00000000" + "0a060200"));
        var header = new InodeHeader(
                VdiName.of("v"),
                VdiName.of("a"),
                0x6b02fa87_3b312320L,
                0x6b02fa88_16d1b490L,
                0,
                16 << 20,
                0,
                0,
                0,
                3,
                22,
                1,
                0x20609,
                0,
                List.of(0x2060a));

        assertThat(InodeHeader.read(image)).isEqualTo(header);
        assertThat(header.encode()).isEqualTo(image);
        assertThat(header.isSnapshot()).isTrue();
        assertThat(header.isDeleted()).isFalse();
    }

    @Test
    void aNewInodeIsAWorkingVdiOfFourMebibyteObjects() {
        InodeHeader header = InodeHeader.of(VdiName.of("v"), new Vid(5), 77, 1 << 30, 3, 1);

        assertThat(header.isSnapshot()).isFalse();
        assertThat(header.blockSizeShift()).isEqualTo(22);
        assertThat(header.vid()).isEqualTo(5);
        assertThat(header.copies()).isEqualTo(3);
    }

    @Test
    void theFirstSlotFollowsTheHeader() {
        ByteBuffer image = ByteBuffer.allocate(5000);

        Inode.of(image).setSlot(1, new Vid(0x7c2b25));

        assertThat(HexFormat.of().formatHex(image.array(), 4664, 4676)).isEqualTo("00000000" + "252b7c00" + "00000000");
    }

    @Test
    void aSlotOutsideOfTheViewIsAnError() {
        Inode view = Inode.of(ByteBuffer.allocate(4668));

        assertThat(view.slot(0)).isZero();
        assertThatThrownBy(() -> view.slot(1)).isInstanceOf(AssertionError.class);
    }

    @Test
    void anAttributesIdIsWhatTheOriginalNamedItsObject() {
        var attribute =
                new Attribute(VdiName.of("v"), VdiName.EMPTY, 0, 0, VdiName.of("key"), ByteBuffer.wrap(new byte[5]));

        assertThat(ObjectId.ofAttr(attribute.container(), attribute.firstId()))
                .isEqualTo(new ObjectId(0x20020609_9761bbceL));
    }

    @Test
    void anAttributeHasItsValueAtTheEnd() {
        var attribute = new Attribute(
                VdiName.of("v"),
                VdiName.of("t"),
                0x1122334455667788L,
                2,
                VdiName.of("key"),
                ByteBuffer.wrap("value".getBytes(StandardCharsets.US_ASCII)));

        byte[] bytes = bytes(attribute.encode().bytes());

        assertThat(bytes).hasSize(66_320);
        assertThat(bytes[0]).isEqualTo((byte) 'v');
        assertThat(bytes[256]).isEqualTo((byte) 't');
        assertThat(HexFormat.of().formatHex(bytes, 512, 532))
                .isEqualTo("8877665544332211" + "02000000" + "05000000" + "6b657900");
        assertThat(HexFormat.of().formatHex(bytes, 784, 790)).isEqualTo("76616c756500");
    }

    @Test
    void anAttributeWhoseValueIsLongerThanItsRoomIsRefused() {
        for (int length : new int[] {65_537, -1}) {
            ByteBuffer bytes = ByteBuffer.allocate(ObjectId.ATTR_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            bytes.putInt(524, length);

            assertThat(Attribute.read(bytes)).isEmpty();
        }
    }

    private static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits);
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }
}
