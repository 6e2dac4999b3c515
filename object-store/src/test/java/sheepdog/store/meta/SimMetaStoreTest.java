package sheepdog.store.meta;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import sheepdog.store.disk.SimPower;

/** The simulated metadata do what real ones do, and lose what they should. */
class SimMetaStoreTest extends MetaStoreContract {
    private final SimPower power = new SimPower();
    private final SimMetaStore meta = new SimMetaStore(power);

    @Override
    protected MetaStore open() {
        meta.restartProgram();
        return meta;
    }

    @Test
    void powerCutKeepsWhatWasSyncedAndABeginningOfTheRest() throws IOException {
        boolean lostAll = false;
        boolean lostSome = false;
        for (int seed = 0; seed < 50; seed++) {
            store.apply(new MetaBatch().put(key(1), new byte[1]).delete(key(2)).delete(key(3)));
            store.sync();
            store.apply(new MetaBatch().put(key(2), new byte[2]));
            store.apply(new MetaBatch().put(key(3), new byte[3]));

            meta.restart(new SplittableRandom(seed));

            assertThat(store.get(key(1))).isPresent();
            assertThat(store.get(key(3)).isPresent() && store.get(key(2)).isEmpty())
                    .as("the later one alone")
                    .isFalse();
            lostAll |= store.get(key(2)).isEmpty();
            lostSome |= store.get(key(2)).isPresent() && store.get(key(3)).isEmpty();
        }
        assertThat(lostAll && lostSome).isTrue();
    }
}
