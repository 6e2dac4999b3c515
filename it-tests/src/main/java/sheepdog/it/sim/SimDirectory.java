package sheepdog.it.sim;

import sheepdog.membership.log.SimLogStorage;

/**
 * A store's directory: objects, epochs, the cluster's log, and what tells the store from others. It lasts longer than
 * processes, can be moved to another host, and copied.
 */
public final class SimDirectory {
    private final long id;
    private final SimStore store;
    private final SimArchive archive;
    private final SimLogStorage log;
    private long starts;
    private long age;

    /** An empty one. */
    SimDirectory(long id, SimStore store) {
        this(id, store, new SimArchive(), new SimLogStorage());
    }

    private SimDirectory(long id, SimStore store, SimArchive archive, SimLogStorage log) {
        this.id = id;
        this.store = store;
        this.archive = archive;
        this.log = log;
    }

    /** What a copy of it would hold that is made at this instant: all that is synced. */
    public SimDirectory copy() {
        var copy = new SimDirectory(id, store.copy(), archive.copy(), log.copy());
        copy.starts = starts;
        copy.age = age;
        return copy;
    }

    /** Counts one more start of a sheep on it. */
    void started() {
        starts++;
    }

    long id() {
        return id;
    }

    long starts() {
        return starts;
    }

    long age() {
        return age;
    }

    void raiseAge(long to) {
        age = to;
    }

    /**
     * The cluster's log and the epochs' files find no space from now on, nor in what is kept for them; or they do again.
     * Objects are {@link SimStore#fillsUp}'s.
     */
    public void full(boolean now) {
        log.full(now);
        archive.full(now);
    }

    SimStore store() {
        return store;
    }

    SimArchive archive() {
        return archive;
    }

    SimLogStorage log() {
        return log;
    }
}
