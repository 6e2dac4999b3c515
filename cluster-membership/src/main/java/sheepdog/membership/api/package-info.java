/**
 * Who is in the cluster, and one committed log for what the cluster decides.
 *
 * <p>Start with {@link sheepdog.membership.api.ClusterLog}: the seam that the daemon uses. Below it,
 * {@link sheepdog.membership.api.ClusterTransport} is what JGroups, a folder of sockets or the simulator give:
 * discovery, suspicion and best-effort messages, nothing that safety rests on.
 */
package sheepdog.membership.api;
