/** A simulated disk that fails and loses power on demand: {@link sheepdog.store.disk.SimDisk}. */
package sheepdog.store.disk;
