package sheepdog.protocol.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;

class VdiNameProperties {
    @Property
    void aFieldIsReadUpToItsFirstZero(@ForAll @Size(256) byte[] field) {
        VdiName name = VdiName.read(ByteBuffer.wrap(field), 0);

        int end = 0;
        while (end < 256 && field[end] != 0) {
            end++;
        }
        assertThat(name.bytes()).isEqualTo(Arrays.copyOf(field, end));
        assertThat(name.isTerminated()).isEqualTo(end < 256);
    }

    @Property
    void aFieldIsFilledWithZeros(@ForAll @Size(256) byte[] field) {
        VdiName name = VdiName.read(ByteBuffer.wrap(field), 0);
        byte[] written = new byte[258];
        Arrays.fill(written, (byte) 0x55);

        name.put(ByteBuffer.wrap(written), 1);

        assertThat(Arrays.copyOfRange(written, 1, 257)).isEqualTo(Arrays.copyOf(name.bytes(), 256));
        assertThat(written[0]).isEqualTo((byte) 0x55);
        assertThat(written[257]).isEqualTo((byte) 0x55);
    }

    @Property
    void namesAreEqualIfTheirBytesAre(@ForAll @Size(2) byte[] one, @ForAll @Size(2) byte[] other) {
        byte[] first = Arrays.copyOf(one, 256);
        byte[] second = Arrays.copyOf(other, 256);
        VdiName a = VdiName.read(ByteBuffer.wrap(first), 0);
        VdiName b = VdiName.read(ByteBuffer.wrap(second), 0);

        assertThat(a.equals(b)).isEqualTo(Arrays.equals(a.bytes(), b.bytes()));
    }
}
