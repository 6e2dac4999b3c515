/**
 * The sheep: the daemon that serves clients and other sheep. {@code main} builds it, {@code net} turns bytes into
 * requests, {@code runtime} is the one loop that everything which decides runs on.
 */
package sheepdog.sheep;
