/**
 * The few small files of this module, and space kept for them on a file system that others fill. Start with
 * {@link sheepdog.membership.files.Folder}, the seam to the disk; {@link sheepdog.membership.files.Reserve} keeps the space.
 * What is in the files is their owners'.
 */
package sheepdog.membership.files;
