package sheepdog.store.plain;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.protocol.model.ObjectId;
import sheepdog.store.disk.Disk;
import sheepdog.store.disk.DiskFile;
import sheepdog.store.meta.MetaBatch;

/**
 * Does again, after a crash, what the journal says since the last checkpoint. Doing it twice does no harm, so a crash
 * in the middle does none.
 *
 * <p>The journal is read twice. The first pass finds each object's last <em>barrier</em>: a record before which nothing
 * needs to be done to its file again, because the file was made anew, went, or was synced then. The second pass changes
 * files from the barrier on, and before it only the checksums, which no file holds.
 *
 * <p>A large write that was not finished may have left old, new and, within a block, mixed sectors: such a block gets
 * the checksum of what is there. A large create that was not finished is completed if there is its file, which was synced
 * before the record, and forgotten otherwise: nobody was told that it exists. Blocks of that file that have rotted since
 * stay as they are: they will fail their checksums, and nobody takes the object for one that never was.
 */
final class Replay {
    private static final Logger LOG = LoggerFactory.getLogger(Replay.class);

    private final Disk disk;
    private final Path folder;
    private final StoreFiles files;
    private final ObjectTable table;
    private final Marks marks;
    private final Fences fences;
    private final Removals removals;
    private final Map<ObjectId, Long> barriers = new HashMap<>();
    private final Set<Long> done = new HashSet<>();
    private final boolean synced;
    private long records;

    Replay(
            Disk disk,
            Path folder,
            StoreFiles files,
            ObjectTable table,
            Marks marks,
            Fences fences,
            Removals removals,
            boolean synced) {
        this.disk = disk;
        this.folder = folder;
        this.files = files;
        this.table = table;
        this.marks = marks;
        this.fences = fences;
        this.removals = removals;
        this.synced = synced;
    }

    /** @return serial of the newest segment; everything up to it waits in memory for a checkpoint */
    long run(long checkpointed, OptionalLong secret) throws IOException {
        long newest = JournalFiles.replay(disk, folder, checkpointed, secret, this::survey);
        if (newest > checkpointed) {
            if (synced) {
                JournalFiles.sync(disk, folder);
            }
            JournalFiles.replay(disk, folder, checkpointed, secret, this::redo);
            LOG.info("journal replayed records={} objects={}", records, barriers.size());
        }
        return newest;
    }

    private void survey(JournalRecord entry, long number) {
        records++;
        if (entry.isBarrier()) {
            barriers.put(entry.oid(), number);
        } else if (entry.kind() == JournalRecord.Kind.DONE) {
            done.add(entry.sequence());
        }
    }

    private void redo(JournalRecord entry, long number) throws IOException {
        if (entry.marked()) {
            marks.note(entry.oid(), entry.generation(), entry.sequence());
            if (fences.raise(entry.oid().vid(), entry.generation())) {
                marks.ownerChanged(entry.oid().vid());
            }
        }
        switch (entry.kind()) {
            case CREATE, WRITE, REMOVE, DROP -> redoMutation(entry, number);
            case FORMAT -> redoFormat(entry);
            case FENCE -> fences.raise(entry.epoch());
            case OWNER -> {
                fences.raise(entry.vid(), entry.generation());
                marks.ownerChanged(entry.vid());
            }
            case COMPLETED -> marks.completed(entry.vid(), entry.generation(), entry.sequence());
            case SETTLED -> {
                redoSettled(entry);
                marks.settled(entry.oid(), new Marks.Completed(entry.generation(), entry.sequence()));
            }
            case DONE -> {}
        }
    }

    private void redoFormat(JournalRecord entry) throws IOException {
        table.takeChanged().forEach(table::unpin);
        PlainStore.wipe(files, table.meta(), table, marks);
        removals.clear();
        fences.reset(entry.epoch());
    }

    private void redoMutation(JournalRecord entry, long number) throws IOException {
        StoredObject object = table.pin(entry.oid());
        object.content.writeLock().lock();
        try {
            long barrier = barriers.getOrDefault(object.oid, 0L);
            if (number < barrier) {
                redoBefore(object, entry);
            } else {
                redoFrom(object, entry, number);
            }
            redoMemory(object, entry);
            if (entry.kind() == JournalRecord.Kind.DROP) {
                marks.forget(object.oid);
            }
            if (entry.kind() == JournalRecord.Kind.CREATE) {
                object.isMade(entry.epoch(), entry.mutated());
            } else {
                object.isNow(entry.epoch(), entry.mutated());
            }
        } finally {
            object.content.writeLock().unlock();
            table.changed(object);
            table.unpin(object);
        }
    }

    private void redoSettled(JournalRecord entry) throws IOException {
        StoredObject object = table.pin(entry.oid());
        object.content.writeLock().lock();
        try {
            if (object.exists && object.isNow(entry.epoch(), entry.epoch())) {
                table.changed(object);
            }
        } finally {
            object.content.writeLock().unlock();
            table.unpin(object);
        }
    }

    /** Memories go to the metadata at once; objects do with the checkpoint that ends the replay. */
    private void redoMemory(StoredObject object, JournalRecord entry) throws IOException {
        var batch = new MetaBatch();
        if (entry.kind() == JournalRecord.Kind.REMOVE) {
            removals.note(batch, object.oid, entry.epoch());
        } else if (entry.kind() == JournalRecord.Kind.CREATE && object.exists) {
            batch.delete(MetaKeys.removal(object.oid));
        }
        if (!batch.isEmpty()) {
            table.meta().apply(batch);
        }
    }

    /** The file is as it was left at the barrier, or newer: only what is known of it follows. */
    private void redoBefore(StoredObject object, JournalRecord entry) throws IOException {
        switch (entry.kind()) {
            case CREATE -> object.becomes(true, new int[Blocks.count(object.oid)]);
            case REMOVE, DROP -> object.becomes(false, new int[0]);
            case WRITE, FORMAT, FENCE, OWNER, COMPLETED, SETTLED, DONE -> {}
        }
        if (!object.exists || object.sums.length == 0) {
            return; // The metadata know of a removal, or of a new object, that comes later.
        }
        for (JournalRecord.Extent extent : entry.extents()) {
            switch (extent) {
                case JournalRecord.Data data -> PlainStore.noteSums(object, data);
                case JournalRecord.Zeros zeros ->
                    Arrays.fill(object.sums, zeros.first(), zeros.first() + zeros.count(), Blocks.HOLE);
                case JournalRecord.InPlace inPlace ->
                    System.arraycopy(inPlace.sums(), 0, object.sums, inPlace.first(), inPlace.count());
            }
        }
    }

    private void redoFrom(StoredObject object, JournalRecord entry, long number) throws IOException {
        switch (entry.kind()) {
            case CREATE -> {
                if (entry.extents().stream().anyMatch(JournalRecord.InPlace.class::isInstance)) {
                    redoLargeCreate(object, entry, done.contains(number));
                } else {
                    redoSmallCreate(object, entry);
                }
            }
            case WRITE -> redoWrite(object, entry, done.contains(number));
            case REMOVE, DROP -> {
                object.becomes(false, new int[0]);
                files.delete(object);
            }
            case FORMAT, FENCE, OWNER, COMPLETED, SETTLED, DONE -> {}
        }
    }

    private void redoSmallCreate(StoredObject object, JournalRecord entry) throws IOException {
        List<JournalRecord.Data> runs = entry.extents().stream()
                .filter(JournalRecord.Data.class::isInstance)
                .map(JournalRecord.Data.class::cast)
                .toList();
        files.moveInPlace(object, files.writeTemporary(object.oid, runs, false));
        object.writes++;
        object.becomes(true, new int[Blocks.count(object.oid)]);
        runs.forEach(run -> PlainStore.noteSums(object, run));
    }

    private void redoLargeCreate(StoredObject object, JournalRecord entry, boolean wasDone) throws IOException {
        var sums = new int[Blocks.count(object.oid)];
        for (JournalRecord.Extent extent : entry.extents()) {
            if (extent instanceof JournalRecord.InPlace inPlace) {
                System.arraycopy(inPlace.sums(), 0, sums, inPlace.first(), inPlace.count());
            }
        }
        if (wasDone) {
            object.becomes(true, sums);
            return;
        }
        Likeness inPlace = inPlace(object.oid, sums);
        if (files.existsTemporary(object.oid)) {
            DiskFile file = files.openTemporary(object.oid);
            Likeness beside = likeness(file, object.oid, sums);
            if (beside.isIt() && beside.bad() <= inPlace.bad()) {
                beside.warn(object.oid);
                files.moveInPlace(object, file);
                object.becomes(true, sums);
                return;
            }
            files.dropTemporary(object.oid, file); // Of another attempt, whose record never came.
        }
        if (inPlace.isIt()) {
            inPlace.warn(object.oid);
            object.becomes(true, sums);
            return;
        }
        files.delete(object); // An earlier object of this name, removed before; its removal was not synced.
        object.becomes(false, new int[0]);
    }

    private Likeness inPlace(ObjectId oid, int[] sums) throws IOException {
        if (!files.exists(oid)) {
            return Likeness.NONE;
        }
        try (var lease = files.open(oid)) {
            return likeness(lease.file(), oid, sums);
        }
    }

    /**
     * How many blocks of a file are those that a record tells of. Not all may be, for some may have rotted. Of two files,
     * which may be two contents of one object and differ little, the one with fewer wrong blocks is meant.
     */
    private record Likeness(int good, int bad) {
        static final Likeness NONE = new Likeness(0, Integer.MAX_VALUE);

        boolean isIt() {
            return good > bad;
        }

        void warn(ObjectId oid) {
            if (bad > 0) {
                LOG.error("object has rotted before it was there oid={} blocks={}", oid, bad);
            }
        }
    }

    private static Likeness likeness(DiskFile file, ObjectId oid, int[] sums) throws IOException {
        if (file.length() != oid.size()) {
            return Likeness.NONE;
        }
        int bad = 0;
        int good = 0;
        for (int block = 0; block < sums.length; block++) {
            ByteBuffer bytes = Scratch.block(Blocks.length(oid, block));
            file.read(bytes, Blocks.offsetOf(block));
            bytes.flip();
            if (sums[block] == Blocks.HOLE) {
                bad += Blocks.isZero(bytes) ? 0 : 1;
            } else if (Blocks.sum(bytes) == sums[block]) {
                good++;
            } else {
                bad++;
            }
        }
        return new Likeness(good, bad);
    }

    private void redoWrite(StoredObject object, JournalRecord entry, boolean wasDone) throws IOException {
        if (!object.exists || object.sums.length == 0 || !files.exists(object.oid)) {
            LOG.warn("object of the journal is not there oid={}", object.oid);
            return;
        }
        try (var lease = files.open(object.oid)) {
            for (JournalRecord.Extent extent : entry.extents()) {
                if (extent instanceof JournalRecord.InPlace inPlace && !wasDone) {
                    acceptWhatIsThere(object, lease.file(), inPlace);
                } else {
                    PlainStore.apply(object, lease.file(), extent);
                }
            }
        }
        object.writes++;
    }

    private static void acceptWhatIsThere(StoredObject object, DiskFile file, JournalRecord.InPlace inPlace)
            throws IOException {
        for (int block = inPlace.first(); block < inPlace.first() + inPlace.count(); block++) {
            ByteBuffer bytes = Scratch.block(Blocks.length(object.oid, block));
            file.read(bytes, Blocks.offsetOf(block));
            bytes.flip();
            object.sums[block] = Blocks.sum(bytes);
        }
    }
}
