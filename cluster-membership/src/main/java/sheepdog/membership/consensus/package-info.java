/**
 * The consensus core: who leads, which entries are committed, who holds a lease. Start with
 * {@link sheepdog.membership.consensus.Consensus}.
 *
 * <p>Pure: no I/O, no clock, no threads, no chance of its own. Messages and the time go in; messages, writes and
 * committed entries come out. It knows numbers of nodes ("store ids"), not addresses, and nothing of what entries mean.
 */
package sheepdog.membership.consensus;
