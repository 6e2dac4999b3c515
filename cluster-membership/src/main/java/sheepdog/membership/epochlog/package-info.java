/**
 * Epochs and the format on disk, in the original's layout. Start with {@link sheepdog.membership.epochlog.EpochLog}.
 * Nothing is decided here: what was decided is in the cluster's log.
 */
package sheepdog.membership.epochlog;
