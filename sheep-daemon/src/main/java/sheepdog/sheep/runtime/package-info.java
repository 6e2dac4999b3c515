/**
 * The seams of the daemon to the world: other sheep ({@link sheepdog.sheep.runtime.PeerLink}), what the edges hand
 * requests to ({@link sheepdog.sheep.runtime.RequestSink}), the time of day. The loop itself is
 * {@link sheepdog.membership.runtime.Loop}. It must not know who implements them.
 */
package sheepdog.sheep.runtime;
