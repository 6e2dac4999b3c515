package sheepdog.membership.epochlog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import sheepdog.membership.files.NoSpaceException;
import sheepdog.membership.files.SimFolder;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;

/** Epochs on a file system that others have filled, and whose power fails. */
class FullEpochLogTest {
    private static final long SPACE = 1 << 20;
    private static final Node NODE = new Node(NodeId.of("127.0.0.1", 7000), Optional.empty(), 64, 0, 1L << 38);
    private static final ClusterConfig CONFIG = new ClusterConfig(5, 1, 2, "plain", 9);

    private SimFolder base;
    private SimFolder epochs;

    private EpochLog begin(long seed) throws IOException {
        var random = new SplittableRandom(seed);
        base = new SimFolder(random, SPACE);
        epochs = new SimFolder(random, SPACE);
        EpochLog log = EpochLog.open(base, epochs);
        log.record(CONFIG);
        log.formatted(CONFIG, 1);
        return log;
    }

    private static void record(EpochLog log, long number) throws IOException {
        log.record(new Epoch((int) number), 1_000 + number, List.of(NODE, NODE));
    }

    private static List<Long> numbers(EpochLog log) throws IOException {
        return log.all().stream().map(it -> (long) it.epoch().number()).toList();
    }

    @Test
    void asManyEpochsAsSpaceIsKeptForAreWrittenOnAFullFileSystemAndTheRestWhenThereIsSomeAgain() throws IOException {
        EpochLog log = begin(1);
        base.fillAt(0);
        epochs.fillAt(0);

        for (int i = 1; i <= EpochLog.EPOCHS_KEPT; i++) {
            record(log, i);
        }
        assertThatThrownBy(() -> record(log, EpochLog.EPOCHS_KEPT + 1)).isInstanceOf(NoSpaceException.class);
        List<Long> kept =
                LongStream.rangeClosed(1, EpochLog.EPOCHS_KEPT).boxed().toList();
        assertThat(numbers(EpochLog.open(base, epochs))).isEqualTo(kept);
        base.free(SPACE);
        epochs.free(SPACE);
        record(log, EpochLog.EPOCHS_KEPT + 1);

        assertThat(numbers(log)).hasSize(EpochLog.EPOCHS_KEPT + 1);
        epochs.fillAt(0);
        record(log, EpochLog.EPOCHS_KEPT + 2);
    }

    @Test
    void whereverTheFileSystemFillsUpEpochsAndAFormatFindTheirSpace() throws IOException {
        for (int at = 0; at < 80; at++) {
            EpochLog log = begin(at);
            base.fillAt(base.changes() + at / 8);
            epochs.fillAt(epochs.changes() + at);

            for (int i = 1; i <= 9; i++) {
                record(log, i);
            }
            log.formatted(CONFIG, 7);
            for (int i = 1; i <= 9; i++) {
                record(log, i);
            }

            EpochLog again = EpochLog.open(base, epochs);
            assertThat(again.formattedAt()).isEqualTo(7);
            assertThat(numbers(again)).containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L);
        }
    }

    @Test
    void whereverThePowerFailsWhatWasRecordedIsThereAndNothingElse() throws IOException {
        for (int at = 0; at < 200; at++) {
            EpochLog log = begin(at);
            if (at % 2 == 0) {
                epochs.fillAt(epochs.changes() + at / 4);
            }
            epochs.losePowerAt(epochs.changes() + 1 + at % 50);
            var recorded = new ArrayList<Long>();
            try {
                for (long i = 1; i < 60; i++) {
                    record(log, i);
                    recorded.add(i);
                }
            } catch (SimFolder.PowerLoss _) {
                base.restart();
                epochs.restart();
            }

            EpochLog again = EpochLog.open(base, epochs);

            assertThat(numbers(again)).startsWith(recorded.toArray(Long[]::new)).hasSizeLessThan(recorded.size() + 2);
            assertThat(again.all()).allMatch(it -> it.nodes().equals(List.of(NODE, NODE)));
            assertThat(epochs.names()).noneMatch(name -> name.endsWith(".tmp"));
            record(again, 99);
        }
    }

    @Test
    void aFirstStartWithoutTheSpaceThatIsToBeKeptIsRefused() {
        var random = new SplittableRandom(1);
        var small = new SimFolder(random, 64 << 10);

        assertThatThrownBy(() -> EpochLog.open(new SimFolder(random, SPACE), small))
                .isInstanceOf(NoSpaceException.class);
    }
}
