/**
 * Brings to this store the objects that the current epoch wants here, from copies that can be trusted only (R4). Start
 * with {@link sheepdog.sheep.recovery.Recovery}. It must not know who waits for an object.
 */
package sheepdog.sheep.recovery;
