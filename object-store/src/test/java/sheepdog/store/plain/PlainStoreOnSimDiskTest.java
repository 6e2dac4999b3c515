package sheepdog.store.plain;

import java.io.IOException;
import sheepdog.store.api.ObjectStore;
import sheepdog.store.api.ObjectStoreContract;

/** The store as it runs in the simulator. */
class PlainStoreOnSimDiskTest extends ObjectStoreContract {
    private final SimMachine machine = new SimMachine();

    @Override
    protected ObjectStore open() throws IOException {
        return machine.open();
    }
}
