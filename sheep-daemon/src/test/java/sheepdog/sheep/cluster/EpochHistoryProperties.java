package sheepdog.sheep.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.NotEmpty;
import net.jqwik.api.constraints.Size;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.api.Member;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.placement.VnodeRing;
import sheepdog.protocol.wire.Flags;
import sheepdog.sheep.testkit.Sheep;

class EpochHistoryProperties {
    @Property(tries = 200)
    void aReplicaSinceAnEpochIsOneInEachThatCountsFromThatOnAndNotInTheOneBefore(
            @ForAll @Size(min = 1, max = 8) List<@NotEmpty Set<@IntRange(min = 1, max = 5) Integer>> epochs,
            @ForAll @IntRange(min = 1, max = 5) int sheep,
            @ForAll @IntRange(min = 1, max = 4) int copies,
            @ForAll @IntRange(min = 0, max = 1000) int object,
            @ForAll @IntRange(min = 1, max = 8) int asked) {
        var oid = new ObjectId(object);
        var history = new EpochHistory(100 + sheep);
        var replica = new ArrayList<Boolean>();
        var counting = new ArrayList<Integer>();
        Set<Node> holders = Set.of();
        for (int i = 0; i < epochs.size(); i++) {
            List<Member> members =
                    epochs.get(i).stream().sorted().map(Sheep::member).toList();
            List<Node> nodes = members.stream().map(Member::node).toList();
            history.add(new EpochRecord(new Epoch(i + 1), 0, members, List.of()));
            var replicas = VnodeRing.of(nodes).replicas(oid, copies);
            replica.add(replicas.contains(Sheep.member(sheep).node()));
            if (i == 0 || holders.stream().anyMatch(nodes::contains)) {
                counting.add(i + 1);
                holders = Set.copyOf(replicas);
            }
        }
        int until = Math.min(asked, epochs.size());

        Epoch since = history.replicaSince(oid, copies, new Epoch(until));

        int expected = until + 1;
        for (int epoch : counting.reversed()) {
            if (epoch <= until) {
                if (!replica.get(epoch - 1)) {
                    break;
                }
                expected = epoch;
            }
        }
        assertThat(since).isEqualTo(new Epoch(expected));
        if (until == epochs.size()) {
            assertThat(history.replicaSince(oid, copies)).isEqualTo(since);
            assertThat(history.replicaSince(oid, copies)).isEqualTo(since);
        }
    }

    @Property(tries = 200)
    void haltingAsksForZonesByMode(
            @ForAll @IntRange(min = 0, max = 9) int zones, @ForAll @IntRange(min = 1, max = 8) int copies) {
        assertThat(mode(Flags.STRICT).halts(zones, copies)).isEqualTo(zones < copies);
        assertThat(mode(Flags.QUORUM).halts(zones, copies)).isEqualTo(2 * zones <= copies);
        assertThat(mode(Flags.NOHALT).halts(zones, copies)).isFalse();
        assertThat(mode(0).halts(zones, copies)).isFalse();
    }

    private static ClusterFormat mode(int flags) {
        return new ClusterFormat(1, 3, flags, "farm", 1);
    }
}
