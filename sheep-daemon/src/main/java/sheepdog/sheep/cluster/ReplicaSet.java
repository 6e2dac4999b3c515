package sheepdog.sheep.cluster;

import java.util.Set;
import sheepdog.protocol.model.Epoch;

/** The stores that an object's replicas were in, in one epoch. */
public record ReplicaSet(Epoch epoch, Set<Long> stores) {
    public ReplicaSet {
        stores = Set.copyOf(stores);
    }
}
