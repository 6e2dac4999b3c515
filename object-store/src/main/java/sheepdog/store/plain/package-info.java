/**
 * The store proper: one file per object, metadata beside them, and a journal that makes small writes cheap and every
 * write whole. Start with {@link sheepdog.store.plain.PlainStore}, whose Javadoc gives the order on disk;
 * {@link sheepdog.store.plain.StoreDirectory} opens a node's directory.
 *
 * <p>It must not know the cluster, the network, or which disk and which metadata store it runs on.
 */
package sheepdog.store.plain;
