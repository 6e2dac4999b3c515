/**
 * The committed log of a sheep, on a loop, a disk and a transport. Start with {@link sheepdog.membership.log.ConsensusLog},
 * which puts the parts together and takes turns; each part has one subject, and knows the others by
 * {@link sheepdog.membership.log.LogNode}.
 *
 * <ul>
 *   <li>State: Replica (what entries come to), Sessions, StoreAges, Lineage, LogState (all of it in a snapshot), Command.
 *   <li>Disk: LogDisk (writes, waiting for space), LogStorage, FileLogStorage, RecordCodec.
 *   <li>Talk: Inbox (what comes, and to whom it goes), Letter, Neighbours (who is there).
 *   <li>Users: Proposals (commands), Standing (phases and reasons), Departure (a planned leave).
 *   <li>Leading: Leading, Steward (who is to be a member), VoterPolicy, Cover (whom to put out for broken links).
 *   <li>Members that do not reach each other: LinkFaults, Complaints, Reports, Reach, Links, Bars.
 *   <li>Clusters: Formatting (begin), Forcing (go on by force), Strangers (meet), OldCopies and Twins (the same store twice).
 * </ul>
 *
 * It knows nothing of what commands mean: that is the {@link sheepdog.membership.api.ClusterLog.StateMachine}'s.
 */
package sheepdog.membership.log;
