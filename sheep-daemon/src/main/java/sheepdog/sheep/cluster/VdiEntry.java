package sheepdog.sheep.cluster;

import java.util.Set;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.Vid;

/**
 * One VDI as the cluster has decided on it. What the inode object says beyond this (size, slots, VM clock) is the
 * clients'; where both know something, this stands.
 *
 * @param name       bytes as characters (ISO 8859-1)
 * @param tag        of a snapshot; empty if none
 * @param snapId     from 1 per name
 * @param parent     what it was made from, NONE for a root
 * @param snapCtime  0 for a working VDI, else when it became a snapshot
 * @param family     index of the log entry that made the family's root: VDIs that may share objects
 * @param born       epoch in which the id was given to this VDI: nothing of an earlier one is its
 * @param reused     whether another VDI had that id before: what is of the epoch of birth may be that one's
 * @param replaces   while reserved: the VDI that becomes a snapshot when this one is committed; else NONE
 * @param maker      while reserved: store id of the sheep that makes it
 * @param incarnation while reserved: that sheep's incarnation
 */
public record VdiEntry(
        Vid vid,
        String name,
        String tag,
        int snapId,
        Vid parent,
        int copies,
        long createTime,
        long snapCtime,
        long family,
        Epoch born,
        boolean reused,
        State state,
        Vid replaces,
        long maker,
        long incarnation) {
    /** RESERVED becomes LIVE or DELETED, LIVE becomes DELETED, DELETED becomes GONE, GONE may be reserved again. */
    public enum State {
        /** Being made; nobody sees it. */
        RESERVED,
        LIVE,
        /** Nobody finds it any more; its objects are being reclaimed. */
        DELETED,
        /** No object is left; the id counts as used until the next format, but may be given out again. */
        GONE;

        private Set<State> next() {
            return switch (this) {
                case RESERVED -> Set.of(LIVE, DELETED);
                case LIVE -> Set.of(DELETED);
                case DELETED -> Set.of(GONE);
                case GONE -> Set.of();
            };
        }
    }

    public boolean isSnapshot() {
        return snapCtime != 0;
    }

    public boolean isLive() {
        return state == State.LIVE;
    }

    /** The current VDI of its name. */
    public boolean isWorking() {
        return isLive() && !isSnapshot();
    }

    VdiEntry to(State next) {
        Invariant.check(state.next().contains(next), "vdi %s from %s to %s", vid, state, next);
        return new VdiEntry(
                vid,
                name,
                tag,
                snapId,
                parent,
                copies,
                createTime,
                snapCtime,
                family,
                born,
                reused,
                next,
                Vid.NONE,
                0,
                0);
    }

    VdiEntry asSnapshot(long time, String newTag) {
        Invariant.check(isWorking(), "snapshot of %s", this);
        return new VdiEntry(
                vid,
                name,
                newTag,
                snapId,
                parent,
                copies,
                createTime,
                time,
                family,
                born,
                reused,
                state,
                Vid.NONE,
                0,
                0);
    }
}
