package sheepdog.membership.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import sheepdog.membership.consensus.Config;
import sheepdog.membership.consensus.Entry;
import sheepdog.membership.consensus.HardState;
import sheepdog.membership.consensus.LogWrite;
import sheepdog.membership.consensus.Quorum;
import sheepdog.membership.consensus.Restored;
import sheepdog.membership.consensus.Snapshot;
import sheepdog.membership.files.NoSpaceException;
import sheepdog.membership.files.SimFolder;

/** The log on a disk that others fill at any point, whose power fails at any point, and both. */
class FullFolderProperties {
    private static final long SPACE = 4L << 20;

    private static final int JOURNAL = 64 << 10;

    @Property(tries = 60)
    void whatIsOnceBegunNeedsNoMoreSpace(@ForAll long seed) throws IOException {
        var story = new Story(seed);
        story.begin();
        story.folder.fillAt(story.folder.changes() + story.random.nextInt(60));

        story.writes(40, JOURNAL / 30);

        assertThat(story.refusals).isZero();
        story.reopen();
        story.writes(40, JOURNAL / 30);
        assertThat(story.refusals).isZero();
    }

    @Property(tries = 150)
    void whatFindsNoSpaceChangesNothingAndGoesOnLater(@ForAll long seed, @ForAll @IntRange(max = 400) int fullAt)
            throws IOException {
        var story = new Story(seed);
        story.begin();
        story.folder.fillAt(story.folder.changes() + fullAt);

        story.writes(30, JOURNAL);

        story.folder.free(SPACE);
        story.reopen();
        story.writes(10, JOURNAL);
        assertThat(story.refusals).isZero();
    }

    @Property(tries = 300)
    void aPowerLossAtAnyPointLeavesWhatWasWrittenAndPerhapsTheNext(
            @ForAll long seed, @ForAll @IntRange(max = 1500) int at) throws IOException {
        powerLoss(seed, at, Integer.MAX_VALUE);
    }

    @Property(tries = 300)
    void aPowerLossOnAFullDiskDoesNotEither(
            @ForAll long seed, @ForAll @IntRange(max = 1500) int at, @ForAll @IntRange(max = 600) int fullAt)
            throws IOException {
        powerLoss(seed, at, fullAt);
    }

    private static void powerLoss(long seed, int at, int fullAt) throws IOException {
        var story = new Story(seed);
        story.begin();
        if (fullAt < Integer.MAX_VALUE) {
            story.folder.fillAt(story.folder.changes() + fullAt);
        }
        for (int losses = 0; losses < 3; losses++) {
            story.folder.losePowerAt(story.folder.changes() + 1 + at / (losses + 1));
            story.writesUntilThePowerFails();
        }
        story.folder.free(SPACE);
        story.writes(10, JOURNAL);
    }

    /** A log, and what should be in it. */
    private static final class Story {
        private final SplittableRandom random;
        private final SimFolder folder;
        private FileLogStorage storage;
        private Restored model = Restored.EMPTY;
        private int refusals;

        Story(long seed) {
            random = new SplittableRandom(seed);
            folder = new SimFolder(random, SPACE);
        }

        private void begin() throws IOException {
            open();
            assertThat(storage.load()).isEqualTo(Restored.EMPTY);
            // The first one makes the cluster, as a format does.
            var write =
                    new LogWrite(0, new HardState(1, 0, 0), Optional.of(snapshot(0, 10)), LogWrite.NOTHING, List.of());
            storage.write(write);
            model = after(write);
        }

        private void open() {
            storage = new FileLogStorage(() -> folder, model != Restored.EMPTY, JOURNAL);
        }

        private void reopen() {
            storage.close();
            refusals = 0;
            open();
            assertThat(same(storage.load(), model)).as("restored").isTrue();
        }

        private void writes(int count, int bytesMax) throws IOException {
            for (int i = 0; i < count; i++) {
                LogWrite write = draw(bytesMax);
                try {
                    storage.write(write);
                    model = after(write);
                } catch (NoSpaceException _) {
                    refusals++;
                    if (random.nextBoolean()) {
                        reopenAfterRefusal(write);
                    }
                }
            }
        }

        /** What was refused is not asked to last, but may. */
        private void reopenAfterRefusal(LogWrite refused) {
            storage.close();
            open();
            model = oneOf(storage.load(), model, after(refused));
        }

        private void writesUntilThePowerFails() throws IOException {
            for (int i = 0; i < 200; i++) {
                LogWrite write = draw(random.nextInt(8) == 0 ? JOURNAL / 2 : 300);
                try {
                    storage.write(write);
                    model = after(write);
                } catch (NoSpaceException _) {
                    refusals++;
                } catch (SimFolder.PowerLoss _) {
                    folder.restart();
                    open();
                    // Of a write that was refused before, and not tried again, nothing may be left but what is asked
                    // now.
                    model = oneOf(storage.load(), model, after(write));
                    return;
                }
            }
            folder.losePowerAt(Long.MAX_VALUE);
        }

        private static Restored oneOf(Restored found, Restored old, Restored next) {
            if (same(found, old)) {
                return old;
            }
            assertThat(same(found, next))
                    .as("what was there before, or what was asked for")
                    .isTrue();
            return next;
        }

        private static boolean same(Restored a, Restored b) {
            return a.hard().equals(b.hard())
                    && a.entries().equals(b.entries())
                    && a.snapshot().map(Snapshot::index).equals(b.snapshot().map(Snapshot::index))
                    && Arrays.equals(
                            a.snapshot().orElseThrow().data(),
                            b.snapshot().orElseThrow().data());
        }

        private LogWrite draw(int bytesMax) {
            long base = model.snapshot().map(Snapshot::index).orElse(0L);
            long last = base + model.entries().size();
            var hard = new HardState(model.hard().term() + random.nextInt(2), random.nextInt(4), last);
            if (random.nextInt(6) == 0) {
                long index = last + random.nextInt(2);
                return new LogWrite(
                        0,
                        hard,
                        Optional.of(snapshot(index, random.nextInt(1, bytesMax))),
                        LogWrite.NOTHING,
                        entries(index + 1, random.nextInt(3), 50));
            }
            long truncateFrom = model.entries().isEmpty() || random.nextInt(5) > 0
                    ? LogWrite.NOTHING
                    : last - random.nextInt(Math.min(3, model.entries().size()));
            long from = truncateFrom == LogWrite.NOTHING ? last + 1 : truncateFrom;
            int count = random.nextInt(4);
            return new LogWrite(
                    0,
                    hard,
                    Optional.empty(),
                    truncateFrom,
                    entries(from, count, count == 0 ? 1 : 1 + random.nextInt(bytesMax) / count));
        }

        private Snapshot snapshot(long index, int bytes) {
            var config = new Config(new Quorum(List.of(3L, 1L), 3), Quorum.NONE, List.of(9L), new byte[] {1});
            return new Snapshot(index, index == 0 ? 0 : 2, config, random(bytes));
        }

        private List<Entry> entries(long first, int count, int bytes) {
            var list = new ArrayList<Entry>();
            for (long i = first; i < first + count; i++) {
                list.add(new Entry(i, model.hard().term(), Entry.Kind.COMMAND, random(bytes)));
            }
            return list;
        }

        private byte[] random(int bytes) {
            byte[] data = new byte[bytes];
            random.nextBytes(data);
            return data;
        }

        private Restored after(LogWrite write) {
            Optional<Snapshot> snapshot = write.snapshot().isPresent() ? write.snapshot() : model.snapshot();
            var entries = new ArrayList<Entry>(write.snapshot().isPresent() ? List.of() : model.entries());
            while (!entries.isEmpty() && entries.getLast().index() >= write.truncateFrom()) {
                entries.removeLast();
            }
            entries.addAll(write.entries());
            return new Restored(write.hard(), snapshot, entries);
        }
    }
}
