package sheepdog.protocol.placement;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;

class WeightsTest {
    @Test
    void nodesOfEqualSpaceHave64() {
        assertThat(weights(5, 5, 5)).containsExactly(64, 64, 64);
    }

    @Test
    void nodesOfNearlyEqualSpaceHave64() {
        // Three stores of nearly one size, from a real epoch file.
        assertThat(weights(0x36ea2a1000L, 0x36e3048000L, 0x36db5ac000L)).containsExactly(64, 64, 64);
    }

    @Test
    void weightsFollowSpace() {
        assertThat(weights(1L << 40, 3L << 40)).containsExactly(32, 96);
    }

    @Test
    void nodesWithoutSpaceHaveNoneAndDoNotLowerTheMean() {
        assertThat(weights(0, 1000, 1000)).containsExactly(0, 64, 64);
    }

    @Test
    void halvesAreRoundedToEven() {
        // The mean is 128, so that half a unit of space is a quarter of a vnode.
        assertThat(weights(1, 255)).containsExactly(0, 128);
        assertThat(weights(3, 253)).containsExactly(2, 126);
        assertThat(weights(5, 251)).containsExactly(2, 126);
    }

    @Test
    void theMeanIsAWholeNumber() {
        // (1 + 2) / 2 is 1.
        assertThat(weights(1, 2)).containsExactly(64, 128);
    }

    @Test
    void withoutAnySpaceTheWeightsStayAsTheyWere() {
        List<Node> nodes = List.of(node(0, 0, 17), node(1, 0, 0));

        assertThat(Weights.assign(nodes)).isEqualTo(nodes);
    }

    @Test
    void aWeightFitsItsField() {
        List<Node> nodes = LongStream.range(0, 1024)
                .mapToObj(i -> node((int) i, i == 0 ? 1L << 60 : 1, 0))
                .toList();

        assertThat(Weights.assign(nodes).getFirst().vnodes()).isEqualTo(0xffff);
    }

    @Test
    void spaceIsUnsigned() {
        assertThat(weights(Long.MIN_VALUE, Long.MIN_VALUE - 1)).hasSize(2).allMatch(weight -> weight > 0);
    }

    private static List<Integer> weights(long... spaces) {
        List<Node> nodes =
                LongStream.of(spaces).mapToObj(space -> node(0, space, 7)).toList();
        return Weights.assign(nodes).stream().map(Node::vnodes).toList();
    }

    private static Node node(int i, long space, int vnodes) {
        return new Node(NodeId.of("10.0.0.1", i), Optional.empty(), vnodes, 0, space);
    }
}
