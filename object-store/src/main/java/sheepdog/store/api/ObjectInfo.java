package sheepdog.store.api;

import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;

/**
 * @param epoch the epoch of the newest mutation that reached this copy
 */
public record ObjectInfo(ObjectId oid, Epoch epoch) {}
