/**
 * What this sheep does for its clients: reads from one replica, writes to all. Start with
 * {@link sheepdog.sheep.gateway.Gateway}.
 *
 * <p>Nothing that a retry can cure is shown to a client: epochs that moved, replicas that do not answer, an owner that
 * must yield first, a lease that ran out; the request waits here and is tried again.
 */
package sheepdog.sheep.gateway;
