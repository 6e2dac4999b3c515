package sheepdog.it.chaos;

import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** What can befall a host. */
public enum Fault {
    /** {@code kill -9}; started again. */
    KILL(true),
    /** Told to leave by a signal; started again. */
    LEAVE(true),
    /** Told to leave by collie; started again. */
    NODE_KILL(true),
    /** SIGSTOP, then SIGCONT. */
    PAUSE(true),
    /** Nothing reaches it and it reaches nobody. */
    CUT_OFF(true),
    /** It hears nothing, and is heard. */
    DEAF(true),
    /** It hears, and is not heard. */
    MUTE(true),
    /** It and one other do not hear each other; the rest hear both. */
    CUT_PAIR(true),
    /** No TCP to it and from it; datagrams arrive. */
    CUT_TCP(true),
    /** No datagrams to it and from it; TCP goes on. */
    CUT_UDP(true),
    /** Its disk takes longer than anybody waits to sync. */
    DISK_HANGS(true),
    /** Its disk fails to sync, for a moment. */
    SYNC_FAILS(true),
    /** Its disk fails to write, for a moment. */
    WRITE_FAILS(true),
    /** Its disk is full. */
    DISK_FULL(true),
    /** Its disk is full, it is killed, and started again while its disk still is. */
    FULL_RESTART(true),
    /** All are killed at once and started in any order. */
    KILL_ALL(true),
    /** The hosts that have no sheep yet join, all at once and for good. */
    JOIN(true),
    /** It loses some of what is sent to it. */
    LOSS(false),
    /** It hears no multicast. */
    NO_MULTICAST(false),
    /** It sends slowly. */
    SLOW_NETWORK(false),
    /** Its disk syncs slowly. */
    SLOW_DISK(false);

    private final boolean takesOut;

    /** @param takesOut whether the cluster must do without the host, so that there may be one of these at a time */
    Fault(boolean takesOut) {
        this.takesOut = takesOut;
    }

    /**
     * Those after which it is known that something is wrong, so that a story with them tells nothing new; docs/chaos.md says
     * what. Empty is better.
     */
    public static Set<Fault> known() {
        return Set.of();
    }

    /** Those that the cluster must do without a host for. */
    public static List<Fault> takingOut() {
        return Arrays.stream(values()).filter(fault -> fault.takesOut).toList();
    }

    /** Those that a host bears. */
    static List<Fault> rough() {
        return Arrays.stream(values()).filter(fault -> !fault.takesOut).toList();
    }
}
