/**
 * What the transports have in common: {@link sheepdog.membership.transport.MemberCodec}, how a sheep tells others who
 * it is, {@link sheepdog.membership.transport.HostProbe}, how one finds out that a process is dead, and
 * {@link sheepdog.membership.transport.SendWindow}, what bounds the bytes under way to one sheep. Knows no library.
 */
package sheepdog.membership.transport;
