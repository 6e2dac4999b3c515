/**
 * A whole cluster on simulated time: the production classes, run on loops, a network and disks that a seed decides.
 *
 * <p>Start with {@link sheepdog.it.sim.SimTime}, the one queue of events, then {@link sheepdog.it.sim.SimLoop} (a
 * process), {@link sheepdog.it.sim.SimNetwork} (what lies between processes) and {@link sheepdog.it.sim.SimTransport}
 * (discovery and suspicion). One seed gives one run, to the byte: nothing here may ask the machine for time, threads,
 * chance or the order of a hash table.
 */
package sheepdog.it.sim;
