/**
 * Several sheep on one machine without any network set-up: they meet in a folder of unix sockets.
 *
 * <p>Start with {@link sheepdog.membership.local.LocalTransport}. Uses the JDK only; the one place in this module,
 * besides the log's storage, that touches files.
 */
package sheepdog.membership.local;
