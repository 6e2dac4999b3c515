package sheepdog.store.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every {@link MetaStore} does; each implementation's test extends it. */
public abstract class MetaStoreContract {
    protected MetaStore store;

    /** Opens a store: an empty one, or the one that was closed last. */
    protected abstract MetaStore open() throws IOException;

    @BeforeEach
    void openFirst() throws IOException {
        store = open();
    }

    @AfterEach
    void closeLast() throws IOException {
        store.close();
    }

    protected static byte[] key(int... bytes) {
        var key = new byte[bytes.length];
        for (int index = 0; index < bytes.length; index++) {
            key[index] = (byte) bytes[index];
        }
        return key;
    }

    private List<String> scan(byte[] from, byte[] to, int countMax) throws IOException {
        var seen = new ArrayList<String>();
        store.scan(from, to, (key, value) -> {
            seen.add((key[0] & 0xff) + "=" + value.length);
            return seen.size() < countMax;
        });
        return seen;
    }

    @Test
    void whatWasPutIsReadAlsoAfterReopening() throws IOException {
        store.apply(new MetaBatch().put(key(1), new byte[3]).put(key(2), new byte[0]));
        store.sync();

        assertThat(store.get(key(1))).contains(new byte[3]);
        store.close();
        store = open();

        assertThat(store.get(key(1))).contains(new byte[3]);
        assertThat(store.get(key(2))).contains(new byte[0]);
        assertThat(store.get(key(3))).isEmpty();
    }

    @Test
    void batchIsAppliedInItsOrder() throws IOException {
        store.apply(new MetaBatch().put(key(1), new byte[1]).delete(key(1)).put(key(1), new byte[2]));
        store.apply(new MetaBatch().put(key(2), new byte[1]).delete(key(2)).delete(key(9)));

        assertThat(store.get(key(1))).contains(new byte[2]);
        assertThat(store.get(key(2))).isEmpty();
    }

    @Test
    void scanIsInUnsignedOrderWithoutTheEnd() throws IOException {
        var batch = new MetaBatch();
        for (int first : new int[] {200, 5, 127, 128, 7}) {
            batch.put(key(first), new byte[first]);
        }
        store.apply(batch);

        assertThat(scan(key(5), key(200), 99)).containsExactly("5=5", "7=7", "127=127", "128=128");
        assertThat(scan(key(6), key(255), 2)).containsExactly("7=7", "127=127");
        assertThat(scan(key(129), key(130), 2)).isEmpty();
    }

    @Test
    void rangeIsDeletedWithoutItsEnd() throws IOException {
        store.apply(new MetaBatch()
                .put(key(1), new byte[1])
                .put(key(2), new byte[2])
                .put(key(3), new byte[3]));

        store.apply(new MetaBatch().deleteRange(key(1), key(3)).put(key(2, 0), new byte[4]));

        assertThat(scan(key(0), key(255), 99)).containsExactly("2=4", "3=3");
    }

    @Test
    void closedStoreFailsInsteadOfEndingTheProcess() throws IOException {
        store.close();
        store.close();

        assertThatThrownBy(() -> store.get(key(1))).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> store.apply(new MetaBatch())).isInstanceOf(IOException.class);
        assertThatThrownBy(store::sync).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> scan(key(0), key(1), 1)).isInstanceOf(IOException.class);
    }
}
