package sheepdog.protocol.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import sheepdog.protocol.model.ObjectId;

/** What the original answered to the same reads. */
class ZeroTrimTest {
    @Test
    void anInodeHeaderIsTrimmedFromItsEnd() {
        byte[] header = new byte[4664];
        header[0] = 'a';
        header[560] = 1;

        assertThat(ZeroTrim.trim(ByteBuffer.wrap(header))).isEqualTo(new ZeroTrim.Part(0, 568));
    }

    @Test
    void zerosAloneOfWholeSectorsLeaveNothing() {
        assertThat(ZeroTrim.trim(ByteBuffer.allocate(16_384))).isEqualTo(new ZeroTrim.Part(16_384, 0));
    }

    @Test
    void aRestOfZerosShorterThanASectorStays() {
        assertThat(ZeroTrim.trim(ByteBuffer.allocate(ObjectId.INODE_BYTES)))
                .isEqualTo(new ZeroTrim.Part(ObjectId.INODE_BYTES - 56, 56));
    }

    @Test
    void whatLiesBeforeThePositionDoesNotCount() {
        ByteBuffer range = ByteBuffer.allocate(1024 + 3);
        range.put(1, (byte) 1);
        range.position(3);

        assertThat(ZeroTrim.trim(range)).isEqualTo(new ZeroTrim.Part(1024, 0));
    }

    @Test
    void anEmptyRangeIsEmpty() {
        assertThat(ZeroTrim.trim(ByteBuffer.allocate(0))).isEqualTo(new ZeroTrim.Part(0, 0));
    }
}
