package sheepdog.membership.api;

import sheepdog.protocol.model.Node;

/**
 * One sheep process of the cluster.
 *
 * @param node        its address, zone and space as node lists carry them
 * @param storeId     random number of its store directory, made at its first start and never 0; a wiped disk has a new
 *                    one, so a node that lost its log is never taken for the voter it was
 * @param incarnation grows with every start of a sheep on that store, and names the process: {@link #incarnation(long, long, int)}
 * @param witness     stores nothing, and has a vote where that makes the number of votes odd (R9)
 */
public record Member(Node node, long storeId, long incarnation, boolean witness) {
    private static final int CHANCE_BITS = 16;
    private static final int STARTS_BITS = 24;

    /** One that is no witness. */
    public Member(Node node, long storeId, long incarnation) {
        this(node, storeId, incarnation, false);
    }

    /** The same process with another record of its node. */
    public Member as(Node other) {
        return new Member(other, storeId, incarnation, witness);
    }

    /** Another process on the same store, with the same record. */
    public Member as(long otherIncarnation) {
        return new Member(node, storeId, otherIncarnation, witness);
    }

    /**
     * The incarnation of a process.
     *
     * @param age    how old its store is: what its directory says, and only grows. The cluster remembers the greatest
     *               that a store has told, so that an old copy of a directory is known by its age
     * @param starts how often a sheep was started on the store, this time included
     * @param chance random bits, so that processes started on two copies of one directory are told apart
     */
    public static long incarnation(long age, long starts, int chance) {
        return (age << STARTS_BITS | starts & (1 << STARTS_BITS) - 1) << CHANCE_BITS | chance & (1 << CHANCE_BITS) - 1;
    }

    /** How old its store was when it started. */
    public long age() {
        return incarnation >>> STARTS_BITS + CHANCE_BITS;
    }

    /** How often a sheep was started on its store, this process included. */
    public long starts() {
        return incarnation >>> CHANCE_BITS & (1 << STARTS_BITS) - 1;
    }

    /** Same store, whatever its address and incarnation. */
    public boolean sameStore(Member other) {
        return storeId == other.storeId;
    }

    @Override
    public String toString() {
        return node + "#" + Long.toHexString(storeId) + "." + starts() + (witness ? " witness" : "");
    }
}
