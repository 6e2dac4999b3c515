/**
 * Real sheep, real collie and real clients as processes of this machine. Start with
 * {@link sheepdog.it.process.ProcessCluster}. Everything waits for a condition with a deadline, and what was started is
 * ended by its process id, also when the tests themselves are ended.
 */
package sheepdog.it.process;
