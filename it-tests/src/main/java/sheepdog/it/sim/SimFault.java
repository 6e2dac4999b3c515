package sheepdog.it.sim;

/** What can befall a simulated cluster. A {@link Story} says when, whom and for how long; {@link StoryTelling} does it. */
public enum SimFault {
    /** The process ends as by kill -9, and is started again. */
    KILL,
    /** The machine loses its power, and what it had not synced. */
    POWER,
    /** SIGSTOP, then SIGCONT. */
    PAUSE,
    /** Nothing reaches it, and it reaches no other sheep. */
    CUT_OFF,
    /** It hears no other sheep, and is heard. */
    DEAF,
    /** It hears the others, and is not heard. */
    MUTE,
    /** One direction between two is cut. */
    CUT_ONE_WAY,
    /** Two do not hear each other; the rest hear both. */
    CUT_PAIR,
    /** Nothing of a connection gets from one to the other of two; datagrams do. */
    CUT_TCP,
    /** No datagram gets from one to the other of two; connections do. */
    CUT_UDP,
    /** The nodes are in two parts that do not hear each other. */
    HALVES,
    /** Likewise, but one hears both parts, and is heard. */
    BRIDGE,
    /** All connections between two are reset. */
    RESET,
    /** What is sent takes up to a hundred times as long, each piece its own time. */
    LATE,
    /** Datagrams are lost, doubled and late; live sheep are suspected; ends are not noticed. */
    ROUGH,
    /** Every call of the disk takes longer. */
    SLOW_DISK,
    /** No call of the store's disk ends. */
    HANG,
    /** No call of the log's disk ends. */
    HANG_LOG,
    /** No write of objects gets through. */
    WRITE_FAILS(true),
    /** No sync of objects succeeds. */
    SYNC_FAILS(true),
    /** No object can be read. */
    READ_FAILS(true),
    /** One read fails, and the next succeeds. */
    READ_FAILS_ONCE(true),
    /** One write, or sync, fails, and the next succeeds. */
    FAILS_ONCE(true),
    /** The log's disk fails. */
    LOG_FAILS,
    /** There is hardly room left for objects. */
    FULL,
    /** There is no room for the log and the epochs, nor in what is kept for them. */
    LOG_FULL,
    /** Its directory is lost, and it starts with an empty one. */
    WIPE(true),
    /** It starts on an old copy of its directory, is refused, and starts with an empty one. */
    OLD_COPY(true),
    /** A bit of what a guest has written goes over on one disk. */
    ROT(true),
    /** Its wall clock jumps, forward or back. */
    CLOCK,
    /** It is told of sheep what is not so. */
    RUMOURS,
    /** It is told to leave, and started again. */
    LEAVE,
    /** New nodes join, several within a moment. */
    JOIN,
    /** All machines lose their power, and come back one after the other. */
    BLACKOUT,
    /** A machine loses its power, and the guests that run on it end with the gateway, in the middle of what they do. */
    HOST_DIES,
    /** A guest uses another gateway. */
    MOVE,
    /** A guest uses two gateways at once, each from a driver of its own. */
    TWO_WAYS,
    /** A guest's gateway is stopped, the guest goes on elsewhere, and the gateway wakes up. */
    OWNER_SLEEPS,
    /** A guest dies in the middle of what it does, and starts again elsewhere. */
    GUEST_DIES,
    /** A guest makes a snapshot. */
    SNAPSHOT,
    /** A guest's newest snapshot is cloned, and the clone is used, too. */
    CLONE,
    /** A clone is deleted, or a snapshot on which a disk rests. */
    DELETE,
    /** A guest discards an object. */
    DISCARD;

    private final boolean alone;

    SimFault() {
        this(false);
    }

    SimFault(boolean alone) {
        this.alone = alone;
    }

    /**
     * Whether a copy is lost or cannot be had, so that it happens only to a cluster where nothing else is amiss, and nothing
     * else happens before all is well again: no store can bear more.
     */
    boolean happensAlone() {
        return alone;
    }
}
