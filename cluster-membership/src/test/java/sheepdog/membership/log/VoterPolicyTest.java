package sheepdog.membership.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import sheepdog.membership.api.Member;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;

class VoterPolicyTest {
    private final List<Member> members = new ArrayList<>();

    @Test
    void aWitnessVotesBesideTwoWithData() {
        data(1);
        data(2);
        witness(3);

        assertThat(VoterPolicy.choose(List.of(), members)).containsExactly(1L, 2L, 3L);
    }

    @Test
    void besideAnOddNumberItWouldMakeATie() {
        data(1);
        witness(2);
        data(3);
        data(4);

        assertThat(VoterPolicy.choose(List.of(1L, 3L, 2L), members)).containsExactly(1L, 3L, 4L);
        assertThat(VoterPolicy.choose(List.of(), members.subList(0, 2))).containsExactly(1L);
    }

    @Test
    void oneWitnessIsEnoughAndTheOneThatVotesStays() {
        data(1);
        data(2);
        witness(3);
        witness(4);

        assertThat(VoterPolicy.choose(List.of(2L, 1L, 4L), members)).containsExactly(2L, 1L, 4L);
    }

    @Test
    void aGatewayHasNoVote() {
        data(1);
        data(2);
        members.add(new Member(node(3, 0), 3, 1));

        assertThat(VoterPolicy.choose(List.of(), members)).containsExactly(1L, 2L);
    }

    @Test
    void tiesAreBrokenByOneWithData() {
        witness(1);
        data(2);
        data(3);

        List<Long> voters = VoterPolicy.choose(List.of(1L), members);

        assertThat(VoterPolicy.quorum(voters, members).tie()).isEqualTo(2L);
    }

    private void data(int number) {
        members.add(new Member(node(number, 64), number, 1));
    }

    private void witness(int number) {
        members.add(new Member(node(number, 0), number, 1, true));
    }

    private static Node node(int number, int vnodes) {
        return new Node(NodeId.of("10.0.0." + number, 7000), Optional.empty(), vnodes, number, vnodes * (1L << 30));
    }
}
