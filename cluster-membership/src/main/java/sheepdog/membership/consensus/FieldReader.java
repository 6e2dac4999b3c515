package sheepdog.membership.consensus;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads what {@link FieldWriter} wrote. Lengths are checked against what is left before anything is allocated.
 * Every method throws {@link MalformedException} when the bytes do not hold what is asked.
 */
public final class FieldReader {
    private final ByteBuffer in;

    public FieldReader(byte[] bytes) {
        in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    public int u8() {
        need(1);
        return in.get() & 0xff;
    }

    public boolean flag() {
        int value = u8();
        require(value <= 1, "flag");
        return value == 1;
    }

    public int i32() {
        need(4);
        return in.getInt();
    }

    public long i64() {
        need(8);
        return in.getLong();
    }

    public byte[] raw(int length) {
        need(length);
        byte[] value = new byte[length];
        in.get(value);
        return value;
    }

    public byte[] bytes() {
        return raw(count(1));
    }

    public String text() {
        return new String(bytes(), StandardCharsets.UTF_8);
    }

    public List<Long> longs() {
        int count = count(8);
        var values = new ArrayList<Long>(count);
        for (int i = 0; i < count; i++) {
            values.add(in.getLong());
        }
        return values;
    }

    /** The length of a list whose items take at least {@code itemBytesMin} bytes each. */
    public int count(int itemBytesMin) {
        int count = i32();
        require(count >= 0 && (long) count * itemBytesMin <= in.remaining(), "count");
        return count;
    }

    /** What has not been read yet. */
    public byte[] rest() {
        return raw(in.remaining());
    }

    public void end() {
        require(!in.hasRemaining(), "end");
    }

    public void require(boolean holds, String field) {
        if (!holds) {
            throw new MalformedException("malformed " + field + " at byte " + in.position());
        }
    }

    private void need(int bytes) {
        require(0 <= bytes && bytes <= in.remaining(), "length");
    }
}
