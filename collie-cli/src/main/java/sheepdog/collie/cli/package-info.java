/**
 * What every command of collie shares: the options that many have, the console, exit codes, and
 * numbers and dates as C prints them.
 *
 * <p>Text is handled as strings of bytes: each {@code char} is one byte (ISO 8859-1), so that names of any bytes pass
 * from the command line to the wire and to the output unchanged, and columns count bytes as the C library does. Knows
 * neither the network nor the commands.
 */
package sheepdog.collie.cli;
