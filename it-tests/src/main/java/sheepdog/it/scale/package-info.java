/** How large a cluster can be: what one change of epoch costs each node. docs/scale.md has the figures. */
package sheepdog.it.scale;
