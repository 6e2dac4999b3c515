/** The contract of metadata stores, and a simulated one: {@link sheepdog.store.meta.SimMetaStore}. */
package sheepdog.store.meta;
