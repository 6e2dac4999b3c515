/** RocksDB held to the contract. */
package sheepdog.store.rocks;
