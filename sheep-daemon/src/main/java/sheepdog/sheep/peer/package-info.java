/**
 * What other sheep ask of this node's store. Start with {@link sheepdog.sheep.peer.Peer}. Every request is held against
 * the epoch first; it must not know who the clients are.
 */
package sheepdog.sheep.peer;
