package sheepdog.it.sim;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;
import java.util.TreeMap;
import sheepdog.protocol.model.Invariant;

/**
 * What each 512-byte sector of a disk may hold, as its only writer knows it (promises I1 and I2).
 *
 * <p>Every write has a number, and every sector written says which write it is of; sectors never written are zeros, the
 * write 0. A write that was acknowledged is what the sector holds. One that is under way may be there or not. One that
 * was given up, because its connection ended and it is not sent again, may be there or not too, until the sector is
 * read or a later write to it is acknowledged: from then on it is what was found.
 *
 * <p>Reads and writes of one sector by this client do not overlap in time, as the users of a disk see to it.
 */
public final class SectorModel {
    public static final int SECTOR_BYTES = 512;

    private final long salt;
    private final TreeMap<Long, SequencedSet<Long>> possible = new TreeMap<>();
    private long lastWrite;

    /** @param salt tells disks apart, so that one's data on another is found out */
    public SectorModel(long salt) {
        this.salt = salt;
    }

    /** A write under way. */
    public record Write(long number, long firstSector, int sectors) {}

    /** A copy that goes its own way from here on: what a snapshot holds. */
    public SectorModel copy() {
        var copy = new SectorModel(salt);
        copy.lastWrite = lastWrite;
        possible.forEach((sector, writes) -> copy.possible.put(sector, new LinkedHashSet<>(writes)));
        return copy;
    }

    /**
     * What a clone holds, which goes its own way from here on.
     *
     * @param branch tells its writes from those of the others of its family; from 1
     */
    public SectorModel branch(int branch) {
        SectorModel copy = copy();
        copy.lastWrite += branch * 1_000_000_000_000L;
        return copy;
    }

    /** Begins to empty sectors: from now on each of them may hold zeros. */
    public void discarding(long firstSector, int sectors) {
        possible.subMap(firstSector, firstSector + sectors).values().forEach(writes -> writes.add(0L));
    }

    /** The sectors were emptied: they hold zeros and nothing else. */
    public void discarded(long firstSector, int sectors) {
        List.copyOf(possible.subMap(firstSector, firstSector + sectors).keySet())
                .forEach(sector -> settle(sector, 0));
    }

    /** Begins a write: from now on each of the sectors may hold it. */
    public Write begin(long firstSector, int sectors) {
        long number = ++lastWrite;
        for (long sector = firstSector; sector < firstSector + sectors; sector++) {
            at(sector).add(number);
        }
        return new Write(number, firstSector, sectors);
    }

    /** The bytes of a write. */
    public byte[] data(Write write) {
        byte[] all = new byte[write.sectors * SECTOR_BYTES];
        for (int i = 0; i < write.sectors; i++) {
            fill(all, i * SECTOR_BYTES, write.firstSector + i, write.number);
        }
        return all;
    }

    /** The write was acknowledged: the sectors hold it and nothing else. */
    public void acknowledged(Write write) {
        for (long sector = write.firstSector; sector < write.firstSector + write.sectors; sector++) {
            settle(sector, write.number);
        }
    }

    /**
     * Checks what was read.
     *
     * @throws AssertionError if a sector holds what it cannot hold, or a mixture
     */
    public void read(long firstSector, byte[] data) {
        check(firstSector, data, true);
    }

    /**
     * Likewise, of what the disk shows where it has no object of its own: the object may be there nevertheless, made by a
     * driver that died before it could say so, and be found when it is made again.
     */
    public void readBeneath(long firstSector, byte[] data) {
        check(firstSector, data, false);
    }

    private void check(long firstSector, byte[] data, boolean settles) {
        Invariant.check(data.length % SECTOR_BYTES == 0, "read of %d bytes", data.length);
        for (int i = 0; i < data.length / SECTOR_BYTES; i++) {
            long sector = firstSector + i;
            long found = identify(sector, data, i * SECTOR_BYTES);
            Invariant.check(
                    at(sector).contains(found), "sector %d holds write %d; possible are %s", sector, found, at(sector));
            if (settles) {
                settle(sector, found);
            }
        }
    }

    /** Sectors that were ever written, in order. */
    public List<Long> written() {
        return List.copyOf(possible.keySet());
    }

    private long identify(long sector, byte[] data, int offset) {
        long number =
                ByteBuffer.wrap(data, offset, 8).order(ByteOrder.LITTLE_ENDIAN).getLong();
        byte[] expected = new byte[SECTOR_BYTES];
        if (number != 0) {
            fill(expected, 0, sector, number);
        }
        for (int i = 0; i < SECTOR_BYTES; i++) {
            Invariant.check(
                    expected[i] == data[offset + i],
                    "sector %d begins as write %d and differs at byte %d: a mixture, or another sector's data",
                    sector,
                    number,
                    i);
        }
        return number;
    }

    private void fill(byte[] into, int offset, long sector, long number) {
        var out = ByteBuffer.wrap(into, offset, SECTOR_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        out.putLong(number);
        long mixed = salt ^ sector * 0x9e37_79b9_7f4a_7c15L ^ number * 0xbf58_476d_1ce4_e5b9L;
        while (out.hasRemaining()) {
            mixed ^= mixed << 13;
            mixed ^= mixed >>> 7;
            mixed ^= mixed << 17;
            out.putLong(mixed);
        }
    }

    private void settle(long sector, long number) {
        SequencedSet<Long> writes = at(sector);
        writes.clear();
        writes.add(number);
    }

    private SequencedSet<Long> at(long sector) {
        return possible.computeIfAbsent(sector, _ -> new LinkedHashSet<>(List.of(0L)));
    }
}
