package sheepdog.protocol.wire;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.SplittableRandom;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;

class RequestCodecProperties {
    private static final int UNKNOWN_OPCODE = 0x7f;

    @Provide
    Arbitrary<Class<? extends Request>> kinds() {
        return Arbitraries.of(AnyMessage.kinds(Request.class));
    }

    @Property(tries = 5000)
    void whatWasEncodedIsDecoded(@ForAll("kinds") Class<? extends Request> kind, @ForAll long seed) {
        Request request = new AnyMessage(seed).of(kind, UNKNOWN_OPCODE);

        ByteBuffer header = RequestCodec.encodeHeader(request);
        Payload body = RequestCodec.body(request);

        assertThat(RequestCodec.bodyLength(Header.read(header))).isEqualTo(body.length());
        assertThat(body.length()).isLessThanOrEqualTo(RequestCodec.bodyLimit(RequestCodec.opcode(request)));
        Outcome<Request> decoded = RequestCodec.decode(header, body);
        assertThat(decoded).isInstanceOf(Outcome.Ok.class);
        decoded.map(AnyMessage::content).map(content -> assertThat(content).isEqualTo(AnyMessage.content(request)));
        assertThat(header.position()).isZero();
        assertThat(header.limit()).isEqualTo(Header.BYTES);
    }

    @Property
    void anotherIdReplacesThatOfTheRequest(
            @ForAll("kinds") Class<? extends Request> kind, @ForAll long seed, @ForAll int id) {
        Request request = new AnyMessage(seed).of(kind, UNKNOWN_OPCODE);

        ByteBuffer header = RequestCodec.encodeHeader(request, id);

        ByteBuffer expected = RequestCodec.encodeHeader(request).order(ByteOrder.LITTLE_ENDIAN);
        expected.putInt(8, id);
        assertThat(header).isEqualTo(expected);
    }

    @Property(tries = 20_000)
    void garbageIsRefusedOrDecodedAndItsPayloadHeldByOneAtMost(
            @ForAll long seed, @ForAll @IntRange(min = 0, max = 255) int opcode) {
        var random = new SplittableRandom(seed);
        byte[] bytes = new byte[Header.BYTES];
        random.nextBytes(bytes);
        bytes[1] = (byte) opcode;
        byte[] body = randomBody(random, bytes, opcode);

        decodeAndCheck(bytes, body);
    }

    @Property(tries = 20_000)
    void aDamagedRequestIsRefusedOrDecoded(
            @ForAll("kinds") Class<? extends Request> kind,
            @ForAll long seed,
            @ForAll @IntRange(min = 0, max = 47) int at,
            @ForAll byte damage) {
        Request request = new AnyMessage(seed).of(kind, UNKNOWN_OPCODE);
        byte[] bytes = RequestCodec.encodeHeader(request).array().clone();
        bytes[at] = damage;
        Payload payload = RequestCodec.body(request);
        byte[] body = new byte[payload.length()];
        payload.bytes().get(body);

        decodeAndCheck(bytes, body);
    }

    @Property
    void aLengthThatIsNotTrueAllocatesNothing(
            @ForAll @IntRange(min = 0, max = 255) int opcode, @ForAll int length, @ForAll long seed) {
        byte[] bytes = new byte[Header.BYTES];
        new SplittableRandom(seed).nextBytes(bytes);
        ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        header.put(1, (byte) opcode);
        header.putInt(12, length | 1 << 30);
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        RequestCodec.decode(header, Payload.EMPTY);
        long before = threads.getCurrentThreadAllocatedBytes();

        RequestCodec.decode(header, Payload.EMPTY);

        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(100_000);
    }

    private static void decodeAndCheck(byte[] header, byte[] body) {
        var payload = new CountedPayload(body);
        switch (RequestCodec.decode(ByteBuffer.wrap(header), payload)) {
            case Outcome.Ok<Request>(Request request) -> {
                assertThat(payload.count()).isEqualTo(request.data() == payload ? 1 : 0);
                request.release();
            }
            case Outcome.Refused<Request>(ResultCode code) ->
                assertThat(code)
                        .isEqualTo(
                                Header.read(ByteBuffer.wrap(header)).isVersionAccepted()
                                        ? ResultCode.INVALID_PARMS
                                        : ResultCode.VER_MISMATCH);
        }
        assertThat(payload.count()).isZero();
    }

    /** Mostly as long as the header says, or as long as would suit, for other lengths are refused early. */
    private static byte[] randomBody(SplittableRandom random, byte[] header, int opcode) {
        int[] lengths = {0, 4, 20, 56, 256, 512, 66_320, random.nextInt(5000)};
        int length = Math.min(lengths[random.nextInt(lengths.length)], RequestCodec.bodyLimit(opcode));
        if (random.nextInt(4) > 0) {
            ByteBuffer bytes = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
            bytes.put(2, (byte) (header[2] | Flags.WRITE));
            bytes.putInt(12, length);
        }
        byte[] body = new byte[length];
        random.nextBytes(body);
        return body;
    }
}
