package sheepdog.sheep.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.NotEmpty;
import net.jqwik.api.constraints.Size;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.api.Member;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.placement.VnodeRing;
import sheepdog.protocol.wire.Flags;
import sheepdog.sheep.testkit.Sheep;

class EpochHistoryProperties {
    @Property(tries = 200)
    void replicasAreNamedForEachEpochThatCounts(
            @ForAll @Size(min = 1, max = 8) List<@NotEmpty Set<@IntRange(min = 1, max = 5) Integer>> epochs,
            @ForAll @IntRange(min = 1, max = 4) int copies,
            @ForAll @IntRange(min = 0, max = 1000) int object,
            @ForAll @IntRange(min = 1, max = 8) int asked) {
        var oid = new ObjectId(object);
        var history = new EpochHistory();
        int from = Math.min(asked, epochs.size());
        var expected = new ArrayList<ReplicaSet>();
        for (int i = 0; i < epochs.size(); i++) {
            var members = epochs.get(i).stream().sorted().map(Sheep::member).toList();
            history.add(new EpochRecord(new Epoch(i + 1), 0, members, List.of()));
            var stores = members.stream().map(Member::storeId).toList();
            boolean counts =
                    expected.isEmpty() || expected.getLast().stores().stream().anyMatch(stores::contains);
            if (i + 1 >= from && counts) {
                var replicas = VnodeRing.of(members.stream().map(Member::node).toList())
                        .replicas(oid, copies);
                var holders = members.stream()
                        .filter(m -> replicas.contains(m.node()))
                        .map(Member::storeId)
                        .collect(Collectors.toSet());
                expected.add(new ReplicaSet(new Epoch(i + 1), holders));
            }
        }

        assertThat(history.replicaSets(oid, copies, new Epoch(from))).isEqualTo(expected);
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
