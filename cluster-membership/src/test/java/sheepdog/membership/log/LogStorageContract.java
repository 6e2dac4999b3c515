package sheepdog.membership.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import sheepdog.membership.consensus.Config;
import sheepdog.membership.consensus.Entry;
import sheepdog.membership.consensus.HardState;
import sheepdog.membership.consensus.LogWrite;
import sheepdog.membership.consensus.Quorum;
import sheepdog.membership.consensus.Restored;
import sheepdog.membership.consensus.Snapshot;

/** What every {@link LogStorage} does. */
public abstract class LogStorageContract {
    /** The same place as the last one, as after the end of the process; empty at first. */
    protected abstract LogStorage open();

    @Test
    void anEmptyOneHoldsNothing() {
        assertThat(open().load()).isEqualTo(Restored.EMPTY);
        assertThat(open().load()).isEqualTo(Restored.EMPTY);
    }

    @Test
    void whatWasWrittenIsThereAfterARestart() throws IOException {
        LogStorage storage = open();
        storage.load();
        storage.write(write(new HardState(1, 7, 0), snapshot(0), LogWrite.NOTHING, entries(1, 1, 2)));
        storage.write(write(new HardState(2, 0, 2), null, LogWrite.NOTHING, entries(2, 3, 1)));

        Restored restored = open().load();

        assertThat(restored.hard()).isEqualTo(new HardState(2, 0, 2));
        assertThat(restored.snapshot().map(Snapshot::index)).contains(0L);
        assertThat(restored.entries()).containsExactly(all(entries(1, 1, 2), entries(2, 3, 1)));
    }

    @Test
    void entriesAreTruncatedBeforeOthersAreAppended() throws IOException {
        LogStorage storage = open();
        storage.load();
        storage.write(write(new HardState(1, 0, 0), snapshot(0), LogWrite.NOTHING, entries(1, 1, 5)));
        storage.write(write(new HardState(2, 0, 0), null, 3, entries(2, 3, 1)));
        storage.write(write(new HardState(3, 0, 0), null, 4, List.of()));

        assertThat(open().load().entries()).containsExactly(all(entries(1, 1, 2), entries(2, 3, 1)));
    }

    @Test
    void aSnapshotReplacesAllThatWasThere() throws IOException {
        LogStorage storage = open();
        storage.load();
        storage.write(write(new HardState(1, 0, 0), snapshot(0), LogWrite.NOTHING, entries(1, 1, 5)));
        storage.write(write(new HardState(4, 9, 12), snapshot(12), LogWrite.NOTHING, entries(4, 13, 2)));

        Restored restored = open().load();

        assertThat(restored.snapshot().orElseThrow().data())
                .isEqualTo(snapshot(12).data());
        assertThat(restored.snapshot().orElseThrow().config())
                .isEqualTo(snapshot(12).config());
        assertThat(restored.hard()).isEqualTo(new HardState(4, 9, 12));
        assertThat(restored.entries()).containsExactly(all(entries(4, 13, 2), List.of()));
    }

    @Test
    void entriesWrittenAfterASnapshotWasInstalledAreThereAfterARestart() throws IOException {
        LogStorage storage = open();
        storage.load();
        storage.write(write(new HardState(3, 0, 12), snapshot(12), LogWrite.NOTHING, List.of()));
        storage.write(write(new HardState(3, 0, 12), null, LogWrite.NOTHING, entries(3, 13, 10)));
        LogStorage again = open();
        again.load();
        again.write(write(new HardState(3, 0, 22), null, LogWrite.NOTHING, entries(3, 23, 1)));

        assertThat(open().load().entries()).containsExactly(all(entries(3, 13, 10), entries(3, 23, 1)));
    }

    @Test
    void aHardStateAloneIsKept() throws IOException {
        LogStorage storage = open();
        storage.load();
        storage.write(write(new HardState(1, 0, 0), snapshot(0), LogWrite.NOTHING, List.of()));
        storage.write(write(new HardState(8, 5, 0), null, LogWrite.NOTHING, List.of()));

        assertThat(open().load().hard()).isEqualTo(new HardState(8, 5, 0));
    }

    protected static LogWrite write(HardState hard, Snapshot snapshot, long truncateFrom, List<Entry> entries) {
        return new LogWrite(0, hard, Optional.ofNullable(snapshot), truncateFrom, entries);
    }

    protected static Snapshot snapshot(long index) {
        var config = new Config(new Quorum(List.of(3L, 1L), 3), Quorum.NONE, List.of(9L), new byte[] {1});
        return new Snapshot(index, index == 0 ? 0 : 2, config, ("state " + index).getBytes());
    }

    protected static List<Entry> entries(long term, long first, int count) {
        var list = new ArrayList<Entry>();
        for (long i = first; i < first + count; i++) {
            list.add(new Entry(i, term, Entry.Kind.COMMAND, ("entry " + i).getBytes()));
        }
        return list;
    }

    private static Entry[] all(List<Entry> first, List<Entry> second) {
        return Stream.concat(first.stream(), second.stream()).toArray(Entry[]::new);
    }
}
