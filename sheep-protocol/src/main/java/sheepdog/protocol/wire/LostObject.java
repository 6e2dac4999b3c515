package sheepdog.protocol.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import sheepdog.protocol.model.Epoch;

/**
 * What became of the wish to declare an object lost. On the wire, 8 bytes:
 *
 * <pre>
 *  0 epoch u32 | 4 node u16 | 6 answer u8 | 7 zero
 * </pre>
 *
 * @param epoch of the newest copy that is there, NONE if there is none
 * @param node  who has it: its number in the list of the nodes; 65535 if nobody
 */
public record LostObject(Answer answer, Epoch epoch, int node) {
    /** On the wire. */
    public static final int BYTES = 8;

    /** Instead of a number. */
    public static final int NOBODY = 0xffff;

    /** In the order of their numbers, from 0. */
    public enum Answer {
        /** It waits for absent nodes; if that was the wish, it is declared lost now. */
        LOST,
        /** Its newest copy is there. */
        NOT_WAITING,
        /** A node that is a member did not answer; it may have the newest copy. */
        UNKNOWN,
        /** The members changed meanwhile. */
        EPOCH_CHANGED,
        /** There is no copy, and nobody is waited for who may have one: it never was, was removed, or is gone. */
        ABSENT
    }

    /** Those of one answer. */
    public static ByteBuffer encode(List<LostObject> objects) {
        var bytes = ByteBuffer.allocate(objects.size() * BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (LostObject object : objects) {
            bytes.putInt(object.epoch.number())
                    .putShort((short) object.node)
                    .put((byte) object.answer.ordinal())
                    .put((byte) 0);
        }
        return bytes.flip();
    }

    /** @throws IllegalArgumentException if these are no such answers */
    public static List<LostObject> readAll(ByteBuffer bytes) {
        ByteBuffer in = bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
        var objects = new ArrayList<LostObject>();
        while (in.remaining() >= BYTES) {
            var epoch = new Epoch(in.getInt());
            int node = Short.toUnsignedInt(in.getShort());
            int answer = in.getShort();
            if (answer < 0 || Answer.values().length <= answer) {
                throw new IllegalArgumentException("answer " + answer);
            }
            objects.add(new LostObject(Answer.values()[answer], epoch, node));
        }
        return objects;
    }
}
