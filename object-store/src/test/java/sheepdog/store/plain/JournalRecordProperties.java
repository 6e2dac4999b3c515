package sheepdog.store.plain;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Vid;

class JournalRecordProperties {
    @Property
    void recordsReadBackAsTheyWereWritten(
            @ForAll boolean marked,
            @ForAll int epoch,
            @ForAll int mutated,
            @ForAll long generation,
            @ForAll long sequence,
            @ForAll @IntRange(max = 1000) int first,
            @ForAll @IntRange(min = 1, max = 20) int count) {
        var oid = ObjectId.ofData(new Vid(0xabcdef), 77);
        var data = new byte[count * Blocks.BYTES];
        new SplittableRandom(sequence).nextBytes(data);
        var sums = new int[count];
        sums[count - 1] = epoch;
        var written = new JournalRecord(
                JournalRecord.Kind.WRITE,
                marked,
                oid.bits(),
                new Epoch(epoch),
                new Epoch(mutated),
                generation,
                sequence,
                List.of(
                        new JournalRecord.Zeros(first, count),
                        new JournalRecord.Data(
                                first,
                                count,
                                List.of(ByteBuffer.wrap(data, 0, 100), ByteBuffer.wrap(data, 100, data.length - 100))),
                        new JournalRecord.InPlace(first, count, sums)));
        var buffer = ByteBuffer.allocate(written.encodedLength()).order(ByteOrder.LITTLE_ENDIAN);

        written.encode(buffer, 42);
        var read = JournalRecord.decode(buffer.flip());

        assertThat(buffer.hasRemaining()).isFalse();
        assertThat(read.number()).isEqualTo(42);
        assertThat(read.record().kind()).isEqualTo(written.kind());
        assertThat(read.record().marked()).isEqualTo(marked);
        assertThat(read.record().oid()).isEqualTo(oid);
        assertThat(read.record().epoch()).isEqualTo(new Epoch(epoch));
        assertThat(read.record().mutated()).isEqualTo(new Epoch(mutated));
        assertThat(read.record().generation()).isEqualTo(generation);
        assertThat(read.record().sequence()).isEqualTo(sequence);
        assertThat(read.record().extents().get(0)).isEqualTo(new JournalRecord.Zeros(first, count));
        var readData = (JournalRecord.Data) read.record().extents().get(1);
        assertThat(readData.bytes()).containsExactly(ByteBuffer.wrap(data));
        var readSums = (JournalRecord.InPlace) read.record().extents().get(2);
        assertThat(readSums.sums()).isEqualTo(sums);
    }

    @Property
    void garbageIsRefusedAndNothingElseHappens(@ForAll @Size(max = 300) byte[] garbage) {
        var buffer = ByteBuffer.wrap(garbage).order(ByteOrder.LITTLE_ENDIAN);
        if (garbage.length >= 4) {
            buffer.putInt(0, garbage.length & ~7); // Past the first check, often.
        }
        try {
            var read = JournalRecord.decode(buffer);
            assertThat(read.record().encodedLength()).isLessThanOrEqualTo(garbage.length);
        } catch (IllegalArgumentException refused) {
            assertThat(refused).hasMessageStartingWith("bad record");
        }
    }
}
