package sheepdog.membership.log;

class SimLogStorageTest extends LogStorageContract {
    private final SimLogStorage storage = new SimLogStorage();

    @Override
    protected LogStorage open() {
        return storage.reopened();
    }
}
