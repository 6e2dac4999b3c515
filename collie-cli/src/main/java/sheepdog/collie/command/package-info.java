/**
 * How a command of collie is described and run: {@link sheepdog.collie.command.Commands} makes picocli's description of
 * it with its options, operands and {@link sheepdog.collie.command.Task}, {@link sheepdog.collie.command.Model} joins
 * them, and {@link sheepdog.collie.command.Invocation} is what a handler is given. Knows no particular command.
 *
 * <p>Of picocli this uses the model and the parser. What it does not use, and why: its own reading of a line as the user
 * wrote it, since it has neither the C library's permutation and prefixes nor its complaints; its check that operands
 * are there, which would come before the node list is asked for; its execution, which prints what is thrown; its help,
 * the layout of which is read by scripts (the sections are ours).
 */
package sheepdog.collie.command;
