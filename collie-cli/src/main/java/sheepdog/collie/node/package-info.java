/** The {@code collie node} family; {@link sheepdog.collie.node.NodeCommands} lists it in the order of the help. */
package sheepdog.collie.node;
