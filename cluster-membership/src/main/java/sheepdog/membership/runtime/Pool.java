package sheepdog.membership.runtime;

/** Where blocking work runs, away from the loop. Each is bounded; what does not fit waits in its queue. */
public enum Pool {
    /** Reads and writes of objects, striped by object id: work for one id keeps its order. */
    STORE,
    /** The cluster log's writes: one thread, in order. */
    LOG,
    /** Long scans, lists, deletions of many files: few threads, no order. */
    BULK
}
