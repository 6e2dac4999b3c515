package sheepdog.store.plain;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Vid;

/**
 * One entry of the journal. Integers are little endian.
 *
 * <pre>
 *   0 length   u32, of the whole record, a multiple of 8      24 generation u64
 *   4 kind     u8                                             32 sequence   u64 (DONE: number of the record meant)
 *   5 marked   u8, 1 if the object is in flight from here on  40 number     u64, unique within the journal
 *   6 extents  u16                                            48 extents: kind u32, first block u32, blocks u32 each
 *   8 oid      u64 (OWNER, COMPLETED: the vid)                .. per extent: DATA bytes, IN_PLACE u32 checksums
 *  16 epoch    u32                                            .. padding to 8
 *  20 mutated  u32, since then nobody changed the bytes that the object has from here on
 * </pre>
 *
 * @param marked   whether the object is in flight from here on
 * @param sequence as in {@link sheepdog.store.api.Stamp}
 */
record JournalRecord(
        Kind kind,
        boolean marked,
        long subject,
        Epoch epoch,
        Epoch mutated,
        long generation,
        long sequence,
        List<Extent> extents) {
    private static final int HEADER_BYTES = 48;
    private static final int EXTENT_BYTES = 12;
    private static final int NUMBER_OFFSET = 40;

    /** What happened. The order is the format's. */
    enum Kind {
        CREATE,
        WRITE,
        REMOVE,
        DROP,
        FORMAT,
        FENCE,
        OWNER,
        COMPLETED,
        SETTLED,
        DONE;

        private static final Kind[] ALL = values();
    }

    /** A run of blocks and what becomes of them. */
    sealed interface Extent {
        int first();

        int count();
    }

    /** The new bytes are here. */
    record Data(int first, int count, List<ByteBuffer> bytes) implements Extent {}

    /** The blocks read as zeros and take no space. */
    record Zeros(int first, int count) implements Extent {}

    /** The new bytes go straight to the file, after this record; these are their checksums. */
    record InPlace(int first, int count, int[] sums) implements Extent {}

    static JournalRecord plain(Kind kind, long subject, Epoch epoch, long generation, long sequence) {
        return new JournalRecord(kind, false, subject, epoch, Epoch.NONE, generation, sequence, List.of());
    }

    ObjectId oid() {
        return new ObjectId(subject);
    }

    Vid vid() {
        return new Vid((int) subject);
    }

    /** Whether what an earlier record wrote into the object's file matters no more, or is on disk for certain. */
    boolean isBarrier() {
        return switch (kind) {
            case CREATE, REMOVE, DROP -> true;
            case WRITE -> extents.stream().anyMatch(InPlace.class::isInstance);
            case FORMAT, FENCE, OWNER, COMPLETED, SETTLED, DONE -> false;
        };
    }

    boolean isMutation() {
        return switch (kind) {
            case CREATE, REMOVE, DROP, WRITE -> true;
            case FORMAT, FENCE, OWNER, COMPLETED, SETTLED, DONE -> false;
        };
    }

    int encodedLength() {
        int length = HEADER_BYTES + extents.size() * EXTENT_BYTES;
        for (Extent extent : extents) {
            switch (extent) {
                case Data data -> {
                    for (ByteBuffer piece : data.bytes()) {
                        length += piece.remaining();
                    }
                }
                case InPlace inPlace -> length += 4 * inPlace.sums().length;
                case Zeros _ -> {}
            }
        }
        return (length + 7) & ~7;
    }

    /** @param into little endian, with room for {@link #encodedLength} */
    void encode(ByteBuffer into, long number) {
        int start = into.position();
        int length = encodedLength();
        into.putInt(length).put((byte) kind.ordinal()).put((byte) (marked ? 1 : 0));
        into.putShort((short) extents.size());
        into.putLong(subject).putInt(epoch.number()).putInt(mutated.number());
        into.putLong(generation).putLong(sequence).putLong(number);
        for (Extent extent : extents) {
            into.putInt(
                    switch (extent) {
                        case Data _ -> 0;
                        case Zeros _ -> 1;
                        case InPlace _ -> 2;
                    });
            into.putInt(extent.first()).putInt(extent.count());
        }
        for (Extent extent : extents) {
            switch (extent) {
                case Data data -> {
                    for (ByteBuffer piece : data.bytes()) {
                        into.put(into.position(), piece, piece.position(), piece.remaining());
                        into.position(into.position() + piece.remaining());
                    }
                }
                case InPlace inPlace -> {
                    for (int sum : inPlace.sums()) {
                        into.putInt(sum);
                    }
                }
                case Zeros _ -> {}
            }
        }
        while (into.position() < start + length) {
            into.put((byte) 0);
        }
    }

    /** A record with the number it was given. */
    record Numbered(JournalRecord record, long number) {}

    /**
     * @param from position at a record whose batch had the right checksum; moved behind it. Data are views of it
     * @throws IllegalArgumentException if these bytes are no record
     */
    static Numbered decode(ByteBuffer from) {
        int start = from.position();
        require(from.remaining() >= HEADER_BYTES, "short header");
        int length = from.getInt(start);
        require(length >= HEADER_BYTES && length % 8 == 0 && length <= from.remaining(), "length");
        int kind = from.get(start + 4);
        require(0 <= kind && kind < Kind.ALL.length, "kind");
        boolean marked = from.get(start + 5) != 0;
        int extentCount = Short.toUnsignedInt(from.getShort(start + 6));
        long subject = from.getLong(start + 8);
        var epoch = new Epoch(from.getInt(start + 16));
        var mutated = new Epoch(from.getInt(start + 20));
        long generation = from.getLong(start + 24);
        long sequence = from.getLong(start + 32);
        long number = from.getLong(start + NUMBER_OFFSET);
        require(HEADER_BYTES + extentCount * EXTENT_BYTES <= length, "extents");
        boolean named = switch (Kind.ALL[kind]) {
            case CREATE, WRITE, REMOVE, DROP, SETTLED -> true;
            case FORMAT, FENCE, OWNER, COMPLETED, DONE -> false;
        };
        var oid = new ObjectId(subject);
        require(extentCount == 0 || named && oid.isValid(), "object id");
        var extents = new ArrayList<Extent>(extentCount);
        int body = start + HEADER_BYTES + extentCount * EXTENT_BYTES;
        for (int index = 0; index < extentCount; index++) {
            int at = start + HEADER_BYTES + index * EXTENT_BYTES;
            int first = from.getInt(at + 4);
            int count = from.getInt(at + 8);
            int blocks = Blocks.count(oid);
            require(first >= 0 && count > 0 && first < blocks && count <= blocks - first, "extent");
            switch (from.getInt(at)) {
                case 0 -> {
                    int bytes = Blocks.length(oid, first, count);
                    require(body + bytes <= start + length, "data");
                    extents.add(new Data(first, count, List.of(from.slice(body, bytes))));
                    body += bytes;
                }
                case 1 -> extents.add(new Zeros(first, count));
                case 2 -> {
                    require(body + 4 * count <= start + length, "checksums");
                    var sums = new int[count];
                    for (int block = 0; block < count; block++) {
                        sums[block] = from.getInt(body + 4 * block);
                    }
                    extents.add(new InPlace(first, count, sums));
                    body += 4 * count;
                }
                default -> require(false, "kind of extent");
            }
        }
        from.position(start + length);
        return new Numbered(
                new JournalRecord(
                        Kind.ALL[kind], marked, subject, epoch, mutated, generation, sequence, List.copyOf(extents)),
                number);
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new IllegalArgumentException("bad record: " + what);
        }
    }
}
