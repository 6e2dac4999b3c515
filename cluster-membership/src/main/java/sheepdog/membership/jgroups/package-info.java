/**
 * Discovery and messages over JGroups: multicast, or TCP where the network has none. The only package that sees JGroups.
 *
 * <p>Start with {@link sheepdog.membership.jgroups.JGroupsTransport}. {@link sheepdog.membership.jgroups.JGroupsConfig}
 * is what an operator can choose; the protocols below are in {@code Stack}.
 */
package sheepdog.membership.jgroups;
