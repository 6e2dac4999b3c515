/** What every object store must do: {@link sheepdog.store.api.ObjectStoreContract}. */
package sheepdog.store.api;
