package sheepdog.sheep.cluster;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Vid;

/**
 * Which objects an operator declared lost, in which epoch: who was absent then counts no more. Of several such words about
 * one object the last one counts. Deterministic part of {@link ClusterState}.
 */
final class LostObjects {
    private final TreeMap<ObjectId, Epoch> declared = new TreeMap<>();
    private int changes;

    void add(List<ObjectId> oids, Epoch epoch) {
        oids.forEach(oid -> declared.put(oid, epoch));
        changes++;
    }

    Optional<Epoch> find(ObjectId oid) {
        return Optional.ofNullable(declared.get(oid));
    }

    /** Grows with each declaration that this process has applied. */
    int changes() {
        return changes;
    }

    void clear() {
        declared.clear();
    }

    /** The id is given to another VDI: whatever was said is about the former one. */
    void forget(Vid vid) {
        declared.keySet().removeIf(oid -> oid.vid().equals(vid));
    }

    /** @param settled whether all members have recovered that object since */
    void forgetAll(Predicate<ObjectId> settled) {
        declared.keySet().removeIf(settled);
    }

    void write(DataOutputStream out) throws IOException {
        out.writeInt(declared.size());
        for (var entry : declared.entrySet()) {
            out.writeLong(entry.getKey().bits());
            out.writeInt(entry.getValue().number());
        }
    }

    void read(DataInputStream in) throws IOException {
        declared.clear();
        for (int left = in.readInt(); left > 0; left--) {
            declared.put(new ObjectId(in.readLong()), new Epoch(in.readInt()));
        }
        changes++;
    }
}
