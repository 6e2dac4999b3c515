package sheepdog.it.sim;

import java.nio.ByteBuffer;
import java.util.TreeMap;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.Payload;

/**
 * Payloads of one process that count as Netty's do: each must be released as often as it was retained, none may be
 * used afterwards, and at the end none may be left.
 */
public final class SimPayloads {
    private final TreeMap<Long, Counted> live = new TreeMap<>();
    private long made;

    /**
     * A payload over {@code bytes}, which are not copied, with a count of one.
     *
     * @param purpose for the report on what was never released
     */
    public Payload of(byte[] bytes, String purpose) {
        if (bytes.length == 0) {
            return Payload.EMPTY;
        }
        var payload = new Counted(made++, bytes, purpose);
        live.put(payload.number, payload);
        return payload;
    }

    /** How many were made and not released yet. */
    public int live() {
        return live.size();
    }

    /** @throws AssertionError if a payload was never released */
    public void checkAllReleased() {
        Invariant.check(live.isEmpty(), "%d payloads never released, such as %s", live.size(), live.values());
    }

    private final class Counted implements Payload {
        private final long number;
        private final byte[] bytes;
        private final String purpose;
        private int count = 1;

        Counted(long number, byte[] bytes, String purpose) {
            this.number = number;
            this.bytes = bytes;
            this.purpose = purpose;
        }

        @Override
        public int length() {
            checkLive();
            return bytes.length;
        }

        @Override
        public ByteBuffer bytes() {
            checkLive();
            return ByteBuffer.wrap(bytes).asReadOnlyBuffer();
        }

        @Override
        public Payload retain() {
            checkLive();
            count++;
            return this;
        }

        @Override
        public void release() {
            checkLive();
            if (--count == 0) {
                live.remove(number);
            }
        }

        private void checkLive() {
            Invariant.check(count > 0, "payload used after its release: %s", this);
        }

        @Override
        public String toString() {
            return purpose + "#" + number + " of " + bytes.length + " bytes";
        }
    }
}
