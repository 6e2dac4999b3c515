package sheepdog.store.meta;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Changes to a {@link MetaStore} that happen together, in the order they were added. Confined to one thread. */
public final class MetaBatch {
    /** One change. */
    public sealed interface Change {}

    /** Sets a key. */
    public record Put(byte[] key, byte[] value) implements Change {}

    /** Deletes a key, if it is there. */
    public record Delete(byte[] key) implements Change {}

    /** Deletes every key from {@code from} (inclusive) to {@code to} (exclusive). */
    public record DeleteRange(byte[] from, byte[] to) implements Change {}

    private final List<Change> changes = new ArrayList<>();

    public MetaBatch put(byte[] key, byte[] value) {
        changes.add(new Put(key, value));
        return this;
    }

    public MetaBatch delete(byte[] key) {
        changes.add(new Delete(key));
        return this;
    }

    public MetaBatch deleteRange(byte[] from, byte[] to) {
        changes.add(new DeleteRange(from, to));
        return this;
    }

    public boolean isEmpty() {
        return changes.isEmpty();
    }

    /** A view, in the order they were added. */
    public List<Change> changes() {
        return Collections.unmodifiableList(changes);
    }
}
