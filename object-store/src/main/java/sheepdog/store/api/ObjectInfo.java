package sheepdog.store.api;

import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;

/**
 * @param epoch   of the newest mutation that reached this copy, or of the recovery that brought or confirmed it if that is later
 * @param mutated the epoch since which nobody changed these bytes, here or where they came from
 */
public record ObjectInfo(ObjectId oid, Epoch epoch, Epoch mutated) {}
