package sheepdog.store.api;

import sheepdog.protocol.model.Epoch;

/**
 * Under which authority a mutation was admitted; the store checks it again at the door (R3, R7).
 *
 * @param epoch      the epoch of the node list it was admitted under
 * @param generation the owner generation of the object's VDI, as the cluster's log counts it
 * @param sequence   number of the mutation among those of this owner generation, from 1, growing; tells which in-flight
 *                   marks may go (R6)
 */
public record Stamp(Epoch epoch, long generation, long sequence) {}
