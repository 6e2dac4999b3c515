package sheepdog.store.plain;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Vid;
import sheepdog.store.api.Stamp;

/** What reaches the disk before the answer, and in which order (R8). */
class WriteOrderTest {
    private static final ObjectId OID = ObjectId.ofData(new Vid(7), 0);

    private final SimMachine machine = new SimMachine();
    private final List<String> calls = new ArrayList<>();
    private PlainStore store;
    private long sequence;

    @BeforeEach
    void openStore() throws IOException {
        store = machine.open();
        record();
    }

    private void record() {
        machine.disk.hook((call, path) -> {
            if (!List.of("open", "read", "list", "length").contains(call)) {
                String name = path.toString().replace("/sheep/", "").replace(OID.toString(), "OID");
                // A file keeps the path that it was opened by.
                boolean byName = call.equals("create") || call.equals("rename") || call.equals("delete");
                calls.add(call + " " + (byName ? name : name.replace("/.tmp/", "/")));
            }
        });
    }

    private Stamp stamp() {
        return new Stamp(Epoch.FIRST, 1, ++sequence);
    }

    private static ByteBuffer bytes(int length) {
        var bytes = new byte[length];
        new SplittableRandom(length).nextBytes(bytes);
        return ByteBuffer.wrap(bytes);
    }

    @Test
    void smallWriteIsInTheJournalBeforeTheFileAndTheFileIsNotSynced() {
        store.create(OID, 0, bytes(4096), stamp());
        calls.clear();

        store.write(OID, 0, bytes(4096), stamp());

        assertThat(calls).containsExactly("write meta/journal0", "sync meta/journal0", "write obj/OID");
    }

    @Test
    void holeIsClaimedBeforeTheRecord() {
        store.create(OID, 0, bytes(4096), stamp());
        calls.clear();

        store.write(OID, 4096, bytes(4096), stamp());

        assertThat(calls)
                .containsExactly("reserve obj/OID", "write meta/journal0", "sync meta/journal0", "write obj/OID");
    }

    @Test
    void largeWriteSyncsEarlierOnesThenTheRecordThenTheData() {
        store.create(OID, 0, bytes(4096), stamp());
        store.create(OID, 0, bytes(100_000), stamp());
        store.write(OID, 0, bytes(4096), stamp());
        calls.clear();

        store.write(OID, 0, bytes(100_000 / 4096 * 4096), stamp());

        assertThat(calls)
                .containsExactly(
                        "sync obj/OID", "write meta/journal0", "sync meta/journal0", "write obj/OID", "sync obj/OID");
    }

    @Test
    void nameOfASmallNewObjectIsSyncedBeforeALargeWriteRefersToIt() {
        store.create(OID, 0, bytes(4096), stamp());
        calls.clear();

        store.write(OID, 0, bytes(100_000), stamp());

        assertThat(calls).contains("sync obj/OID", "syncdir obj");
        assertThat(calls.indexOf("syncdir obj")).isLessThan(calls.indexOf("write meta/journal0"));
    }

    @Test
    void smallCreateRenamesAfterTheRecord() {
        store.create(OID, 0, bytes(4096), stamp());

        assertThat(calls)
                .containsExactly(
                        "create obj/.tmp/OID",
                        "resize obj/OID",
                        "write obj/OID",
                        "write meta/journal0",
                        "sync meta/journal0",
                        "rename obj/OID");
    }

    @Test
    void largeCreateSyncsDataThenRecordThenTheDirectory() {
        store.create(OID, 0, bytes(OID.size()), stamp());

        assertThat(calls)
                .containsExactly(
                        "create obj/.tmp/OID",
                        "resize obj/OID",
                        "write obj/OID",
                        "sync obj/OID",
                        "write meta/journal0",
                        "sync meta/journal0",
                        "rename obj/OID",
                        "syncdir obj");
    }

    @Test
    void removeIsInTheJournalBeforeTheFileGoes() {
        store.create(OID, 0, bytes(4096), stamp());
        calls.clear();

        store.remove(OID, stamp());

        assertThat(calls).containsExactly("write meta/journal0", "sync meta/journal0", "delete obj/OID");
    }

    @Test
    void replacementIsOnDiskBesideTheCopyBeforeTheRecordAndTakesItsPlaceAfter() {
        store.create(OID, 0, bytes(4096), stamp());
        calls.clear();

        store.recovered(OID, Optional.of(bytes(OID.size())), Epoch.FIRST, stamp(), false);

        assertThat(calls)
                .containsExactly(
                        "create obj/.tmp/OID",
                        "resize obj/OID",
                        "write obj/OID",
                        "sync obj/OID",
                        "syncdir obj/.tmp",
                        "write meta/journal0",
                        "sync meta/journal0",
                        "rename obj/OID",
                        "syncdir obj");
    }

    @Test
    void dropIsInTheJournalBeforeTheFileGoes() {
        store.create(OID, 0, bytes(4096), stamp());
        store.completed(OID.vid(), 1, sequence);
        calls.clear();

        store.drop(OID, Epoch.FIRST.next());

        assertThat(calls).containsExactly("write meta/journal0", "sync meta/journal0", "delete obj/OID");
    }

    @Test
    void fenceIsOnDiskWhenItReturns() {
        store.fence(new Epoch(9));

        assertThat(calls).containsExactly("write meta/journal0", "sync meta/journal0");
    }

    @Test
    void segmentIsUsedAgainOnlyAfterFilesAndNamesWereSynced() {
        store.create(OID, 0, bytes(4096), stamp());
        calls.clear();

        while (!calls.contains("write meta/journal1")) {
            store.write(OID, 0, bytes(4096), stamp());
        }

        assertThat(calls.indexOf("sync obj/OID")).isBetween(0, calls.indexOf("write meta/journal1"));
        assertThat(calls.indexOf("syncdir obj")).isBetween(0, calls.indexOf("write meta/journal1"));
        long flushes = calls.stream().filter("sync obj/OID"::equals).count();
        assertThat(flushes).as("files synced once for dozens of writes").isEqualTo(1);
    }

    @Test
    void unsyncedStoreNeverSyncs() throws IOException {
        store.close();
        store = machine.open(SimMachine.SMALL.withSynced(false));
        calls.clear();

        store.create(OID, 0, bytes(OID.size()), stamp());
        for (int count = 0; count < 200; count++) {
            store.write(OID, 0, bytes(4096), stamp());
        }
        store.write(OID, 0, bytes(100_000), stamp());
        store.fence(new Epoch(9));
        store.close();

        assertThat(calls).noneMatch(call -> call.startsWith("sync"));
    }
}
