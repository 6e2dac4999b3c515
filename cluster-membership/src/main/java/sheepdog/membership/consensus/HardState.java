package sheepdog.membership.consensus;

/**
 * What a node must not forget.
 *
 * @param vote   whom it voted for in {@code term}, 0 if nobody
 * @param commit an index known to be committed; it may lag, never lead
 */
public record HardState(long term, long vote, long commit) {
    public static final HardState EMPTY = new HardState(0, 0, 0);
}
