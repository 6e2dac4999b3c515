/**
 * The seam to time and threads: {@link sheepdog.membership.runtime.Loop}. The lowest module that needs it holds it; the
 * daemon's features use the same one. The real loop is the daemon's ({@code runtime.real}), the simulated one is
 * {@code it-tests}'.
 */
package sheepdog.membership.runtime;
