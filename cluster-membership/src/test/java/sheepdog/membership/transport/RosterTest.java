package sheepdog.membership.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import sheepdog.membership.api.ClusterTransport.Evidence;
import sheepdog.membership.api.ClusterTransport.Listener;
import sheepdog.membership.api.Member;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;

final class RosterTest {
    private final List<String> told = new ArrayList<>();
    private final Roster<String> roster = new Roster<>(member(1, 1), new Listener() {
        @Override
        public void seen(Member member) {
            told.add("seen " + member.storeId() + "." + member.incarnation());
        }

        @Override
        public void gone(Member member, Evidence evidence) {
            told.add("gone " + member.storeId() + "." + member.incarnation() + " " + evidence);
        }

        @Override
        public void received(Member from, byte[] message) {
            throw new AssertionError();
        }
    });

    private static Member member(long storeId, long incarnation) {
        return new Member(
                new Node(NodeId.of("10.0.0.1", (int) (7000 + storeId)), Optional.empty(), 1, 1, 1),
                storeId,
                incarnation);
    }

    @Test
    void aLinkIsReportedOnceAndSentTo() {
        roster.seen("a", member(2, 1));
        roster.seen("a", member(2, 1));

        assertThat(told).containsExactly("seen 2.1");
        assertThat(roster.link(2)).contains("a");
    }

    @Test
    void theNewerIncarnationIsSentToAndTheOldOnesEndIsNotReported() {
        roster.seen("a", member(2, 1));
        roster.seen("b", member(2, 2));
        roster.gone("a", Evidence.DEAD);

        assertThat(told).containsExactly("seen 2.1", "seen 2.2");
        assertThat(roster.link(2)).contains("b");
    }

    @Test
    void anOlderIncarnationIsReportedButNotSentTo() {
        roster.seen("a", member(2, 2));
        roster.seen("b", member(2, 1));

        assertThat(told).containsExactly("seen 2.2", "seen 2.1");
        assertThat(roster.link(2)).contains("a");
    }

    @Test
    void whenTheLinkSentToEndsAnotherOfTheStoreTakesItsPlace() {
        roster.seen("a", member(2, 2));
        roster.seen("b", member(2, 1));
        roster.gone("a", Evidence.DEAD);

        assertThat(told).containsExactly("seen 2.2", "seen 2.1", "seen 2.1");
        assertThat(roster.link(2)).contains("b");
        roster.gone("b", Evidence.LEFT);
        assertThat(told).endsWith("gone 2.1 LEFT");
        assertThat(roster.links()).isEmpty();
    }

    @Test
    void aDoubtedLinkIsNotSentToAndReportedOnlyWhenGone() {
        roster.seen("a", member(2, 1));
        roster.doubt("a");

        assertThat(told).containsExactly("seen 2.1");
        assertThat(roster.link(2)).isEmpty();
        assertThat(roster.member("a")).isEmpty();
        roster.gone("a", Evidence.SILENT);
        assertThat(told).endsWith("gone 2.1 SILENT");
        assertThat(roster.size()).isZero();
    }

    @Test
    void oneThatCameBackWhileDoubtedIsNotReportedGone() {
        roster.seen("a", member(2, 1));
        roster.doubt("a");
        roster.seen("b", member(2, 1));
        roster.gone("a", Evidence.SILENT);

        assertThat(told).containsExactly("seen 2.1", "seen 2.1");
        assertThat(roster.link(2)).contains("b");
    }

    @Test
    void aCopyOfThisSheepsStoreIsReportedAndOnlyBroadcastTo() {
        roster.seen("a", member(1, 1));

        assertThat(roster.link(1)).isEmpty();
        assertThat(roster.links()).containsExactly("a");
        roster.gone("a", Evidence.DEAD);
        assertThat(told).containsExactly("seen 1.1");
        assertThat(roster.links()).isEmpty();
    }

    @Test
    void theEndOfAnUnknownLinkIsNotReported() {
        roster.gone("a", Evidence.DEAD);

        assertThat(told).isEmpty();
    }
}
