package sheepdog.membership.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import sheepdog.membership.api.Member;
import sheepdog.membership.log.Reports.Link;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;

class CoverTest {
    private final List<Member> members = new ArrayList<>();
    private final Set<Link> broken = new TreeSet<>();
    private long leader;
    private Set<Long> blamed = Set.of();

    @Test
    void nobodyIsPutOutWhenNoLinkIsBroken() {
        zones(1, 2, 3);

        assertThat(choose(majority())).isEmpty();
    }

    @Test
    void ofTwoEndsTheLaterOneIsPutOut() {
        zones(1, 2, 3);
        broken(1, 2);

        assertThat(choose(majority())).contains(Set.of(2L));
    }

    @Test
    void theLeaderStaysIfTheOtherEndWillDo() {
        zones(1, 2, 3);
        leader = 2;
        broken(1, 2);

        assertThat(choose(majority())).contains(Set.of(1L));
    }

    @Test
    void oneAtTheEndOfTwoLinksIsPutOutAndNotTwo() {
        zones(1, 2, 3, 4, 5);
        leader = 1;
        broken(1, 4);
        broken(1, 5);

        assertThat(choose(majority())).contains(Set.of(1L));
    }

    @Test
    void whoIsNotAloneInItsZoneIsPutOutRatherThanOneWhoIs() {
        zones(1, 2, 2, 3);
        broken(2, 4);

        assertThat(choose(majority())).contains(Set.of(2L));
    }

    @Test
    void oneWithoutDataIsPutOutRatherThanOneThatHasSome() {
        gateway(3);
        zones(1, 2);
        broken(1, 2);

        assertThat(choose(majority())).contains(Set.of(1L));
    }

    @Test
    void whoAloneFindsALinkBrokenIsPutOutRatherThanTheOtherEnd() {
        zones(1, 2, 3);
        blamed = Set.of(1L);
        broken(1, 2);

        assertThat(choose(majority())).contains(Set.of(1L));
    }

    @Test
    void ifTheOthersCannotDecideWithoutAllOneGoesFirst() {
        zones(1, 2, 3, 4);
        leader = 3;
        broken(1, 2);
        broken(2, 4);
        broken(1, 4);

        assertThat(choose(majority()).orElseThrow()).hasSize(1).doesNotContain(3L);
    }

    @Test
    void ifTheOthersCannotDoWithoutAnyNobodyIsPutOut() {
        zones(1, 2);
        broken(1, 2);

        assertThat(choose(majority())).isEmpty();
    }

    @Test
    void betweenManyTheOneWithMostBrokenLinksGoesFirst() {
        zones(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20);
        for (int i = 1; i <= 10; i++) {
            broken(i, i + 10);
        }
        broken(4, 12);

        assertThat(choose(majority()).orElseThrow()).isSubsetOf(4L, 12L).hasSize(1);
    }

    private Optional<Set<Long>> choose(Predicate<Set<Long>> feasible) {
        return new Cover(
                        members,
                        broken,
                        leader,
                        out -> out.stream().filter(blamed::contains).count(),
                        feasible)
                .choose();
    }

    private Predicate<Set<Long>> majority() {
        return out -> (members.size() - out.size()) * 2 > members.size();
    }

    private void zones(int... zones) {
        for (int zone : zones) {
            int number = members.size() + 1;
            var node = new Node(NodeId.of("10.0.0." + number, 7000), Optional.empty(), 64, zone, 1L << 30);
            members.add(new Member(node, number, 1));
        }
    }

    private void gateway(int zone) {
        int number = members.size() + 1;
        var node = new Node(NodeId.of("10.0.0." + number, 7000), Optional.empty(), 0, zone, 0);
        members.add(new Member(node, number, 1));
    }

    private void broken(long a, long b) {
        broken.add(Link.of(a, b));
    }
}
