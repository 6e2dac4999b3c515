/**
 * How a command of collie is described and run: {@link sheepdog.collie.command.Command} with its options, words and
 * handler, and {@link sheepdog.collie.command.Invocation}, what a handler is given. Knows no particular command.
 */
package sheepdog.collie.command;
