package sheepdog.it.chaos;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The bytes of sectors: which value they are of, on which disk and where, so that data of another place, and mixtures, are
 * found out. Value 0 is zeros.
 */
final class SectorData {
    static final int BYTES = 512;

    private final int disk;

    SectorData(int disk) {
        this.disk = disk;
    }

    /** Sectors that all are of {@code value}. */
    byte[] of(long value, long firstSector, int sectors) {
        var all = ByteBuffer.allocate(sectors * BYTES);
        for (int i = 0; i < sectors; i++) {
            all.put(sector(value, firstSector + i));
        }
        return all.array();
    }

    /**
     * Which value each sector is of.
     *
     * @throws IllegalStateException if one is not of a value, as a whole and in its place
     */
    long[] values(byte[] data, long firstSector) {
        long[] values = new long[data.length / BYTES];
        for (int i = 0; i < values.length; i++) {
            values[i] = ByteBuffer.wrap(data).getLong(i * BYTES);
            byte[] expected = sector(values[i], firstSector + i);
            int at = Arrays.mismatch(expected, 0, BYTES, data, i * BYTES, (i + 1) * BYTES);
            if (at >= 0) {
                throw new IllegalStateException(
                        "sector %d begins as value %d, and differs at its byte %d: a mixture, or another place's data"
                                .formatted(firstSector + i, values[i], at));
            }
        }
        return values;
    }

    private byte[] sector(long value, long sector) {
        var bytes = ByteBuffer.allocate(BYTES);
        if (value == 0) {
            return bytes.array();
        }
        bytes.putLong(value).putLong((long) disk << 48 | sector);
        long mixed = value * 0x9e37_79b9_7f4a_7c15L ^ sector;
        while (bytes.hasRemaining()) {
            mixed ^= mixed << 13;
            mixed ^= mixed >>> 7;
            mixed ^= mixed << 17;
            bytes.putLong(mixed);
        }
        return bytes.array();
    }
}
