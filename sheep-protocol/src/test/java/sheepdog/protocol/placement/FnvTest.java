package sheepdog.protocol.placement;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class FnvTest {
    @Test
    void theHashIsTheKnownOne() {
        byte[] test = "test".getBytes(StandardCharsets.US_ASCII);

        assertThat(Fnv.add(Fnv.BASIS, test)).isEqualTo(0xf9e6e6ef197c2b25L);
    }

    @Test
    void numbersAreHashedLittleEndian() {
        assertThat(Fnv.addLong(Fnv.BASIS, 0x807c2b2500000000L)).isEqualTo(0xd4716bfd4bfa78e5L);
        assertThat(Fnv.addLong(Fnv.BASIS, 0x007c2b2500000000L)).isEqualTo(0xd471ebfd4bfb5265L);
        assertThat(Fnv.addInt(Fnv.BASIS, 0x04030201)).isEqualTo(Fnv.add(Fnv.BASIS, new byte[] {1, 2, 3, 4}));
        assertThat(Fnv.addShort(Fnv.BASIS, 0x0201)).isEqualTo(Fnv.add(Fnv.BASIS, new byte[] {1, 2}));
    }

    @Test
    void zerosChangeTheHash() {
        assertThat(Fnv.addZeros(Fnv.BASIS, 3)).isEqualTo(Fnv.add(Fnv.BASIS, new byte[3]));
    }
}
