/** Planted bugs, and how long the simulator takes to see them. docs/simulator.md has the table. */
package sheepdog.it.mutants;
