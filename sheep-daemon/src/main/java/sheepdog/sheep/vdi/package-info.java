/**
 * Virtual disks: making, finding, snapshotting and deleting them ({@link sheepdog.sheep.vdi.VdiService}), what clients
 * may do to their objects ({@link sheepdog.sheep.vdi.ClientObjects}), and giving back the space of deleted ones
 * ({@link sheepdog.sheep.vdi.Reclaim}). What exists is decided in the cluster's log.
 */
package sheepdog.sheep.vdi;
