package sheepdog.sheep.net;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.RequestCodec;

class RequestReaderProperties {
    private static final long SKIP_MAX = 1 << 20;

    private final UnpooledByteBufAllocator memory = new UnpooledByteBufAllocator(true);

    @Property(tries = 200)
    void requestsComeOutAsTheyWentInHoweverTheirBytesAreCut(
            @ForAll("requestLists") List<Request> requests, @ForAll long cuts) {
        var budget = new ByteBudget(64 << 20);
        var reader = new RequestReader(memory, budget, SKIP_MAX);
        var decoded = new ArrayList<Request>();
        long charged = 0;

        for (ByteBuf piece : cut(concat(requests.stream().map(TestClient::bytes).toList()), new Random(cuts))) {
            var progress = reader.read(piece);
            while (progress instanceof RequestReader.Progress.Frame frame) {
                charged += frame.charged();
                decoded.add(((Outcome.Ok<Request>) RequestCodec.decode(frame.header(), frame.body())).value());
                progress = reader.read(piece);
            }
            assertThat(progress).isInstanceOf(RequestReader.Progress.More.class);
            piece.release();
        }

        assertThat(concat(decoded.stream().map(TestClient::bytes).toList()))
                .isEqualTo(concat(requests.stream().map(TestClient::bytes).toList()));
        assertThat(reader.isInside()).isFalse();
        assertThat(budget.inUse()).isEqualTo(charged);
        decoded.forEach(Request::release);
        assertThat(memory.metric().usedDirectMemory()).isZero();
    }

    @Property(tries = 500)
    void garbageNeitherFailsNorTakesMemoryThatWasNotSentFor(
            @ForAll @Size(max = 4_000) byte[] garbage, @ForAll long cuts, @ForAll boolean asWrites) {
        var budget = new ByteBudget(64 << 20);
        var reader = new RequestReader(memory, budget, SKIP_MAX);
        if (asWrites) { // More of what has a payload than chance would bring.
            for (int i = 0; i + 2 < garbage.length; i += 48) {
                garbage[i + 1] = 3;
                garbage[i + 2] |= 1;
            }
        }

        boolean lost = false;
        for (ByteBuf piece : cut(garbage, new Random(cuts))) {
            var progress = reader.read(piece);
            while (!(progress instanceof RequestReader.Progress.More)) {
                switch (progress) {
                    case RequestReader.Progress.Frame frame -> {
                        if (RequestCodec.decode(frame.header(), frame.body()) instanceof Outcome.Ok<Request> ok) {
                            ok.value().release();
                        }
                        budget.giveBack(frame.charged());
                    }
                    case RequestReader.Progress.Oversized oversized -> lost |= oversized.lost();
                    case RequestReader.Progress.Starved _ -> throw new AssertionError("starved");
                    case RequestReader.Progress.More _ -> throw new AssertionError();
                }
                assertThat(memory.metric().usedDirectMemory())
                        .isLessThanOrEqualTo(RequestReader.BODY_BYTES_FIRST + (long) garbage.length);
                progress = reader.read(piece);
            }
            assertThat(budget.inUse()).isLessThanOrEqualTo(RequestReader.BODY_BYTES_FIRST);
            piece.release();
        }

        assertThat(lost && reader.isInside()).isFalse();
        reader.close();
        assertThat(budget.inUse()).isZero();
        assertThat(memory.metric().usedDirectMemory()).isZero();
    }

    @Property(tries = 50)
    void memoryForAPayloadGrowsWithWhatHasCome(@ForAll @IntRange(min = 1, max = ObjectId.DATA_BYTES - 1) int sent) {
        var budget = new ByteBudget(64 << 20);
        var reader = new RequestReader(memory, budget, SKIP_MAX);
        byte[] header = TestClient.bare(2, Opcode.WRITE_OBJ.code(), 1, 7, ObjectId.DATA_BYTES);
        var bytes = Unpooled.wrappedBuffer(header, new byte[sent]);

        reader.read(bytes);

        int ceiling = sent <= RequestReader.BODY_BYTES_FIRST
                ? RequestReader.BODY_BYTES_FIRST
                : sent <= RequestReader.BODY_BYTES_SECOND ? RequestReader.BODY_BYTES_SECOND : ObjectId.DATA_BYTES;
        assertThat(budget.inUse()).isBetween((long) Math.min(sent, ceiling), (long) ceiling);
        reader.close();
        assertThat(budget.inUse()).isZero();
        assertThat(memory.metric().usedDirectMemory()).isZero();
    }

    @Provide
    Arbitrary<List<Request>> requestLists() {
        var lengths = Arbitraries.integers().between(0, 200_000);
        var indexes = Arbitraries.integers().between(0, ObjectId.INDEX_LIMIT - 1);
        Arbitrary<Request> writes = lengths.flatMap(length -> indexes.map(index -> new Request.WriteObject(
                TestClient.header(Opcode.WRITE_OBJ, index),
                ObjectId.ofData(new Vid(0x7c2b25), index),
                index % 4096,
                Payload.of(pattern(length, index)),
                3)));
        Arbitrary<Request> reads = lengths.flatMap(length -> indexes.map(index -> new Request.ReadObject(
                TestClient.header(Opcode.READ_OBJ, index),
                ObjectId.ofData(new Vid(0x7c2b25), index),
                index % 4096,
                length,
                0)));
        return Arbitraries.oneOf(writes, reads).list().ofMaxSize(12);
    }

    private static byte[] pattern(int length, int seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private static byte[] concat(List<byte[]> parts) {
        var all = new java.io.ByteArrayOutputStream();
        parts.forEach(all::writeBytes);
        return all.toByteArray();
    }

    private static List<ByteBuf> cut(byte[] bytes, Random random) {
        var pieces = new ArrayList<ByteBuf>();
        for (int at = 0; at < bytes.length; ) {
            int length = Math.min(bytes.length - at, 1 + random.nextInt(random.nextInt(16) == 0 ? 100 : 70_000));
            pieces.add(Unpooled.wrappedBuffer(bytes, at, length));
            at += length;
        }
        return pieces;
    }
}
