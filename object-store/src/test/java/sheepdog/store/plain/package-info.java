/** Tests of the store: start with {@link sheepdog.store.plain.PowerCutProperties}. */
package sheepdog.store.plain;
