/**
 * The {@code collie vdi} family. {@link sheepdog.collie.vdi.VdiCommands} lists it in the order of the help, one class
 * per command does the work, {@code VdiOptions} has the options they share.
 */
package sheepdog.collie.vdi;
