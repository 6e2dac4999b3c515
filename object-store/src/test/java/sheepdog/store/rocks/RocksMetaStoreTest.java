package sheepdog.store.rocks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import sheepdog.store.disk.DiskException;
import sheepdog.store.meta.MetaBatch;
import sheepdog.store.meta.MetaStore;
import sheepdog.store.meta.MetaStoreContract;

class RocksMetaStoreTest extends MetaStoreContract {
    @TempDir
    Path folder;

    @Override
    protected MetaStore open() throws IOException {
        return RocksMetaStore.open(folder.resolve("db"), folder.resolve("native"));
    }

    @Test
    void secondOpeningIsRefused() {
        assertThatThrownBy(this::open).isInstanceOf(DiskException.class).hasMessageContaining("db");
    }

    @Test
    void closeWaitsForAScanUnderWay() throws Exception {
        store.apply(new MetaBatch().put(key(1), new byte[1]).put(key(2), new byte[1]));
        var closing = new AtomicReference<Thread>();

        var seen = new ArrayList<Byte>();
        store.scan(key(0), key(9), (key, _) -> {
            if (closing.get() == null) {
                var thread = new Thread(() -> {
                    try {
                        store.close();
                    } catch (IOException failure) {
                        throw new UncheckedIOException(failure);
                    }
                });
                thread.start();
                closing.set(thread);
                while (thread.getState() == Thread.State.NEW || thread.getState() == Thread.State.RUNNABLE) {
                    Thread.onSpinWait();
                }
            }
            seen.add(key[0]);
            return true;
        });
        closing.get().join();

        assertThat(seen).containsExactly((byte) 1, (byte) 2);
    }

    @Test
    void nothingIsLeftOutsideOfItsFolders() throws IOException {
        try (var entries = Files.list(folder)) {
            assertThat(entries.map(entry -> entry.getFileName().toString())).isSubsetOf("db", "native");
        }
    }
}
