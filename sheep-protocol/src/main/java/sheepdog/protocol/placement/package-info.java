/**
 * Which nodes hold an object. Start with {@link sheepdog.protocol.placement.VnodeRing}.
 *
 * <p>Pure functions of the node list, equal on every node and, bit for bit, to the original's: nodes of one epoch must
 * agree without asking. Knows nothing of bytes on a wire, nor of who is alive.
 */
package sheepdog.protocol.placement;
