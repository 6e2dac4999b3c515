package sheepdog.protocol.vdi;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;
import sheepdog.protocol.model.VdiName;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.placement.Fnv;

/**
 * The vids that a name may have: from its hash upwards, past the last vid from the first again, up to the first one
 * that was never used. Pure; any thread.
 *
 * <p>Vid 0 names no VDI: runs step over it, as if it were used by another.
 */
public final class VidProbe {
    private VidProbe() {}

    /** Where the search for a name begins; 0 for the names that hash to it, and those get 1 or later. */
    public static int preferred(VdiName name) {
        return (int) Fnv.add(Fnv.BASIS, name.bytes()) & (Vid.COUNT - 1);
    }

    /**
     * The run of a name.
     *
     * @param used whether a vid was ever given to a VDI, deleted ones included; not asked for 0
     */
    public static Run run(VdiName name, IntPredicate used) {
        int left = preferred(name);
        int count = 0;
        while (count < Vid.COUNT) {
            int at = (left + count) & (Vid.COUNT - 1);
            if (at != 0 && !used.test(at)) {
                break;
            }
            count++;
        }
        return new Run(left, count);
    }

    /**
     * Vids that follow one another, all of them used.
     *
     * @param left  the first
     * @param count how many numbers, 0 included if they pass it
     */
    public record Run(int left, int count) {
        /** The first vid behind the run: the one for a new VDI. Empty if there is none left. */
        public Optional<Vid> free() {
            return count == Vid.COUNT ? Optional.empty() : Optional.of(at(count));
        }

        /** The vids in the order in which a name is looked up: from the newest place down to the preferred one. */
        public List<Vid> newestFirst() {
            List<Vid> vids = new ArrayList<>(count);
            for (int i = count - 1; i >= 0; i--) {
                if (!at(i).equals(Vid.NONE)) {
                    vids.add(at(i));
                }
            }
            return vids;
        }

        private Vid at(int i) {
            return new Vid((left + i) & (Vid.COUNT - 1));
        }
    }
}
