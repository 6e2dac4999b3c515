package sheepdog.store.plain;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;
import sheepdog.store.api.ObjectInfo;
import sheepdog.store.api.ObjectStore;
import sheepdog.store.api.Stamp;
import sheepdog.store.api.StoreStats;
import sheepdog.store.disk.Disk;
import sheepdog.store.disk.DiskErrors;
import sheepdog.store.disk.DiskException;
import sheepdog.store.disk.DiskFile;
import sheepdog.store.meta.MetaBatch;
import sheepdog.store.meta.MetaStore;

/**
 * One file per object, a checksum (CRC32C) per block of 4 KiB, and a {@link Journal} in front of both.
 *
 * <p>What happens on disk, in this order; <b>sync</b> is what the answer waits for:
 *
 * <pre>
 *   small write     record with the data, <b>sync</b> (shared with others); the file's pages, not synced
 *   large write     earlier small writes of the object, <b>sync</b>; record with range and new checksums, <b>sync</b>;
 *                   the data, <b>sync</b>; record that it is done
 *   small create    temporary file; record with the data, <b>sync</b>; rename, not synced
 *   large create    temporary file, <b>sync</b>; record with checksums, <b>sync</b>; rename, directory <b>sync</b>
 *   replace         as a create, which it is; the temporary file's name, <b>sync</b>, before the record
 *   remove          record, <b>sync</b>; unlink and the memory of the removal, not synced
 *   drop            as a removal, but nothing is remembered
 *   discard         as a small write, whose record names the blocks that become holes
 *   checkpoint      files, <b>sync</b>; directory, <b>sync</b>; checksums, epochs, marks and the segment's serial to the
 *                   metadata, <b>sync</b>; then the segment may be written again
 * </pre>
 *
 * Recovery replaces a copy by one rename, so that there is no moment without: before the record a crash leaves the old
 * copy, after it the replay finds the new content in the record or in the temporary file.
 *
 * <p>A record is the in-flight mark of R6 and holds what R8 asks for: range, data or new checksum, before a byte of the
 * object changes. After a crash {@link Replay} does again what the records say; a large write that broke off is read
 * and given the checksums of what is there. So no crash leaves a block that nobody will serve.
 *
 * <p>Space is claimed before the record: a block that was a hole is filled with zeros first. So a full disk refuses a
 * mutation whole. What the metadata need at a checkpoint or a removal is kept for them ({@link Ballast}); when that is
 * gone, too, a checkpoint is put off and mutations are refused with {@code NO_SPACE} until there is space.
 *
 * <p>When the disk fails a write or a sync after the record, nothing is known of what reached it, and a later sync that
 * succeeds would vouch for nothing. The store then refuses mutations with {@code EIO} until it is opened again, when
 * the journal, which is kept, is replayed; reads go on, each checked by its checksum.
 */
public final class PlainStore implements ObjectStore {
    private static final Logger LOG = LoggerFactory.getLogger(PlainStore.class);

    /** So many memories of removals are looked at between two chances for a format or an end. */
    private static final int REMOVALS_PAGE = 1024;

    /** Objects with unsaved changes that make a checkpoint due before the journal does. */
    private static final int CHANGED_MAX = 8192;

    /** Checksums of so many objects are saved in one batch. */
    private static final int BATCH_OBJECTS = 128;

    private final PlainStoreConfig config;
    private final RoomyMeta meta;
    private final Ballast ballast;
    private final StoreFiles files;
    private final ObjectTable table;
    private final Fences fences = new Fences();
    private final Marks marks = new Marks();
    private final Removals removals;
    private final Set<Vid> unwrittenOwners = ConcurrentHashMap.newKeySet();
    private final Journal journal;
    private final Executor housekeeping;

    /** Held for reading by every call, for writing by what must be alone: format and close. */
    private final ReentrantReadWriteLock life = new ReentrantReadWriteLock();

    /** Held for reading by every mutation, for writing by a fence: when it has it, no mutation is under way. */
    private final ReentrantReadWriteLock mutations = new ReentrantReadWriteLock();

    private final ReentrantLock checkpointing = new ReentrantLock();
    private final AtomicBoolean checkpointAsked = new AtomicBoolean();
    private final AtomicLong objectCount = new AtomicLong();
    private final AtomicLong nominalBytes = new AtomicLong();
    private boolean closed;

    private PlainStore(
            Disk disk,
            Path directory,
            MetaStore database,
            PlainStoreConfig config,
            Executor housekeeping,
            LongSupplier newSecret)
            throws IOException {
        this.config = config;
        this.housekeeping = housekeeping;
        Path folder = directory.resolve("meta");
        ballast = new Ballast(disk, folder, config.reservedBytes());
        meta = new RoomyMeta(database, ballast);
        files = new StoreFiles(disk, directory, config, ballast);
        table = new ObjectTable(meta, config.objectsCached());
        removals = new Removals(meta, table);
        try {
            loadFences();
            removals.load();
            var checkpointed = meta.get(MetaKeys.CHECKPOINT);
            long from = checkpointed.isPresent() ? MetaKeys.serialOf(checkpointed.get()) : 0;
            var known = meta.get(MetaKeys.JOURNAL);
            OptionalLong secret =
                    known.isPresent() ? OptionalLong.of(MetaKeys.secretOf(known.get())) : OptionalLong.empty();
            long newest =
                    new Replay(disk, folder, files, table, marks, fences, removals, config.synced()).run(from, secret);
            if (newest > from) {
                save(newest);
            } else if (config.synced()) {
                // The checkpoint that was found may be one that a killed process had not synced yet, and its segment is
                // about to be written again.
                meta.sync();
            }
            files.deleteTemporaries();
            countObjects();
            long used = secret.orElseGet(newSecret);
            journal = new Journal(disk, folder, config, newest, used, housekeeping, this::checkpoint);
            if (secret.isEmpty()) { // Only now: from here on both files of the journal must be there.
                meta.apply(new MetaBatch().put(MetaKeys.JOURNAL, MetaKeys.secretValue(used)));
                meta.sync(); // Also where nothing else is: without it the store could not be opened again.
            }
            ballast.makeIfThereIsRoom(); // After the journal, which has to be there.
        } catch (IOException failure) {
            files.close();
            throw failure;
        }
    }

    /**
     * Opens the store in a directory that has a folder {@code meta}, and replays its journal if it was not closed.
     *
     * @param meta         closed by the store, also if this fails
     * @param housekeeping runs checkpoints, some of which take a second; one at a time is enough. {@code Runnable::run}
     *                     makes the caller do them
     * @param newSecret    asked once in the store's life; what it returns must not be guessed by clients
     * @throws IOException if the disk fails, or what is there is damaged or of an unknown version
     */
    public static PlainStore open(
            Disk disk,
            Path directory,
            MetaStore meta,
            PlainStoreConfig config,
            Executor housekeeping,
            LongSupplier newSecret)
            throws IOException {
        try {
            return new PlainStore(disk, directory, meta, config, housekeeping, newSecret);
        } catch (IOException failure) {
            meta.close();
            throw failure;
        }
    }

    private void loadFences() throws IOException {
        var fence = meta.get(MetaKeys.FENCE);
        if (fence.isPresent()) {
            fences.raise(MetaKeys.epochOf(fence.get()));
        }
        marks.load(meta, fences);
    }

    private void countObjects() throws IOException {
        meta.scan(MetaKeys.from('o'), MetaKeys.to('o'), (key, _) -> {
            count(MetaKeys.oidOf(key), 1);
            return true;
        });
    }

    private void count(ObjectId oid, int change) {
        objectCount.addAndGet(change);
        nominalBytes.addAndGet((long) change * oid.size());
    }

    // ---------------------------------------------------------------------------------------------------- reading

    @Override
    public Outcome<Void> read(ObjectId oid, int offset, ByteBuffer into) {
        if (!isWithin(oid, offset, into.remaining())) {
            return Outcome.refused(ResultCode.INVALID_PARMS);
        }
        life.readLock().lock();
        try {
            if (closed) {
                return Outcome.refused(ResultCode.EIO);
            }
            StoredObject object = table.pin(oid);
            object.content.readLock().lock();
            try {
                if (!object.exists) {
                    return Outcome.refused(ResultCode.NO_OBJ);
                }
                object.requireSums();
                int start = into.position();
                try {
                    fill(object, offset, into);
                } catch (IOException failure) {
                    into.position(start);
                    throw failure;
                }
                return Outcome.done();
            } finally {
                object.content.readLock().unlock();
                table.unpin(object);
            }
        } catch (IOException failure) {
            LOG.warn("read failed oid={} offset={} reason={}", oid, offset, failure.getMessage());
            return Outcome.refused(ResultCode.EIO);
        } finally {
            life.readLock().unlock();
        }
    }

    private static boolean isWithin(ObjectId oid, int offset, int length) {
        return oid.isValid() && offset >= 0 && offset <= oid.size() && length >= 0 && length <= oid.size() - offset;
    }

    /** Holes are filled without the disk; whole blocks are read where they belong, others beside. */
    private void fill(StoredObject object, int offset, ByteBuffer into) throws IOException {
        int end = into.limit();
        int at = offset;
        while (into.position() < end) {
            int block = at / Blocks.BYTES;
            int skip = at - Blocks.offsetOf(block);
            int length = Blocks.length(object.oid, block);
            int taken = Math.min(length - skip, end - into.position());
            if (object.isHole(block)) {
                putZeros(into, taken);
            } else if (taken == length) {
                int run = wholeRun(object, block, end - into.position());
                taken = Blocks.length(object.oid, block, run);
                readRun(object, block, run, into.slice(into.position(), taken));
                into.position(into.position() + taken);
            } else {
                ByteBuffer whole = Scratch.block(length);
                readRun(object, block, 1, whole);
                into.put(into.position(), whole, skip, taken);
                into.position(into.position() + taken);
            }
            at += taken;
        }
    }

    private static void putZeros(ByteBuffer into, int length) {
        for (int done = 0; done < length; ) {
            int count = Math.min(Scratch.ZEROS.remaining(), length - done);
            into.put(into.position(), Scratch.ZEROS, 0, count);
            into.position(into.position() + count);
            done += count;
        }
    }

    /** How many whole blocks from {@code block} on are no holes and fit into {@code space}. */
    private static int wholeRun(StoredObject object, int block, int space) {
        int end = block;
        int left = space;
        while (end < object.sums.length && !object.isHole(end) && Blocks.length(object.oid, end) <= left) {
            left -= Blocks.length(object.oid, end);
            end++;
        }
        return end - block;
    }

    private void readRun(StoredObject object, int first, int count, ByteBuffer into) throws IOException {
        try (var lease = files.open(object.oid)) {
            int got = lease.file().read(into.duplicate(), Blocks.offsetOf(first));
            if (got < into.remaining()) {
                throw new IOException("the file ends at " + (Blocks.offsetOf(first) + got));
            }
        }
        int at = into.position();
        for (int block = first; block < first + count; block++) {
            int length = Blocks.length(object.oid, block);
            if (Blocks.sum(into.slice(at, length)) != object.sums[block]) {
                throw new IOException("bad checksum of block " + block);
            }
            at += length;
        }
    }

    /** A block as it is now, checked; for the mutation that replaces a part of it. */
    private void readBlock(StoredObject object, int block, ByteBuffer into) throws IOException {
        if (object.isHole(block)) {
            putZeros(into, into.remaining());
        } else {
            readRun(object, block, 1, into);
        }
    }

    @Override
    public Optional<ObjectInfo> find(ObjectId oid) {
        return reading(() -> {
            var value = meta.get(MetaKeys.object(oid));
            return value.isPresent()
                    ? Optional.of(MetaKeys.info(MetaKeys.object(oid), value.get()))
                    : Optional.<ObjectInfo>empty();
        });
    }

    @Override
    public Optional<Epoch> removedIn(ObjectId oid) {
        return reading(() -> removals.newest(oid));
    }

    @Override
    public List<ObjectInfo> list(Optional<ObjectId> after, int countMax) {
        if (countMax <= 0) {
            return List.of();
        }
        return reading(() -> {
            var found = new ArrayList<ObjectInfo>();
            byte[] from = after.map(oid -> MetaKeys.after(MetaKeys.object(oid))).orElse(MetaKeys.from('o'));
            meta.scan(from, MetaKeys.to('o'), (key, value) -> {
                found.add(MetaKeys.info(key, value));
                return found.size() < countMax;
            });
            return found;
        });
    }

    @Override
    public StoreStats stats() {
        return reading(() -> {
            Disk.Space space = files.space();
            return new StoreStats(space.totalBytes(), space.freeBytes(), objectCount.get(), nominalBytes.get());
        });
    }

    @Override
    public boolean isFailed() {
        life.readLock().lock();
        try {
            return closed || journal.failure().isPresent();
        } finally {
            life.readLock().unlock();
        }
    }

    private interface Reading<T> {
        T get() throws IOException;
    }

    private <T> T reading(Reading<T> what) {
        life.readLock().lock();
        try {
            if (closed) {
                throw new UncheckedIOException(new IOException("the store is closed"));
            }
            return what.get();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        } finally {
            life.readLock().unlock();
        }
    }

    // ------------------------------------------------------------------------------------------------- mutations

    private interface Mutation<T> {
        Outcome<T> on(StoredObject object) throws IOException;
    }

    private interface Door {
        Optional<ResultCode> refuses();
    }

    private <T> Outcome<T> mutate(ObjectId oid, Door door, Mutation<T> mutation) {
        life.readLock().lock();
        mutations.readLock().lock();
        try {
            if (closed || journal.failure().isPresent()) {
                return Outcome.refused(ResultCode.EIO);
            }
            var refused = door.refuses();
            if (refused.isPresent()) {
                return Outcome.refused(refused.get());
            }
            meta.requireRoom();
            StoredObject object = table.pin(oid);
            object.mutation.lock();
            try {
                return mutation.on(object);
            } finally {
                object.mutation.unlock();
                table.unpin(object);
                checkpointIfDue();
            }
        } catch (IOException failure) {
            ResultCode code = journal.failure().isPresent() ? ResultCode.EIO : DiskErrors.code(failure);
            LOG.warn("mutation failed oid={} result={} reason={}", oid, code, failure.getMessage());
            return Outcome.refused(code);
        } finally {
            mutations.readLock().unlock();
            life.readLock().unlock();
        }
    }

    private Optional<ResultCode> refuses(ObjectId oid, Stamp stamp) {
        return fences.refuses(stamp.epoch(), oid.vid(), stamp.generation());
    }

    @Override
    public Outcome<Void> create(ObjectId oid, int offset, ByteBuffer data, Stamp stamp) {
        if (!isWithin(oid, offset, data.remaining())) {
            return Outcome.refused(ResultCode.INVALID_PARMS);
        }
        return mutate(
                oid,
                () -> refuses(oid, stamp),
                object -> object.exists && !(data.remaining() == oid.size() && isLost(object))
                        ? put(object, offset, data, stamp)
                        : make(object, offset, data, Optional.of(stamp), stamp.epoch(), stamp.epoch()));
    }

    /** Whether nothing can be done to the object's file any more, but to replace it; a rotten block can be overwritten. */
    private boolean isLost(StoredObject object) {
        if (object.sums.length == 0) {
            return true;
        }
        try (var lease = files.open(object.oid)) {
            return lease.file().length() != object.oid.size();
        } catch (DiskException failure) {
            LOG.warn("file of an object is lost oid={} reason={}", object.oid, failure.getMessage());
            return true;
        }
    }

    @Override
    public Outcome<Void> recovered(
            ObjectId oid, Optional<ByteBuffer> whole, Epoch mutated, Stamp stamp, boolean inFlight) {
        if (!oid.isValid() || whole.isPresent() && whole.get().remaining() != oid.size()) {
            return Outcome.refused(ResultCode.INVALID_PARMS);
        }
        Optional<Stamp> mark = inFlight ? Optional.of(stamp) : Optional.empty();
        return mutate(
                oid,
                () -> inFlight ? refuses(oid, stamp) : fences.refuses(stamp.epoch()),
                object -> whole.isPresent()
                        ? make(object, 0, whole.get(), mark, stamp.epoch(), mutated)
                        : unmake(object, mark, stamp.epoch()));
    }

    @Override
    public Outcome<Void> confirm(ObjectId oid, Epoch epoch, Epoch mutated) {
        if (!oid.isValid()) {
            return Outcome.refused(ResultCode.INVALID_PARMS);
        }
        return mutate(oid, () -> fences.refuses(epoch), object -> {
            if (!object.exists) {
                return Outcome.refused(ResultCode.NO_OBJ);
            }
            if (object.isOlder(epoch, mutated)) { // A write of nothing, so that the replay needs no kind of its own.
                journaled(object, Optional.empty(), JournalRecord.Kind.WRITE, epoch, mutated, List.of(), _ -> {});
            }
            return Outcome.done();
        });
    }

    @Override
    public Outcome<Void> write(ObjectId oid, int offset, ByteBuffer data, Stamp stamp) {
        if (!isWithin(oid, offset, data.remaining())) {
            return Outcome.refused(ResultCode.INVALID_PARMS);
        }
        return mutate(
                oid,
                () -> refuses(oid, stamp),
                object -> object.exists ? put(object, offset, data, stamp) : Outcome.refused(ResultCode.NO_OBJ));
    }

    private Outcome<Void> put(StoredObject object, int offset, ByteBuffer data, Stamp stamp) throws IOException {
        if (!data.hasRemaining()) {
            return Outcome.done();
        }
        object.requireSums();
        files.requireRoomForMetadata();
        Blocks blocks = Blocks.of(object.oid, offset, data, (block, into) -> readBlock(object, block, into));
        claimHoles(object, blocks.first(), blocks.count());
        if (blocks.length() < config.inPlaceBytes()) {
            putThroughJournal(object, blocks, stamp);
        } else {
            putInPlace(object, blocks, stamp);
        }
        return Outcome.done();
    }

    /** Holes that are about to be written take their space now, while a refusal still leaves everything as it was. */
    private void claimHoles(StoredObject object, int first, int count) throws IOException {
        int end = first + count;
        for (int block = first; block < end; block++) {
            if (object.isHole(block)) {
                int run = block;
                while (block < end && object.isHole(block)) {
                    block++;
                }
                int bytes = Blocks.length(object.oid, run, block - run);
                files.claim(bytes);
                try (var lease = files.open(object.oid)) {
                    lease.file().reserve(Blocks.offsetOf(run), bytes);
                }
            }
        }
    }

    private void putThroughJournal(StoredObject object, Blocks blocks, Stamp stamp) throws IOException {
        var run = new JournalRecord.Data(blocks.first(), blocks.count(), blocks.pieces(blocks.first(), blocks.count()));
        int[] sums = blocks.sums();
        try (var lease = files.open(object.oid)) { // Before the record: a lost file is the trouble of one object.
            journaled(object, stamp, JournalRecord.Kind.WRITE, List.of(run), _ -> {
                StoreFiles.write(lease.file(), run);
                object.writes++;
                System.arraycopy(sums, 0, object.sums, run.first(), sums.length);
            });
        }
    }

    private void putInPlace(StoredObject object, Blocks blocks, Stamp stamp) throws IOException {
        syncObject(object);
        int[] sums = blocks.sums();
        var run = new JournalRecord.InPlace(blocks.first(), blocks.count(), sums);
        var data =
                new JournalRecord.Data(blocks.first(), blocks.count(), blocks.pieces(blocks.first(), blocks.count()));
        try (var lease = files.open(object.oid)) {
            Journal.Position position = journaled(object, stamp, JournalRecord.Kind.WRITE, List.of(run), _ -> {
                StoreFiles.write(lease.file(), data);
                System.arraycopy(sums, 0, object.sums, run.first(), sums.length);
                files.sync(lease.file());
            });
            appendDone(object.oid, position);
        }
    }

    /** Spares the replay a look at what is on the disk by then, so there need not be room for it. */
    private void appendDone(ObjectId oid, Journal.Position position) throws IOException {
        try {
            journal.append(
                    JournalRecord.plain(JournalRecord.Kind.DONE, oid.bits(), Epoch.NONE, 0, position.number()), false);
        } catch (IOException failure) {
            if (!isOnlyFull(failure)) {
                throw failure;
            }
        }
    }

    private interface Effect {
        void on(StoredObject object) throws IOException;
    }

    private Journal.Position journaled(
            StoredObject object,
            Stamp stamp,
            JournalRecord.Kind kind,
            List<? extends JournalRecord.Extent> extents,
            Effect effect)
            throws IOException {
        return journaled(object, Optional.of(stamp), kind, stamp.epoch(), stamp.epoch(), extents, effect);
    }

    /**
     * Records a mutation, marks its object, and changes files and object when the record is on disk. A failure from
     * the record on ends all mutations of this store.
     */
    private Journal.Position journaled(
            StoredObject object,
            Optional<Stamp> stamp,
            JournalRecord.Kind kind,
            Epoch epoch,
            Epoch mutated,
            List<? extends JournalRecord.Extent> extents,
            Effect effect)
            throws IOException {
        long generation = stamp.map(Stamp::generation).orElse(0L);
        long sequence = stamp.map(Stamp::sequence).orElse(0L);
        var entry = new JournalRecord(
                kind, stamp.isPresent(), object.oid.bits(), epoch, mutated, generation, sequence, List.copyOf(extents));
        if (stamp.isPresent()) {
            marks.note(object.oid, generation, sequence);
            if (fences.raise(object.oid.vid(), generation)) { // A newer owner shuts the door behind itself.
                marks.ownerChanged(object.oid.vid());
            }
        }
        Journal.Position position = append(object.oid.vid(), stamp, entry);
        boolean whole = false;
        try {
            journal.commit(position);
            object.content.writeLock().lock();
            try {
                effect.on(object);
                if (kind == JournalRecord.Kind.CREATE) {
                    object.isMade(epoch, mutated);
                    meta.apply(putEpochs(new MetaBatch(), object).delete(MetaKeys.removal(object.oid)));
                } else if (object.exists && object.isNow(epoch, mutated)) {
                    meta.apply(putEpochs(new MetaBatch(), object));
                }
            } finally {
                object.content.writeLock().unlock();
            }
            whole = true;
            return position;
        } catch (IOException failure) {
            outOfService(failure);
            throw failure;
        } finally {
            if (!whole) {
                journal.fail(new IOException("a mutation broke off"));
            }
            table.changed(object); // Also if it broke off: what is known of the file now is in memory only.
            journal.applied(position);
        }
    }

    /** That the object is here, and its epochs. */
    private static MetaBatch putEpochs(MetaBatch batch, StoredObject object) {
        return batch.put(MetaKeys.object(object.oid), MetaKeys.objectValue(object.epoch, object.mutated));
    }

    private Journal.Position append(Vid vid, Optional<Stamp> stamp, JournalRecord entry) throws IOException {
        try {
            if (stamp.isPresent()) {
                appendCompleted(vid);
            }
            return journal.append(entry, true);
        } catch (IOException failure) {
            if (stamp.isPresent()) {
                unwrittenOwners.add(vid); // What a record would have said of its owner is in memory only.
            }
            throw failure;
        }
    }

    private void appendCompleted(Vid vid) throws IOException {
        var completed = marks.takeCompleted(vid);
        if (completed.isPresent()) {
            journal.append(
                    JournalRecord.plain(
                            JournalRecord.Kind.COMPLETED,
                            vid.value(),
                            Epoch.NONE,
                            completed.get().generation(),
                            completed.get().sequence()),
                    false);
        }
    }

    /** Whether the failure is a full file system at a checkpoint, which may be tried again. */
    private boolean isOnlyFull(IOException failure) {
        return DiskErrors.code(failure) == ResultCode.NO_SPACE
                && meta.isStuck()
                && journal.failure().isEmpty();
    }

    private void outOfService(IOException failure) {
        if (journal == null) {
            return; // It is being opened, which fails.
        }
        if (journal.failure().isEmpty()) {
            LOG.error("store takes no more writes until it is opened again reason={}", failure.getMessage());
        }
        journal.fail(failure);
    }

    /** What earlier small writes left in memory reaches the file, and its name the directory. */
    private void syncObject(StoredObject object) throws IOException {
        long reached;
        FileCache.Lease opened;
        object.content.readLock().lock();
        try {
            if (!object.exists) {
                return; // The checkpoint does not keep a removal waiting.
            }
            reached = object.writes;
            if (object.writesSynced == reached) {
                files.syncName(object);
                return;
            }
            opened = files.open(object.oid);
        } finally {
            object.content.readLock().unlock();
        }
        try (var lease = opened) {
            files.sync(lease.file());
        } catch (IOException failure) {
            outOfService(failure);
            throw failure;
        }
        object.content.writeLock().lock();
        try {
            object.writesSynced = Math.max(object.writesSynced, reached);
        } finally {
            object.content.writeLock().unlock();
        }
        files.syncName(object);
    }

    private Outcome<Void> make(
            StoredObject object, int offset, ByteBuffer data, Optional<Stamp> stamp, Epoch epoch, Epoch mutated)
            throws IOException {
        ObjectId oid = object.oid;
        var sums = new int[Blocks.count(oid)];
        List<JournalRecord.Data> runs = data.hasRemaining()
                ? runs(Blocks.of(oid, offset, data, (_, into) -> putZeros(into, into.remaining())), sums)
                : List.of();
        int bytes = 0;
        for (JournalRecord.Data run : runs) {
            bytes += Blocks.length(oid, run.first(), run.count());
        }
        files.claim(bytes + Blocks.BYTES);
        boolean inPlace = bytes >= config.inPlaceBytes();
        boolean replaces = object.exists;
        DiskFile file = files.writeTemporary(oid, runs, inPlace);
        try {
            if (inPlace) {
                files.sync(file);
            }
            if (replaces) {
                files.syncTemporaries(); // The replay must not be left with nothing but what is replaced.
            }
        } catch (DiskException failure) {
            files.dropTemporary(oid, file);
            throw failure;
        }
        List<? extends JournalRecord.Extent> extents = inPlace
                ? runs.stream()
                        .map(run -> new JournalRecord.InPlace(
                                run.first(),
                                run.count(),
                                Arrays.copyOfRange(sums, run.first(), run.first() + run.count())))
                        .toList()
                : runs;
        Journal.Position position;
        try {
            position = journaled(object, stamp, JournalRecord.Kind.CREATE, epoch, mutated, extents, _ -> {
                files.moveInPlace(object, file);
                object.becomes(true, sums);
                if (inPlace) {
                    files.syncNames();
                } else {
                    object.writes++;
                }
                if (!replaces) {
                    count(oid, 1);
                }
            });
        } catch (IOException failure) {
            if (isOnlyFull(failure)) {
                files.dropTemporary(oid, file);
            }
            throw failure;
        }
        if (inPlace) {
            appendDone(oid, position);
        }
        return Outcome.done();
    }

    /** The runs of blocks that are not all zeros; their checksums are put into {@code sums}. */
    private static List<JournalRecord.Data> runs(Blocks blocks, int[] sums) {
        var runs = new ArrayList<JournalRecord.Data>();
        int start = -1;
        for (int block = blocks.first(); block < blocks.end(); block++) {
            ByteBuffer bytes = blocks.block(block);
            if (Blocks.isZero(bytes)) {
                if (start >= 0) {
                    runs.add(new JournalRecord.Data(start, block - start, blocks.pieces(start, block - start)));
                    start = -1;
                }
            } else {
                sums[block] = Blocks.sum(bytes);
                start = start < 0 ? block : start;
            }
        }
        if (start >= 0) {
            int count = blocks.end() - start;
            runs.add(new JournalRecord.Data(start, count, blocks.pieces(start, count)));
        }
        return runs;
    }

    @Override
    public Outcome<Void> remove(ObjectId oid, Stamp stamp) {
        if (!oid.isValid()) {
            return Outcome.refused(ResultCode.INVALID_PARMS);
        }
        return mutate(oid, () -> refuses(oid, stamp), object -> {
            if (object.exists) {
                return unmake(object, Optional.of(stamp), stamp.epoch());
            }
            var remembered = unmake(object, Optional.empty(), stamp.epoch());
            return remembered.isOk() ? Outcome.refused(ResultCode.NO_OBJ) : remembered;
        });
    }

    /** The object is not there as of {@code epoch}, whether it was here or not. */
    private Outcome<Void> unmake(StoredObject object, Optional<Stamp> mark, Epoch epoch) throws IOException {
        if (!object.exists && mark.isEmpty() && removals.covers(object.oid, epoch)) {
            return Outcome.done();
        }
        var memory = new MetaBatch();
        removals.note(memory, object.oid, epoch);
        takeAway(object, mark, JournalRecord.Kind.REMOVE, epoch, memory);
        return Outcome.done();
    }

    /** @param batch goes to the metadata together with the object's end */
    private void takeAway(
            StoredObject object, Optional<Stamp> mark, JournalRecord.Kind kind, Epoch epoch, MetaBatch batch)
            throws IOException {
        boolean wasHere = object.exists;
        batch.delete(MetaKeys.object(object.oid)).delete(MetaKeys.sums(object.oid));
        journaled(object, mark, kind, epoch, epoch, List.of(), _ -> {
            if (wasHere) {
                object.becomes(false, new int[0]);
                files.delete(object);
                count(object.oid, -1);
            }
            meta.apply(batch);
        });
    }

    @Override
    public Outcome<Void> drop(ObjectId oid, Epoch epoch) {
        if (!oid.isValid()) {
            return Outcome.refused(ResultCode.INVALID_PARMS);
        }
        return mutate(oid, () -> fences.refuses(epoch), object -> {
            if (!object.exists) {
                return Outcome.refused(ResultCode.NO_OBJ);
            }
            if (!object.epoch.isBefore(epoch)) {
                return Outcome.refused(ResultCode.AGAIN);
            }
            takeAway(object, Optional.empty(), JournalRecord.Kind.DROP, epoch, new MetaBatch());
            marks.forget(oid);
            return Outcome.done();
        });
    }

    @Override
    public Outcome<Void> discard(ObjectId oid, int offset, int length, Stamp stamp) {
        if (!isWithin(oid, offset, length)) {
            return Outcome.refused(ResultCode.INVALID_PARMS);
        }
        return mutate(oid, () -> refuses(oid, stamp), object -> {
            if (!object.exists) {
                return Outcome.refused(ResultCode.NO_OBJ);
            }
            return length == 0 ? Outcome.done() : discard(object, offset, length, stamp);
        });
    }

    private Outcome<Void> discard(StoredObject object, int offset, int length, Stamp stamp) throws IOException {
        object.requireSums();
        ObjectId oid = object.oid;
        int until = offset + length;
        int first = (offset + Blocks.BYTES - 1) / Blocks.BYTES;
        int end = until == oid.size() ? Blocks.count(oid) : until / Blocks.BYTES;
        var extents = new ArrayList<JournalRecord.Extent>();
        var edges = ByteBuffer.allocate(2 * Blocks.BYTES);
        if (first > end || first == end && offset / Blocks.BYTES == until / Blocks.BYTES) {
            addEdge(object, offset / Blocks.BYTES, offset, until, edges.slice(0, Blocks.BYTES), extents);
        } else {
            if (offset < Blocks.offsetOf(first)) {
                addEdge(object, first - 1, offset, until, edges.slice(0, Blocks.BYTES), extents);
            }
            if (first < end) {
                extents.add(new JournalRecord.Zeros(first, end - first));
            }
            if (until != oid.size() && until > Blocks.offsetOf(end)) {
                addEdge(object, end, offset, until, edges.slice(Blocks.BYTES, Blocks.BYTES), extents);
            }
        }
        // Recorded also if nothing changes here: the other replicas' copies may not have reached this state yet.
        try (var lease = files.open(oid)) {
            journaled(object, stamp, JournalRecord.Kind.WRITE, extents, _ -> {
                for (JournalRecord.Extent extent : extents) {
                    apply(object, lease.file(), extent);
                }
                object.writes++;
            });
        }
        return Outcome.done();
    }

    /** A block of which only a part is discarded is written with zeros there; a hole is left alone. */
    private void addEdge(
            StoredObject object, int block, int from, int until, ByteBuffer into, List<JournalRecord.Extent> extents)
            throws IOException {
        if (object.isHole(block)) {
            return;
        }
        ByteBuffer bytes = into.limit(Blocks.length(object.oid, block));
        readBlock(object, block, bytes.duplicate());
        int start = Math.max(from - Blocks.offsetOf(block), 0);
        int stop = Math.min(until - Blocks.offsetOf(block), bytes.limit());
        bytes.put(start, new byte[stop - start]);
        extents.add(new JournalRecord.Data(block, 1, List.of(bytes)));
    }

    /** Does to file and checksums what a record says that holds everything. */
    static void apply(StoredObject object, DiskFile file, JournalRecord.Extent extent) throws IOException {
        switch (extent) {
            case JournalRecord.Data data -> {
                StoreFiles.write(file, data);
                noteSums(object, data);
            }
            case JournalRecord.Zeros zeros -> {
                file.punch(Blocks.offsetOf(zeros.first()), Blocks.length(object.oid, zeros.first(), zeros.count()));
                Arrays.fill(object.sums, zeros.first(), zeros.first() + zeros.count(), Blocks.HOLE);
            }
            case JournalRecord.InPlace inPlace ->
                System.arraycopy(inPlace.sums(), 0, object.sums, inPlace.first(), inPlace.count());
        }
    }

    /** @param data in one piece */
    static void noteSums(StoredObject object, JournalRecord.Data data) {
        ByteBuffer bytes = data.bytes().getFirst();
        int at = bytes.position();
        for (int block = data.first(); block < data.first() + data.count(); block++) {
            int length = Blocks.length(object.oid, block);
            object.sums[block] = Blocks.sum(bytes.slice(at, length));
            at += length;
        }
    }

    // ------------------------------------------------------------------------------- fences, marks, memories

    @Override
    public void fence(Epoch epoch) {
        fence(
                () -> fences.epoch().isBefore(epoch),
                () -> fences.raise(epoch),
                JournalRecord.plain(JournalRecord.Kind.FENCE, 0, epoch, 0, 0));
    }

    @Override
    public void fenceOwner(Vid vid, long generation) {
        fence(
                () -> generation > fences.generation(vid) || unwrittenOwners.contains(vid),
                () -> {
                    fences.raise(vid, generation);
                    unwrittenOwners.remove(vid);
                    marks.ownerChanged(vid);
                },
                JournalRecord.plain(JournalRecord.Kind.OWNER, vid.value(), Epoch.NONE, generation, 0));
    }

    private void fence(BooleanSupplier raises, Runnable raise, JournalRecord entry) {
        life.readLock().lock();
        mutations.writeLock().lock();
        try {
            if (closed || !raises.getAsBoolean()) {
                return;
            }
            raise.run();
            journal.commit(journal.append(entry, false));
        } catch (IOException failure) {
            outOfService(failure); // The fence holds until the end of the process, and nothing is written after it.
        } finally {
            mutations.writeLock().unlock();
            life.readLock().unlock();
        }
    }

    @Override
    public void completed(Vid vid, long generation, long sequence) {
        marks.completed(vid, generation, sequence);
    }

    @Override
    public List<ObjectId> inFlight(Vid vid) {
        return marks.inFlight(vid);
    }

    @Override
    public boolean isInFlight(ObjectId oid) {
        return marks.isInFlight(oid);
    }

    @Override
    public List<Vid> inFlightVids() {
        return marks.inFlightVids();
    }

    @Override
    public Outcome<Void> settled(ObjectId oid, Epoch epoch, long generation) {
        life.readLock().lock();
        mutations.readLock().lock();
        try {
            if (closed) {
                return Outcome.refused(ResultCode.EIO);
            }
            var refused = fences.refuses(epoch, oid.vid(), generation);
            if (refused.isPresent()) {
                return Outcome.refused(refused.get());
            }
            if (marks.isInFlight(oid) && !countAsMutated(oid, epoch)) {
                return Outcome.refused(ResultCode.EIO);
            }
            var upTo = marks.settled(oid, generation);
            if (upTo.isPresent()) {
                journal.append(
                        JournalRecord.plain(
                                JournalRecord.Kind.SETTLED,
                                oid.bits(),
                                epoch,
                                upTo.get().generation(),
                                upTo.get().sequence()),
                        false);
            }
            return Outcome.done();
        } catch (IOException failure) {
            // The mark comes back at the next start, and the object is made equal once more.
            LOG.warn("mark settled in memory only oid={} reason={}", oid, failure.getMessage());
            return Outcome.done();
        } finally {
            mutations.readLock().unlock();
            life.readLock().unlock();
        }
    }

    /** @return false if that cannot be saved */
    private boolean countAsMutated(ObjectId oid, Epoch epoch) {
        try {
            StoredObject object = table.pin(oid);
            object.content.writeLock().lock();
            try {
                if (object.exists && object.isNow(epoch, epoch)) {
                    table.changed(object);
                    meta.apply(putEpochs(new MetaBatch(), object));
                }
            } finally {
                object.content.writeLock().unlock();
                table.unpin(object);
            }
            return true;
        } catch (IOException failure) {
            LOG.warn("mark kept oid={} reason={}", oid, failure.getMessage());
            return false;
        }
    }

    @Override
    public void forgetRemovals(Epoch through) {
        try {
            if (!reading(() -> removals.forget(through))) {
                return;
            }
            var page = reading(() -> removals.page(Optional.empty(), REMOVALS_PAGE));
            while (page.last().isPresent()) {
                for (ObjectId oid : page.forgettable()) {
                    reading(() -> {
                        removals.deleteForgotten(oid);
                        return true;
                    });
                }
                var last = page.last();
                page = reading(() -> removals.page(last, REMOVALS_PAGE));
            }
        } catch (UncheckedIOException failure) {
            LOG.warn("removals still remembered through={} reason={}", through, failure.getMessage());
        }
    }

    @Override
    public Epoch removalsForgotten() {
        return removals.forgotten();
    }

    @Override
    public Outcome<Void> format(Epoch epoch) {
        return alone(() -> {
            journal.commit(journal.append(JournalRecord.plain(JournalRecord.Kind.FORMAT, 0, epoch, 0, 0), false));
            wipe(files, meta, table, marks);
            removals.clear();
            fences.reset(epoch);
            objectCount.set(0);
            nominalBytes.set(0);
            checkpointAll(); // So that no record ever follows this one.
        });
    }

    static void wipe(StoreFiles files, MetaStore meta, ObjectTable table, Marks marks) throws IOException {
        files.deleteAll();
        table.clear();
        marks.clear();
        var batch = new MetaBatch();
        for (char kind : new char[] {'o', 's', 'x', 'm', 'v', 'f', 'g'}) {
            batch.deleteRange(MetaKeys.from(kind), MetaKeys.to(kind));
        }
        meta.apply(batch);
    }

    private interface Alone {
        void run() throws IOException;
    }

    private Outcome<Void> alone(Alone what) {
        life.writeLock().lock();
        checkpointing.lock();
        try {
            if (closed || journal.failure().isPresent()) {
                return Outcome.refused(ResultCode.EIO);
            }
            what.run();
            return Outcome.done();
        } catch (IOException failure) {
            outOfService(failure);
            return Outcome.refused(DiskErrors.code(failure));
        } finally {
            checkpointing.unlock();
            life.writeLock().unlock();
        }
    }

    // ---------------------------------------------------------------------------------------------------- checkpoint

    /** Frees the journal's full segment, if there is one. */
    private void checkpoint() throws IOException {
        checkpointing.lock();
        try {
            var full = journal.fullAndApplied();
            if (full.isPresent()) {
                save(full.get().serial());
                journal.free(full.get());
                ballast.makeIfThereIsRoom();
            }
        } catch (IOException failure) {
            if (!isOnlyFull(failure)) {
                outOfService(failure);
            }
            throw failure;
        } finally {
            checkpointing.unlock();
        }
    }

    /** Before the changes that wait for a checkpoint take too much memory. */
    private void checkpointIfDue() {
        if (table.changedCount() >= CHANGED_MAX && checkpointAsked.compareAndSet(false, true)) {
            housekeeping.execute(this::checkpointEarly);
        }
    }

    private void checkpointEarly() {
        checkpointAsked.set(false);
        try {
            journal.seal();
            checkpoint();
        } catch (IOException failure) {
            if (!isOnlyFull(failure)) {
                outOfService(failure);
            }
        }
    }

    private void checkpointAll() throws IOException {
        checkpoint();
        journal.seal();
        checkpoint();
    }

    /** Brings what the journal holds up to {@code serial} to its place, on stable storage. */
    private void save(long serial) throws IOException {
        List<StoredObject> changed = table.takeChanged();
        boolean saved = false;
        try {
            startWriteBack(changed);
            for (StoredObject object : changed) {
                syncObject(object);
            }
            files.syncNames();
            var batch = new MetaBatch();
            int count = 0;
            for (StoredObject object : changed) {
                addTo(batch, object);
                if (++count % BATCH_OBJECTS == 0) {
                    meta.apply(batch);
                    batch = new MetaBatch();
                }
            }
            marks.save(batch, fences);
            batch.put(MetaKeys.FENCE, MetaKeys.epochValue(fences.epoch()));
            batch.put(MetaKeys.CHECKPOINT, MetaKeys.serialValue(serial));
            meta.apply(batch);
            if (config.synced()) {
                meta.sync();
            }
            saved = true;
        } finally {
            if (saved) {
                changed.forEach(table::unpin);
            } else {
                changed.forEach(table::keep);
            }
        }
    }

    /** What owners completed since the last mutation is in no record: without this it is asked for again. */
    private void saveMarks() throws IOException {
        var batch = new MetaBatch();
        marks.save(batch, fences);
        if (!batch.isEmpty()) {
            meta.apply(batch);
            if (config.synced()) {
                meta.sync();
            }
        }
    }

    private void startWriteBack(List<StoredObject> changed) throws IOException {
        if (!config.synced()) {
            return;
        }
        for (StoredObject object : changed) {
            object.content.readLock().lock();
            try {
                if (object.exists && object.writes != object.writesSynced) {
                    try (var lease = files.open(object.oid)) {
                        lease.file().startWriteBack();
                    }
                }
            } finally {
                object.content.readLock().unlock();
            }
        }
    }

    private static void addTo(MetaBatch batch, StoredObject object) {
        object.content.readLock().lock();
        try {
            if (object.exists) {
                putEpochs(batch, object);
                if (object.sums.length > 0) {
                    batch.put(MetaKeys.sums(object.oid), MetaKeys.sumsValue(object.sums));
                }
            } else {
                batch.delete(MetaKeys.object(object.oid)).delete(MetaKeys.sums(object.oid));
            }
        } finally {
            object.content.readLock().unlock();
        }
    }

    @Override
    public void close() {
        life.writeLock().lock();
        checkpointing.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            try {
                if (journal.failure().isEmpty()) {
                    checkpointAll();
                    saveMarks();
                }
            } catch (IOException failure) {
                LOG.error("store not closed cleanly, its journal is kept reason={}", failure.getMessage());
            } finally {
                journal.fail(new IOException("the store is closed"));
                journal.close();
                files.close();
                meta.close();
            }
        } catch (IOException failure) {
            LOG.error("metadata not closed cleanly reason={}", failure.getMessage());
        } finally {
            checkpointing.unlock();
            life.writeLock().unlock();
        }
    }
}
