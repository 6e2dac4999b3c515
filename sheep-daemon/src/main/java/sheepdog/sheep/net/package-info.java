/**
 * The edges to clients and other sheep: {@link sheepdog.sheep.net.SheepServer} turns what comes in into requests on the
 * loop, {@link sheepdog.sheep.net.PeerLinks} carries requests to other sheep. Bytes, connections and limits; what a
 * request means is not known here.
 */
package sheepdog.sheep.net;
