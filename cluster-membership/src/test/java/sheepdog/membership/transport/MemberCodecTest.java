package sheepdog.membership.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import sheepdog.membership.api.Member;
import sheepdog.membership.transport.MemberCodec.MalformedException;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;

final class MemberCodecTest {
    private static final Member MEMBER = new Member(
            new Node(NodeId.of("10.0.0.1", 7000), Optional.of(NodeId.of("10.1.0.1", 7001)), 64, -2, 1L << 40),
            0x1122334455667788L,
            3);
    private static final String BYTES = "01" + "1122334455667788" + "0000000000000003"
            + "000000000000000000000000" + "0a000001" + "1b58"
            + "01" + "000000000000000000000000" + "0a010001" + "1b59"
            + "0040" + "fffffffe" + "0000010000000000";

    @Test
    void layoutOfVersionOneStays() throws MalformedException {
        ByteBuffer out = ByteBuffer.allocate(MemberCodec.BYTES);

        MemberCodec.encode(MEMBER, out);

        assertThat(HexFormat.of().formatHex(out.array())).isEqualTo(BYTES);
        assertThat(MemberCodec.decode(ByteBuffer.wrap(HexFormat.of().parseHex(BYTES))))
                .isEqualTo(MEMBER);
    }

    @Test
    void aWitnessIsKnownForOne() throws MalformedException {
        var witness = new Member(MEMBER.node(), MEMBER.storeId(), MEMBER.incarnation(), true);
        ByteBuffer out = ByteBuffer.allocate(MemberCodec.BYTES);

        MemberCodec.encode(witness, out);

        assertThat(MemberCodec.decode(out.flip())).isEqualTo(witness);
    }

    @Test
    void anotherVersionIsRefusedByItsNumber() {
        assertThatThrownBy(
                        () -> MemberCodec.decode(ByteBuffer.wrap(HexFormat.of().parseHex("02" + BYTES.substring(2)))))
                .isInstanceOf(MalformedException.class)
                .hasMessage("member record of version 2, known is 1");
    }

    @Test
    void storeIdZeroIsRefused() {
        byte[] bytes = HexFormat.of().parseHex("01" + "0000000000000000" + BYTES.substring(18));

        assertThatThrownBy(() -> MemberCodec.decode(ByteBuffer.wrap(bytes))).isInstanceOf(MalformedException.class);
    }
}
