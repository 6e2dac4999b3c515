package sheepdog.protocol.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import sheepdog.protocol.model.Payload;

/**
 * How many copies a VDI has, as GET_VDI_COPIES lists it: vid u32, copies u32.
 *
 * @param vid as it came, 24 bits of it used
 */
public record VdiCopies(int vid, int copies) {
    public static final int BYTES = 8;

    /** All pairs from position to limit; a rest of less than 8 bytes is ignored. The buffer is left as it was. */
    public static List<VdiCopies> readAll(ByteBuffer from) {
        ByteBuffer in = from.slice().order(ByteOrder.LITTLE_ENDIAN);
        List<VdiCopies> all = new ArrayList<>(in.remaining() / BYTES);
        while (in.remaining() >= BYTES) {
            all.add(new VdiCopies(in.getInt(), in.getInt()));
        }
        return all;
    }

    /** The pairs one after the other; needs no release. */
    public static Payload encode(List<VdiCopies> all) {
        ByteBuffer out = ByteBuffer.allocate(all.size() * BYTES).order(ByteOrder.LITTLE_ENDIAN);
        all.forEach(one -> out.putInt(one.vid).putInt(one.copies));
        return Payload.of(out.flip());
    }
}
