package sheepdog.store.rocks;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.CompressionType;
import org.rocksdb.InfoLogLevel;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.Slice;
import org.rocksdb.Status;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.store.disk.DiskException;
import sheepdog.store.meta.MetaBatch;
import sheepdog.store.meta.MetaStore;

/**
 * A RocksDB with bounded memory: two write buffers of 8 MiB and a block cache of 16 MiB.
 *
 * <p>Its handles are memory of C: a call after, or during, their release would end the process. So each call holds a
 * read lock, and {@link #close} the write lock.
 */
public final class RocksMetaStore implements MetaStore {
    private static final Logger LOG = LoggerFactory.getLogger(RocksMetaStore.class);
    private static final long WRITE_BUFFER_BYTES = 8 << 20;
    private static final long CACHE_BYTES = 16 << 20;
    private static final int FILES_OPEN_MAX = 64;
    private static final int BLOOM_BITS = 10;

    private final ReentrantReadWriteLock life = new ReentrantReadWriteLock();
    private final LRUCache cache;
    private final BloomFilter bloom;
    private final Options options;
    private final WriteOptions unsynced;
    private final Path folder;
    private RocksDB db;
    private boolean closed;
    private boolean lost;

    private RocksMetaStore(
            LRUCache cache, BloomFilter bloom, Options options, WriteOptions unsynced, Path folder, RocksDB db) {
        this.cache = cache;
        this.bloom = bloom;
        this.options = options;
        this.unsynced = unsynced;
        this.folder = folder;
        this.db = db;
    }

    /**
     * Opens the database in {@code folder}, or makes one.
     *
     * @param nativeFolder where RocksDB's native code is put, for the first database of the process
     */
    public static RocksMetaStore open(Path folder, Path nativeFolder) throws IOException {
        NativeLibrary.load(nativeFolder);
        var cache = new LRUCache(CACHE_BYTES);
        var bloom = new BloomFilter(BLOOM_BITS);
        var options = new Options()
                .setCreateIfMissing(true)
                .setWriteBufferSize(WRITE_BUFFER_BYTES)
                .setMaxWriteBufferNumber(2)
                .setMaxOpenFiles(FILES_OPEN_MAX)
                .setInfoLogLevel(InfoLogLevel.WARN_LEVEL)
                .setMaxLogFileSize(1 << 20)
                .setKeepLogFileNum(2)
                .setMaxTotalWalSize(4 * WRITE_BUFFER_BYTES)
                .setParanoidChecks(true)
                .setCompressionType(CompressionType.LZ4_COMPRESSION)
                .setTableFormatConfig(new BlockBasedTableConfig()
                        .setBlockCache(cache)
                        .setFilterPolicy(bloom)
                        .setCacheIndexAndFilterBlocks(true));
        var unsynced = new WriteOptions();
        try {
            RocksDB db = RocksDB.open(options, folder.toString());
            return new RocksMetaStore(cache, bloom, options, unsynced, folder, db);
        } catch (RocksDBException failure) {
            unsynced.close();
            options.close();
            bloom.close();
            cache.close();
            throw translated(failure, "open", folder);
        }
    }

    @Override
    public Optional<byte[]> get(byte[] key) throws IOException {
        life.readLock().lock();
        try {
            checkOpen();
            return Optional.ofNullable(db.get(key));
        } catch (RocksDBException failure) {
            throw translated(failure, "read", "metadata");
        } finally {
            life.readLock().unlock();
        }
    }

    @Override
    public void apply(MetaBatch batch) throws IOException {
        life.readLock().lock();
        try (var changes = new WriteBatch()) {
            checkOpen();
            for (MetaBatch.Change change : batch.changes()) {
                switch (change) {
                    case MetaBatch.Put(byte[] key, byte[] value) -> changes.put(key, value);
                    case MetaBatch.Delete(byte[] key) -> changes.delete(key);
                    case MetaBatch.DeleteRange(byte[] from, byte[] to) -> changes.deleteRange(from, to);
                }
            }
            db.write(unsynced, changes);
        } catch (RocksDBException failure) {
            throw translated(failure, "write", "metadata");
        } finally {
            life.readLock().unlock();
        }
    }

    @Override
    public void sync() throws IOException {
        life.readLock().lock();
        try {
            checkOpen();
            db.syncWal();
        } catch (RocksDBException failure) {
            throw translated(failure, "sync", "metadata");
        } finally {
            life.readLock().unlock();
        }
    }

    /** RocksDB takes no writes after one that failed, and its Java has no other way out than to open it again. */
    @Override
    public void resume() throws IOException {
        life.writeLock().lock();
        try {
            if (closed) {
                throw new IOException("the metadata are closed");
            }
            if (!lost) {
                lost = true;
                closeAnyhow();
            }
            db = RocksDB.open(options, folder.toString());
            lost = false;
        } catch (RocksDBException failure) {
            throw translated(failure, "open", folder);
        } finally {
            life.writeLock().unlock();
        }
    }

    /** What it still had to write is in its log, or was refused. */
    private void closeAnyhow() {
        try {
            db.closeE();
        } catch (RocksDBException failure) {
            LOG.info("metadata closed after a failure reason={}", failure.getMessage());
        }
    }

    @Override
    public void scan(byte[] from, byte[] to, Visitor visitor) throws IOException {
        life.readLock().lock();
        try {
            checkOpen();
            // The bound must outlive the iterator, and does: resources close in reverse order.
            try (var bound = new Slice(to);
                    var reading = new ReadOptions().setIterateUpperBound(bound);
                    var entries = db.newIterator(reading)) {
                entries.seek(from);
                while (entries.isValid() && visitor.visit(entries.key(), entries.value())) {
                    entries.next();
                }
                entries.status();
            }
        } catch (RocksDBException failure) {
            throw translated(failure, "scan", "metadata");
        } finally {
            life.readLock().unlock();
        }
    }

    @Override
    public void close() throws IOException {
        life.writeLock().lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            try {
                if (!lost) {
                    db.closeE();
                }
            } finally {
                unsynced.close();
                options.close();
                bloom.close();
                cache.close();
            }
        } catch (RocksDBException failure) {
            throw translated(failure, "close", "metadata");
        } finally {
            life.writeLock().unlock();
        }
    }

    private void checkOpen() throws IOException {
        if (closed || lost) {
            throw new IOException("the metadata are closed");
        }
    }

    private static DiskException translated(RocksDBException failure, String operation, Object what) {
        Status status = failure.getStatus();
        boolean full = status != null && status.getSubCode() == Status.SubCode.NoSpace;
        return new DiskException(
                full ? DiskException.Kind.NO_SPACE : DiskException.Kind.IO,
                operation,
                what,
                String.valueOf(failure.getMessage()));
    }
}
