package sheepdog.store.plain;

import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;

/**
 * Which epoch and which owner generation a mutation must have at least (R3, R7). Read by mutations, changed while none
 * is under way, except that a mutation of a newer owner raises its VDI's fence at once.
 */
final class Fences {
    private Epoch epoch = Epoch.NONE;
    private final ConcurrentHashMap<Vid, Long> generations = new ConcurrentHashMap<>();

    Epoch epoch() {
        return epoch;
    }

    long generation(Vid vid) {
        return generations.getOrDefault(vid, 0L);
    }

    Optional<ResultCode> refuses(Epoch under) {
        return under.isBefore(epoch) ? Optional.of(ResultCode.OLD_NODE_VER) : Optional.empty();
    }

    Optional<ResultCode> refuses(Epoch under, Vid vid, long generation) {
        var old = refuses(under);
        return old.isPresent() || generation >= generation(vid) ? old : Optional.of(ResultCode.AGAIN);
    }

    /** Never lowers it. */
    void raise(Epoch to) {
        if (epoch.isBefore(to)) {
            epoch = to;
        }
    }

    /** Never lowers it. @return whether it changed */
    boolean raise(Vid vid, long generation) {
        if (generation <= generation(vid)) {
            return false;
        }
        generations.merge(vid, generation, Math::max);
        return true;
    }

    void reset(Epoch to) {
        epoch = to;
        generations.clear();
    }

    void forEachOwner(BiConsumer<Vid, Long> visitor) {
        generations.forEach(visitor);
    }
}
