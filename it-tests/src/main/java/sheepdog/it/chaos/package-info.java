/**
 * Chaos with real processes: sheep in network namespaces, faults drawn from a seed, clients whose every operation is
 * recorded, and a judgement of what they saw. Start with {@link sheepdog.it.chaos.Chaos}; {@code docs/chaos.md} tells how
 * to run it. {@link sheepdog.it.chaos.Linearizability} is of use by itself. Nothing of the product is used here but its
 * programs.
 */
package sheepdog.it.chaos;
