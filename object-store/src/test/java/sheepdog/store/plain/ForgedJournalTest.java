package sheepdog.store.plain;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Vid;
import sheepdog.store.api.Stamp;
import sheepdog.store.disk.DiskFile;
import sheepdog.store.meta.MetaBatch;

/**
 * What a guest writes lies in the journal as it is, at offsets that the guest can work out. So it can look like a batch
 * of the journal, with whatever serial, index and checksum.
 */
class ForgedJournalTest {
    private static final ObjectId MINE = ObjectId.ofData(new Vid(7), 0);
    private static final ObjectId VICTIM = ObjectId.ofData(new Vid(8), 0);
    private static final int BLOCK = 4096;
    private static final int LONG_WRITE_BYTES = 7 * BLOCK;
    private static final int LONG_BATCH_BYTES = 8 * BLOCK;

    /** Where a guest's data begin in a batch that holds nothing else. */
    private static final int DATA_OFFSET = Journal.BATCH_HEADER_BYTES + 48 + 12;

    private final SimMachine machine = new SimMachine();
    private long sequence;

    private Stamp stamp() {
        return new Stamp(Epoch.FIRST, 1, ++sequence);
    }

    /** A batch that removes somebody else's object. */
    private static ByteBuffer forged(long serial, long index) {
        var removal = new JournalRecord(
                JournalRecord.Kind.REMOVE, true, VICTIM.bits(), Epoch.FIRST, Epoch.FIRST, 1, 1, List.of());
        var batch = ByteBuffer.allocate(Journal.BATCH_HEADER_BYTES + removal.encodedLength())
                .order(ByteOrder.LITTLE_ENDIAN);
        batch.position(Journal.BATCH_HEADER_BYTES);
        removal.encode(batch, (serial << 32) + 1000);
        batch.putInt(0, Journal.MAGIC)
                .putInt(4, Journal.VERSION)
                .putLong(8, serial)
                .putLong(16, index);
        batch.putInt(24, removal.encodedLength());
        return batch.putInt(Journal.CRC_OFFSET, Journal.checksum(batch.slice(0, batch.capacity())))
                .clear();
    }

    private interface Forgery {
        ByteBuffer at(int journalOffset);
    }

    /** Data that are a forgery wherever the journal may look for a batch, if they are journaled at {@code start}. */
    private static ByteBuffer data(int start, Forgery forgery) {
        var data = ByteBuffer.allocate(LONG_WRITE_BYTES);
        for (int offset = BLOCK; offset < LONG_BATCH_BYTES; offset += BLOCK) {
            ByteBuffer batch = forgery.at(start + offset);
            int room = Math.min(batch.remaining(), LONG_WRITE_BYTES - (offset - DATA_OFFSET));
            data.put(offset - DATA_OFFSET, batch, 0, room);
        }
        return data;
    }

    /** Both objects are there, one batch of two blocks each, and then forgeries until the second segment is full. */
    private PlainStore storeFullOf(Forgery forgery) throws IOException {
        PlainStore store = machine.open();
        store.create(VICTIM, 0, ByteBuffer.allocate(BLOCK).put(0, (byte) 1), stamp());
        store.create(MINE, 0, ByteBuffer.allocate(BLOCK).put(0, (byte) 1), stamp());
        int segment = SimMachine.SMALL.segmentBytes();
        for (int start = 4 * BLOCK; start + LONG_BATCH_BYTES <= segment; start += LONG_BATCH_BYTES) {
            assertThat(store.write(MINE, 0, data(start, forgery), stamp()).isOk())
                    .isTrue();
        }
        for (int start = 0; start + LONG_BATCH_BYTES <= segment; start += LONG_BATCH_BYTES) {
            assertThat(store.write(MINE, 0, data(start, forgery), stamp()).isOk())
                    .isTrue();
        }
        return store;
    }

    private void assertThatAForgeryIsAt(int offset) throws IOException {
        var there = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
        try (DiskFile file = machine.disk.open(Path.of("/sheep/meta/journal0"))) {
            file.read(there, offset);
        }
        assertThat(there.getInt(0)).as("the guest knows where its data go").isEqualTo(Journal.MAGIC);
    }

    private void assertThatNothingHappened() throws IOException {
        PlainStore again = machine.open();
        assertThat(again.find(VICTIM)).isPresent();
        assertThat(again.read(VICTIM, 0, ByteBuffer.allocate(BLOCK)).isOk()).isTrue();
        assertThat(again.list(Optional.empty(), 9)).hasSize(2);
    }

    @Test
    void batchOfAGuestIsNotReplayedThoughItFollowsTheLastOne() throws IOException {
        PlainStore store = storeFullOf(offset -> forged(3, offset / (2L * BLOCK)));
        for (int count = 0; count < 3; count++) {
            store.write(MINE, 0, ByteBuffer.allocate(BLOCK), stamp());
        }
        assertThatAForgeryIsAt(3 * 2 * BLOCK);
        machine.restartProgram();

        assertThatNothingHappened();
    }

    @Test
    void batchOfAGuestBehindTheLastOneIsNoDamage() throws IOException {
        PlainStore store = storeFullOf(_ -> forged(3, 1 << 20));
        store.write(MINE, 0, ByteBuffer.allocate(BLOCK), stamp());
        assertThatAForgeryIsAt(3 * 2 * BLOCK);
        machine.restartProgram();

        assertThatNothingHappened();
    }

    @Test
    void batchOfAGuestDoesNotStopAStoreThatWasClosedFromOpening() throws IOException {
        PlainStore store = storeFullOf(_ -> forged(1L << 40, 1));
        store.close();
        assertThatAForgeryIsAt(3 * 2 * BLOCK);
        machine.restartProgram();

        assertThatNothingHappened();
    }

    @Test
    void journalOfAStoreThatHadNoSecretIsReplayedAndItsNextBatchesBearOne() throws IOException {
        PlainStore store = open(0);
        store.create(MINE, 0, ByteBuffer.allocate(BLOCK).put(0, (byte) 1), stamp());
        machine.restartProgram();
        machine.meta.apply(new MetaBatch().delete(MetaKeys.JOURNAL));

        PlainStore again = open(77);
        assertThat(again.find(MINE)).isPresent();
        again.create(VICTIM, 0, ByteBuffer.allocate(BLOCK).put(0, (byte) 1), stamp());
        machine.restartProgram();

        assertThat(open(78).list(Optional.empty(), 9)).hasSize(2);
        var secret = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        try (DiskFile file = machine.disk.open(Path.of("/sheep/meta/journal0"))) {
            file.read(secret, Journal.SECRET_OFFSET);
        }
        assertThat(secret.getLong(0)).isEqualTo(77);
    }

    private PlainStore open(long secret) throws IOException {
        machine.disk.makeDirectory(Path.of("/sheep"));
        machine.disk.makeDirectory(Path.of("/sheep/meta"));
        return PlainStore.open(
                machine.disk, Path.of("/sheep"), machine.meta, SimMachine.SMALL, Runnable::run, () -> secret);
    }
}
