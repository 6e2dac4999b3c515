/**
 * The committed log on disk and between sheep: {@link sheepdog.membership.log.ConsensusLog} runs the pure core of
 * {@code consensus} on a loop, a {@link sheepdog.membership.log.LogStorage} and a transport, and decides who is a
 * member.
 */
package sheepdog.membership.log;
