/** The {@code collie cluster} family; {@link sheepdog.collie.cluster.ClusterCommands} lists it in the order of the help. */
package sheepdog.collie.cluster;
