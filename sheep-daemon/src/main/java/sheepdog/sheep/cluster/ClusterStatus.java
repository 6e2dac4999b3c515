package sheepdog.sheep.cluster;

import sheepdog.protocol.model.ResultCode;

/** What a sheep can do for clients now, and how {@code cluster info} calls it. */
public enum ClusterStatus {
    RUNNING(ResultCode.SUCCESS),
    WAIT_FOR_FORMAT(ResultCode.WAIT_FOR_FORMAT),
    /** Since its start this sheep has not been part of a majority. */
    WAIT_FOR_JOIN(ResultCode.WAIT_FOR_JOIN),
    /** It was running and cannot reach a majority now: I/O is parked until it can. */
    ISOLATED(ResultCode.WAIT_FOR_JOIN),
    /** Too few zones for the mode the cluster was formatted with. */
    HALT(ResultCode.HALT),
    SHUTDOWN(ResultCode.SHUTDOWN),
    KILLED(ResultCode.KILLED);

    private final ResultCode code;

    ClusterStatus(ResultCode code) {
        this.code = code;
    }

    /** As STAT_CLUSTER answers, and as refused requests do. */
    public ResultCode code() {
        return code;
    }

    /** Whether a request that needs a running cluster waits in this status instead of being refused. */
    public boolean isPassing() {
        return this == ISOLATED;
    }

    /** Whether nothing is served any more. */
    public boolean isEnd() {
        return this == SHUTDOWN || this == KILLED;
    }
}
