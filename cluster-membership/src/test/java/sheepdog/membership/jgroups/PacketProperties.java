package sheepdog.membership.jgroups;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.ByteRange;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;
import sheepdog.membership.api.Member;
import sheepdog.membership.transport.MemberCodec.MalformedException;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;

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

    @Property
    void aHelloSurvivesTheWire(
            @ForAll long incarnation, @ForAll @CharRange(from = '-', to = 'z') @StringLength(max = 64) String group)
            throws MalformedException {
        var member =
                new Member(new Node(NodeId.of("10.0.0.1", 7000), Optional.empty(), 64, 1, 1L << 40), 77, incarnation);

        assertThat(decode(new Packet.Hello(member, group))).isEqualTo(new Packet.Hello(member, group));
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
