package sheepdog.store.plain;

import sheepdog.protocol.model.Invariant;

/**
 * How a {@link PlainStore} runs.
 *
 * @param segmentBytes    size of each of the two journal files, a multiple of 64 KiB. More means fewer checkpoints and
 *                        a longer start after a crash
 * @param inPlaceBytes    writes from here on go straight to the object's file, smaller ones through the journal
 * @param objectsCached   objects whose checksums are kept in memory, 4 KiB each; those with unsaved changes come on top
 * @param filesOpen       object files kept open
 * @param reservedBytes   kept for the metadata, twice: free space that objects do not grow into, and a file of this size
 *                        that is given up when others have filled that
 * @param synced          false drops every sync: nothing survives a power loss then, only the end of the process
 */
public record PlainStoreConfig(
        int segmentBytes, int inPlaceBytes, int objectsCached, int filesOpen, long reservedBytes, boolean synced) {
    /** Several checkpoints find room in it, and the metadata's database when it is opened again. */
    static final long RESERVED_BYTES = 32L << 20;

    /** 64 MiB segments hold some 8,000 writes of 4 KiB each; see docs/design/003-write-path.md for the rest. */
    public static final PlainStoreConfig DEFAULT =
            new PlainStoreConfig(64 << 20, 64 << 10, 4096, 1024, RESERVED_BYTES, true);

    public PlainStoreConfig {
        Invariant.check(segmentBytes >= 256 << 10 && segmentBytes % (64 << 10) == 0, "segment of %d", segmentBytes);
        Invariant.check(0 < inPlaceBytes && inPlaceBytes <= segmentBytes / 8, "in place from %d", inPlaceBytes);
        Invariant.check(objectsCached > 0 && filesOpen > 0 && reservedBytes >= 0, "limits of %s", "the store");
    }

    public PlainStoreConfig withSynced(boolean value) {
        return new PlainStoreConfig(segmentBytes, inPlaceBytes, objectsCached, filesOpen, reservedBytes, value);
    }
}
