/**
 * Small records beside the objects: a sorted map of bytes with atomic batches. Start with
 * {@link sheepdog.store.meta.MetaStore}.
 *
 * <p>It must not know what the records mean. The RocksDB behind it is in {@code store.rocks}.
 */
package sheepdog.store.meta;
