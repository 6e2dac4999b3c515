/**
 * Objects on this node's disks. Start with {@link sheepdog.store.api.ObjectStore}.
 *
 * <p>Blocking calls with immutable arguments, from any thread; no threads and no network of its own. It never asks the
 * cluster anything: which epoch is current and who owns a VDI it is told.
 */
package sheepdog.store.api;
