package sheepdog.store.plain;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import sheepdog.store.api.ObjectStore;
import sheepdog.store.api.ObjectStoreContract;
import sheepdog.store.disk.RealDisk;
import sheepdog.store.rocks.RocksMetaStore;

/** The store as it runs in production: the machine's files, and RocksDB. */
class PlainStoreOnDiskTest extends ObjectStoreContract {
    private static final PlainStoreConfig CONFIG = new PlainStoreConfig(1 << 20, 64 << 10, 16, 8, 0, true);

    @TempDir
    Path folder;

    private StoreDirectory directory;

    @Override
    protected ObjectStore open() throws Exception {
        closeDirectory();
        directory = StoreDirectory.open(new RealDisk(), folder.resolve("sheep"), () -> 0x1234L);
        var meta = RocksMetaStore.open(directory.database(), directory.nativeCode());
        return PlainStore.open(directory.disk(), directory.path(), meta, CONFIG, Runnable::run, () -> 99);
    }

    @AfterEach
    void closeDirectory() {
        if (directory != null) {
            directory.close();
        }
    }
}
