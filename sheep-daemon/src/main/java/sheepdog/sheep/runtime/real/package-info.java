/**
 * Threads and clocks of a running sheep: start at {@link sheepdog.sheep.runtime.real.RealLoop}. The only package of the
 * daemon that may make a thread or ask the machine for the time.
 */
package sheepdog.sheep.runtime.real;
