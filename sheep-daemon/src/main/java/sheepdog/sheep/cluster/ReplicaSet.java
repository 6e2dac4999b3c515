package sheepdog.sheep.cluster;

import java.util.Collections;
import java.util.Set;
import java.util.TreeSet;
import sheepdog.protocol.model.Epoch;

/** The stores that an object's replicas were in, in one epoch; they come in the order of their ids. */
public record ReplicaSet(Epoch epoch, Set<Long> stores) {
    public ReplicaSet {
        stores = Collections.unmodifiableSortedSet(new TreeSet<>(stores));
    }
}
