package sheepdog.membership.consensus;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Fields one after the other, little endian, lists and byte strings with their length (u32) before them. */
public final class FieldWriter {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    public FieldWriter u8(int value) {
        out.write(value);
        return this;
    }

    public FieldWriter flag(boolean value) {
        return u8(value ? 1 : 0);
    }

    public FieldWriter i32(int value) {
        for (int shift = 0; shift < 32; shift += 8) {
            out.write(value >>> shift);
        }
        return this;
    }

    public FieldWriter i64(long value) {
        return i32((int) value).i32((int) (value >>> 32));
    }

    public FieldWriter raw(byte[] value) {
        out.writeBytes(value);
        return this;
    }

    public FieldWriter bytes(byte[] value) {
        return i32(value.length).raw(value);
    }

    public FieldWriter text(String value) {
        return bytes(value.getBytes(StandardCharsets.UTF_8));
    }

    public FieldWriter longs(List<Long> values) {
        i32(values.size());
        values.forEach(this::i64);
        return this;
    }

    public byte[] toBytes() {
        return out.toByteArray();
    }
}
