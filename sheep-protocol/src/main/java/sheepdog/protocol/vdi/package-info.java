/**
 * Arithmetic of VDIs that servers and clients must agree on: which vids a name may have, how a name is looked up among
 * them, which objects a range of a disk touches.
 *
 * <p>Start with {@link sheepdog.protocol.vdi.VidProbe}. Pure; knows nothing of where inodes come from.
 */
package sheepdog.protocol.vdi;
