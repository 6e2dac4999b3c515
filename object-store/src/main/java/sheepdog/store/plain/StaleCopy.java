package sheepdog.store.plain;

import java.util.Optional;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;

/** A copy that was set aside, and the epoch it was last valid in. */
record StaleCopy(ObjectId oid, Epoch epoch) {
    /** Its file's name. */
    String name() {
        return oid + "." + epoch;
    }

    /** The copy a file is named for, if it is named for one. */
    static Optional<StaleCopy> of(String name) {
        int dot = name.indexOf('.');
        if (dot < 0 || !name.substring(dot + 1).matches("[0-9]{1,9}")) {
            return Optional.empty();
        }
        return StoreFiles.oidOf(name.substring(0, dot))
                .map(oid -> new StaleCopy(oid, new Epoch(Integer.parseInt(name.substring(dot + 1)))));
    }
}
