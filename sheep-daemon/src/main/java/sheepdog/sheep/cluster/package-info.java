/**
 * What the cluster has decided: epochs, format, VDIs, owners. Start with {@link sheepdog.sheep.cluster.Cluster}.
 *
 * <p>{@link sheepdog.sheep.cluster.ClusterState} is deterministic: commands of the committed log in, results out; no
 * clock, no chance, no disk. Everything here is owned by the loop; other threads get a
 * {@link sheepdog.sheep.cluster.ClusterView}.
 */
package sheepdog.sheep.cluster;
