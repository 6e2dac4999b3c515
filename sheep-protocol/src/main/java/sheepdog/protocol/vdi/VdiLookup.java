package sheepdog.protocol.vdi;

import java.util.Optional;
import java.util.function.Function;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.VdiName;
import sheepdog.protocol.model.Vid;

/** Finds a VDI or a snapshot by name among the vids of the name's run. Pure; any thread. */
public final class VdiLookup {
    private VdiLookup() {}

    /**
     * What a lookup needs to know of a VDI.
     *
     * @param name   empty if it was deleted
     * @param snapId 1 for the first of a name, growing
     */
    public record Entry(VdiName name, VdiName tag, int snapId, boolean isSnapshot) {
        public boolean isDeleted() {
            return name.isEmpty();
        }
    }

    /** What a lookup came to. */
    public sealed interface Result {
        /** @param snapId of what was found */
        record Found(Vid vid, int snapId) implements Result {}

        /**
         * @param code       NO_VDI; or NO_TAG if the name is there, but not that snapshot of it
         * @param nextSnapId for a new VDI of that name
         * @param reusable   of the vids of deleted VDIs that the search passed the last one, which a new VDI takes
         */
        record Missing(ResultCode code, int nextSnapId, Optional<Vid> reusable) implements Result {}
    }

    /**
     * Looks a name up.
     *
     * <p>The working VDI of a name has the highest vid of the run, in its order, and the highest snapshot id.
     *
     * @param tag     empty for none
     * @param snapId  0 for none; without this and a tag the working VDI is meant
     * @param entries what is known of a vid of the run; a vid without an entry is passed
     */
    public static Result find(
            VdiName name, VdiName tag, int snapId, VidProbe.Run run, Function<Vid, Optional<Entry>> entries) {
        boolean wantsSnapshot = !tag.isEmpty() || snapId != 0;
        boolean isNameThere = false;
        Optional<Vid> reusable = Optional.empty();
        for (Vid vid : run.newestFirst()) {
            Optional<Entry> known = entries.apply(vid);
            if (known.isEmpty()) {
                continue;
            }
            Entry entry = known.get();
            if (entry.isDeleted()) {
                reusable = Optional.of(vid);
            } else if (entry.name().equals(name)) {
                if (!wantsSnapshot) {
                    // The newest of this name decides: if it is a snapshot, the working VDI was deleted.
                    return entry.isSnapshot()
                            ? new Result.Missing(ResultCode.NO_VDI, entry.snapId() + 1, reusable)
                            : new Result.Found(vid, entry.snapId());
                }
                if (entry.isSnapshot() && matches(entry, tag, snapId)) {
                    return new Result.Found(vid, entry.snapId());
                }
                isNameThere |= !entry.isSnapshot();
            }
        }
        return new Result.Missing(isNameThere ? ResultCode.NO_TAG : ResultCode.NO_VDI, 1, reusable);
    }

    private static boolean matches(Entry entry, VdiName tag, int snapId) {
        return !tag.isEmpty() && entry.tag().equals(tag) || snapId != 0 && entry.snapId() == snapId;
    }
}
