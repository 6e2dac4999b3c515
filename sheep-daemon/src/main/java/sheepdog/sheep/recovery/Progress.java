package sheepdog.sheep.recovery;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.wire.RecoveryLimit;

/**
 * How far the recovery of a node is. Within one epoch what is done only grows. How much there is to do is not known before
 * all lists are there.
 *
 * @param lists     members whose lists are here
 * @param ofLists   members
 * @param objects   done; what was found to be right already counts only if it had to be looked at
 * @param ofObjects to be done in all
 * @param bytes     likewise, by the objects' nominal size
 * @param held      objects that are not brought yet, because who left may be back
 * @param heldFor   how long yet
 * @param waiting   objects that cannot be brought as long as others are absent
 * @param waits     the first of them
 * @param noSpace   objects that do not fit on this node's disk
 * @param speed     bytes a second, of late
 * @param left      until all that can be brought is here; empty if that cannot be told
 * @param enabled   whether the cluster recovers by itself
 * @param gone      stores that are gone for good: what only they had is part of nothing here
 */
public record Progress(
        Epoch epoch,
        Stage stage,
        int lists,
        int ofLists,
        long objects,
        long ofObjects,
        long bytes,
        long ofBytes,
        long held,
        Duration heldFor,
        long waiting,
        List<Waits> waits,
        long noSpace,
        long speed,
        Optional<Duration> left,
        boolean enabled,
        RecoveryLimit limit,
        int gone) {
    /** What a node is doing about its recovery. */
    public enum Stage {
        /** Nothing: it has all it should have, and the cluster knows that. */
        DONE,
        LISTING,
        BRINGING,
        /** Nothing is under way but what clients ask for: it is disabled. */
        DISABLED,
        /** Who left may be back. */
        HELD,
        /** All that is left waits for others, for space, or for the cluster to be told. */
        WAITING
    }

    /**
     * @param epoch of which those were replicas
     * @param nodes one of whom must be back
     */
    public record Missing(Epoch epoch, List<NodeId> nodes) {}

    /** An object and whom it waits for: one of each. */
    public record Waits(ObjectId oid, List<Missing> missing) {}

    /** As lines of ASCII, at most so many bytes of them. */
    byte[] text(int lengthMax) {
        var text = new StringBuilder();
        text.append("epoch %s\nstage %s\n".formatted(epoch, stage.name().toLowerCase(Locale.ROOT)));
        text.append("lists %d %d\nobjects %d %d\nbytes %d %d\n"
                .formatted(lists, ofLists, objects, ofObjects, bytes, ofBytes));
        text.append("held %d %d\nwaiting %d\nspace %d\n".formatted(held, heldFor.toMillis(), waiting, noSpace));
        text.append("speed %d\nleft %s\n"
                .formatted(speed, left.map(l -> "" + l.toMillis()).orElse("-")));
        text.append("enabled %s\n".formatted(enabled ? "yes" : "no"));
        text.append("limit %s %s\n"
                .formatted(Integer.toUnsignedString(limit.max()), Long.toUnsignedString(limit.intervalMillis())));
        text.append("gone %d\n".formatted(gone));
        for (Waits w : waits) {
            var line = new StringBuilder("wait " + w.oid());
            for (Missing missing : w.missing()) {
                line.append(' ').append(missing.epoch());
                missing.nodes().forEach(node -> line.append(',').append(node));
            }
            if (text.length() + line.length() + 1 > lengthMax) {
                break;
            }
            text.append(line).append('\n');
        }
        byte[] bytes = text.toString().getBytes(StandardCharsets.US_ASCII);
        return bytes.length <= lengthMax ? bytes : new byte[0];
    }
}
