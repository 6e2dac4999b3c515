package sheepdog.membership.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.Size;
import sheepdog.membership.api.Member;
import sheepdog.membership.transport.MemberCodec.MalformedException;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;

final class MemberCodecProperties {
    @Provide
    Arbitrary<Member> members() {
        Arbitrary<NodeId> ids = Combinators.combine(
                        Arbitraries.bytes().array(byte[].class).ofSize(16),
                        Arbitraries.integers().between(0, 65535))
                .as(NodeId::new);
        Arbitrary<Node> nodes = Combinators.combine(
                        ids,
                        ids.optional(),
                        Arbitraries.integers().between(0, 65535),
                        Arbitraries.integers(),
                        Arbitraries.longs())
                .as(Node::new);
        return Combinators.combine(nodes, Arbitraries.longs().filter(id -> id != 0), Arbitraries.longs())
                .as(Member::new);
    }

    @Property
    void whatWasEncodedIsDecodedAndTakesTheSaidBytes(@ForAll("members") Member member) throws MalformedException {
        ByteBuffer bytes = ByteBuffer.allocate(MemberCodec.BYTES + 3);

        MemberCodec.encode(member, bytes);

        assertThat(bytes.position()).isEqualTo(MemberCodec.BYTES);
        bytes.flip();
        assertThat(MemberCodec.decode(bytes)).isEqualTo(member);
        assertThat(bytes.hasRemaining()).isFalse();
    }

    @Property
    void garbageIsRefusedOrIsAMember(@ForAll @Size(max = 80) byte[] garbage) {
        decodeOrRefuse(garbage);
        if (garbage.length > 0) {
            garbage[0] = MemberCodec.VERSION;
            decodeOrRefuse(garbage);
        }
    }

    private static void decodeOrRefuse(byte[] bytes) {
        Optional<Member> decoded;
        try {
            decoded = Optional.of(MemberCodec.decode(ByteBuffer.wrap(bytes)));
        } catch (MalformedException _) {
            decoded = Optional.empty();
        }
        if (bytes.length < MemberCodec.BYTES) {
            assertThat(decoded).isEmpty();
        }
    }
}
