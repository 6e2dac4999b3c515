package sheepdog.protocol.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;

/** Bytes as the original answers them, written down by hand from the layouts. */
class ResponseCodecTest {
    @Test
    void anErrorIsAResultAndNothingElse() {
        assertEncodes(
                Response.of(ResultCode.NO_OBJ),
                Opcode.READ_OBJ,
                512,
                "00 02 0000 01000000 d2040000 00000000 02000000" + "00".repeat(28));
    }

    @Test
    void aTrimmedReadSaysWhereItsBytesBelong() {
        assertEncodes(
                new Response.ObjectData(ResultCode.SUCCESS, 2, 4096, Payload.of(new byte[] {1, 2, 3})),
                Opcode.READ_OBJ,
                8192,
                "00 02 0000 01000000 d2040000 03000000 00000000 02000000 0010000000000000" + "00".repeat(16));
    }

    @Test
    void aVdiIsAnsweredWithItsVidAndCopies() {
        assertEncodes(
                new Response.VdiInfo(ResultCode.SUCCESS, new Vid(0x1ec8c), 0x9761bbce, 2, 22),
                Opcode.GET_VDI_INFO,
                0,
                "00 14 0000 01000000 d2040000 00000000 00000000 00000000 8cec0100 cebb6197 0216 0000"
                        + "00".repeat(12));
    }

    @Test
    void aNodesSpaceIsAnsweredIn64Bits() {
        assertEncodes(
                new Response.NodeStat(ResultCode.SUCCESS, 3, 1, -1, 0x362aea1000L, 0x362aea0fffL, Payload.EMPTY),
                Opcode.STAT_SHEEP,
                0,
                "00 86 0000 01000000 d2040000 00000000 00000000 03000000 01000000 ffffffff"
                        + "0010ea2a36000000 ff0fea2a36000000");
    }

    @Test
    void theClustersDefaultsAreSingleBytes() {
        assertEncodes(
                new Response.ClusterDefault(ResultCode.SUCCESS, 3, 0, 22),
                Opcode.GET_CLUSTER_DEFAULT,
                0,
                "00 18 0000 01000000 d2040000 00000000 00000000 03001600" + "00".repeat(24));
    }

    @Test
    void aHelloIsAnsweredByWhoIsThere() {
        var response =
                new Response.HelloReply(ResultCode.SUCCESS, 1, 0x1122334455667788L, 5, 6, NodeId.of("10.0.0.1", 7001));

        var encoded = assertEncodes(
                response,
                Opcode.HELLO,
                22,
                "00 e0 0000 01000000 d2040000 12000000 00000000 01000000 8877665544332211"
                        + "0500000000000000 0600000000000000");

        assertThat(AnyMessage.hex(encoded.body().bytes())).isEqualTo("0000000000000000000000000a000001591b");
    }

    @Test
    void aListedObjectComesWithItsEpoch() {
        var response = new Response.ObjectVersions(
                ResultCode.SUCCESS,
                List.of(new Response.ObjectVersions.Version(ObjectId.ofData(new Vid(0x7c2b25), 2), new Epoch(9))));

        var encoded = assertEncodes(
                response, Opcode.LIST_OBJECTS, 16, "00 eb 0000 01000000 d2040000 10000000" + "00".repeat(32));

        assertThat(AnyMessage.hex(encoded.body().bytes())).isEqualTo("02000000252b7c00" + "09000000" + "00000000");
    }

    @Test
    void anErrorMayHaveAPayload() {
        ByteBuffer header = bytes("00 87 0000 01000000 d2040000 02000000 16000000" + "00".repeat(28));

        Outcome<Response> response =
                ResponseCodec.decode(Opcode.STAT_CLUSTER.code(), header, Payload.of(new byte[] {1, 2}));

        response.map(AnyMessage::content)
                .map(content ->
                        assertThat(content).containsExactly(Response.Data.class, ResultCode.WAIT_FOR_FORMAT, "0102"));
        assertThat(response.isOk()).isTrue();
    }

    @Test
    void anAbsenceThatIsInFlightComesWithItsEpochAndItsMark() {
        var absence = new Response.ObjectState(
                ResultCode.SUCCESS, Response.ObjectState.Kind.REMOVED, new Epoch(7), true, new Epoch(3), new Epoch(6));

        var encoded = assertEncodes(
                absence,
                Opcode.STAT_OBJECT,
                0,
                "00 ed 0000 01000000 d2040000 00000000 00000000 02010000 07000000 03000000 06000000" + "00".repeat(12));

        assertThat(ResponseCodec.decode(Opcode.STAT_OBJECT.code(), encoded.header(), Payload.EMPTY))
                .isEqualTo(Outcome.ok(absence));
    }

    @Test
    void aResultWithoutANameIsUnknown() {
        ByteBuffer header = bytes("00 02 0000 01000000 d2040000 00000000 77000000" + "00".repeat(28));

        assertThat(ResponseCodec.decode(Opcode.READ_OBJ.code(), header, Payload.EMPTY))
                .isEqualTo(Outcome.ok(Response.of(ResultCode.UNKNOWN)));
    }

    @Test
    void anOffsetPastAnyObjectIsRefused() {
        ByteBuffer header =
                bytes("00 02 0000 01000000 d2040000 00000000 00000000 02000000 0000000001000000" + "00".repeat(16));

        assertThat(ResponseCodec.decode(Opcode.READ_OBJ.code(), header, Payload.EMPTY))
                .isEqualTo(Outcome.refused(ResultCode.INVALID_PARMS));
    }

    private static ResponseCodec.Encoded assertEncodes(Response response, Opcode opcode, int room, String hex) {
        Header request = new Header(2, opcode.code(), 0, new Epoch(77), 1234, room);
        var encoded = ResponseCodec.encode(response, request, Epoch.FIRST);
        assertThat(AnyMessage.hex(encoded.header())).isEqualTo(hex.replace(" ", ""));
        return encoded;
    }

    private static ByteBuffer bytes(String hex) {
        return ByteBuffer.wrap(HexFormat.of().parseHex(hex.replace(" ", ""))).order(ByteOrder.LITTLE_ENDIAN);
    }
}
