package sheepdog.membership.jgroups;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.ByteRange;
import net.jqwik.api.constraints.Size;
import sheepdog.membership.transport.MemberCodec.MalformedException;

final class PacketProperties {
    @Property
    void dataAndReportsSurviveTheWire(
            @ForAll long stream, @ForAll long position, @ForAll @Size(max = 64) byte[] message)
            throws MalformedException {
        var data = (Packet.Data) decode(new Packet.Data(stream, position, ByteBuffer.wrap(message)));

        assertThat(data.stream()).isEqualTo(stream);
        assertThat(data.position()).isEqualTo(position);
        assertThat(data.bytes()).isEqualTo(ByteBuffer.wrap(message));
        assertThat(decode(new Packet.Taken(stream, position))).isEqualTo(new Packet.Taken(stream, position));
    }

    @Property(tries = 1)
    void wordsWithoutContentSurviveTheWire() throws MalformedException {
        assertThat(decode(new Packet.Leaving())).isEqualTo(new Packet.Leaving());
    }

    @Property
    void garbageIsRefusedOrIsAPacket(
            @ForAll @Size(max = 100) byte[] garbage, @ForAll @ByteRange(min = 0x10, max = 0x1f) byte head) {
        decodeOrRefuse(garbage);
        if (garbage.length > 0) {
            garbage[0] = head;
            decodeOrRefuse(garbage);
        }
    }

    private static Packet decode(Packet packet) throws MalformedException {
        return Packet.decode(ByteBuffer.wrap(packet.encode()));
    }

    private static void decodeOrRefuse(byte[] bytes) {
        try {
            assertThat(Packet.decode(ByteBuffer.wrap(bytes))).isNotNull();
        } catch (MalformedException refused) {
            assertThat(refused.getMessage()).isNotEmpty();
        }
    }
}
