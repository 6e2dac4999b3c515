/**
 * The only door to files. Start with {@link sheepdog.store.disk.Disk}; {@link sheepdog.store.disk.RealDisk} is the
 * machine's, and the tests bring a simulated one that loses power.
 *
 * <p>It must not know what the files mean: objects, checksums and journals are the business of its callers.
 */
package sheepdog.store.disk;
