/**
 * {@link sheepdog.store.meta.MetaStore} over RocksDB: the only package that sees it. Start with
 * {@link sheepdog.store.rocks.RocksMetaStore}.
 */
package sheepdog.store.rocks;
