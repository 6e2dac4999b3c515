/**
 * One thread, simulated time, a log that commits at once, stores in memory and links driven by hand: what tests of the
 * daemon's features stand on. Whole clusters under faults are {@code it-tests}' simulator's.
 */
package sheepdog.sheep.testkit;
