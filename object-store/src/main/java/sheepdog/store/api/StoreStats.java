package sheepdog.store.api;

/**
 * @param totalBytes size of the file system that holds the objects
 * @param freeBytes  what an unprivileged user may still write
 * @param objects    objects held
 * @param nominalBytes sum of the objects' nominal sizes, as {@code node info} counts them
 */
public record StoreStats(long totalBytes, long freeBytes, long objects, long nominalBytes) {}
