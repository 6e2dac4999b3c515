package sheepdog.protocol.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.SplittableRandom;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.ResultCode;

class ResponseCodecProperties {
    @Provide
    Arbitrary<Class<? extends Response>> kinds() {
        return Arbitraries.of(AnyMessage.kinds(Response.class));
    }

    @Property(tries = 2000)
    void whatWasEncodedIsDecoded(
            @ForAll("kinds") Class<? extends Response> kind, @ForAll long seed, @ForAll int id, @ForAll int epoch) {
        Response response = new AnyMessage(seed).of(kind, 0);
        Header request = new Header(2, opcodeFor(response).code(), 0, Epoch.NONE, id, 1 << 22);

        ResponseCodec.Encoded encoded = ResponseCodec.encode(response, request, new Epoch(epoch));

        Header header = Header.read(encoded.header());
        assertThat(header)
                .isEqualTo(new Header(
                        0,
                        request.opcode(),
                        0,
                        new Epoch(epoch),
                        id,
                        encoded.body().length()));
        Outcome<Response> decoded = ResponseCodec.decode(request.opcode(), encoded.header(), encoded.body());
        assertThat(decoded).isInstanceOf(Outcome.Ok.class);
        decoded.map(AnyMessage::content).map(content -> assertThat(content).isEqualTo(AnyMessage.content(response)));
    }

    @Property(tries = 20_000)
    void garbageIsRefusedOrDecodedAndItsPayloadHeldByOneAtMost(
            @ForAll long seed,
            @ForAll @IntRange(min = 0, max = 255) int opcode,
            @ForAll @IntRange(min = 0, max = 100) int length,
            @ForAll boolean isLengthTrue,
            @ForAll boolean isSuccess) {
        var random = new SplittableRandom(seed);
        byte[] bytes = new byte[Header.BYTES];
        random.nextBytes(bytes);
        ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (isLengthTrue) {
            header.putInt(12, length);
        }
        if (isSuccess) {
            header.putInt(16, 0);
        }
        byte[] body = new byte[length];
        random.nextBytes(body);
        var payload = new CountedPayload(body);

        switch (ResponseCodec.decode(opcode, header, payload)) {
            case Outcome.Ok<Response>(Response response) -> {
                assertThat(payload.count()).isEqualTo(response.data() == payload ? 1 : 0);
                response.release();
            }
            case Outcome.Refused<Response>(ResultCode code) -> assertThat(code).isEqualTo(ResultCode.INVALID_PARMS);
        }

        assertThat(payload.count()).isZero();
    }

    @Property
    void nothingIsSentThatTheClientHasNoRoomFor(
            @ForAll @IntRange(min = 0, max = 600) int length, @ForAll @IntRange(min = 0, max = 600) int room) {
        var payload = new CountedPayload(new byte[length]);
        Header request = new Header(2, Opcode.READ_OBJ.code(), 0, Epoch.NONE, 1, room);

        var encoded =
                ResponseCodec.encode(new Response.ObjectData(ResultCode.SUCCESS, 3, 0, payload), request, Epoch.FIRST);

        ByteBuffer header = encoded.header().order(ByteOrder.LITTLE_ENDIAN);
        if (length <= room) {
            assertThat(encoded.body()).isSameAs(payload);
            assertThat(payload.count()).isOne();
        } else {
            assertThat(header.getInt(16)).isEqualTo(ResultCode.BUFFER_SMALL.code());
            assertThat(header.getInt(12)).isZero();
            assertThat(encoded.body().length()).isZero();
            assertThat(payload.count()).isZero();
        }
    }

    private static Opcode opcodeFor(Response response) {
        return switch (response) {
            case Response.Plain _ -> Opcode.WRITE_OBJ;
            case Response.Data _ -> Opcode.READ_VDIS;
            case Response.ObjectData _ -> Opcode.READ_OBJ;
            case Response.VdiInfo _ -> Opcode.NEW_VDI;
            case Response.NodeStat _ -> Opcode.GET_NODE_LIST;
            case Response.ClusterDefault _ -> Opcode.GET_CLUSTER_DEFAULT;
            case Response.HelloReply _ -> Opcode.HELLO;
            case Response.ObjectIds _ -> Opcode.IN_FLIGHT_OBJECTS;
            case Response.ObjectVersions _ -> Opcode.LIST_OBJECTS;
            case Response.ObjectState _ -> Opcode.STAT_OBJECT;
            case Response.ObjectCopy _ -> Opcode.FETCH_OBJECT;
        };
    }
}
