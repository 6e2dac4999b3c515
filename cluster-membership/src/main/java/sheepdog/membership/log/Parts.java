package sheepdog.membership.log;

/**
 * The parts of one {@link ConsensusLog} that letters and users' questions go to.
 *
 * @param neighbours who is there
 * @param proposals  this node's commands, and as a leader those of all
 * @param formatting how a cluster comes to be
 * @param forcing    how it goes on by an operator's word
 * @param twins      copies of this store that run elsewhere
 * @param oldCopies  directories that were restored from a backup
 * @param strangers  other clusters
 * @param faults     members that do not answer or do not reach each other
 * @param departure  a planned leave
 */
record Parts(
        Neighbours neighbours,
        Proposals proposals,
        Formatting formatting,
        Forcing forcing,
        Twins twins,
        OldCopies oldCopies,
        Strangers strangers,
        LinkFaults faults,
        Departure departure) {}
