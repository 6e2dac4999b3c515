package sheepdog.sheep.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.api.Member;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;
import sheepdog.sheep.cluster.VdiEntry.State;
import sheepdog.sheep.testkit.Sheep;

/** Random histories of one cluster, with what must hold after each entry. */
class ClusterStateProperties {
    private static final List<String> NAMES = List.of("a", "b", "c");

    /** Draws entries that make sense often enough; knows only what clients would know. */
    private static final class History {
        private final Random random;
        private final Map<Integer, Long> incarnations = new TreeMap<>();
        private final List<Vid> vids = new ArrayList<>();
        private final List<Long> times = new ArrayList<>(List.of(0L));
        private int epoch;
        private long clock;

        History(long seed) {
            random = new Random(seed);
        }

        EpochRecord nextEpoch() {
            if (random.nextBoolean() || incarnations.isEmpty()) {
                incarnations.merge(1 + random.nextInt(5), 1L, Long::sum);
            } else {
                incarnations.remove(incarnations.keySet().stream()
                        .skip(random.nextInt(incarnations.size()))
                        .findFirst()
                        .orElseThrow());
            }
            epoch++;
            return record();
        }

        EpochRecord firstEpoch() {
            epoch = 1;
            return record();
        }

        private EpochRecord record() {
            var members = incarnations.entrySet().stream()
                    .map(e -> Sheep.member(e.getKey(), e.getValue()))
                    .sorted(Comparator.comparing(Member::node))
                    .toList();
            return new EpochRecord(
                    new Epoch(epoch),
                    clock,
                    members,
                    members.stream().map(Member::storeId).toList());
        }

        Member restart() {
            int sheep = 1 + random.nextInt(5);
            incarnations.computeIfPresent(sheep, (_, n) -> n + 1);
            return Sheep.member(sheep, incarnations.getOrDefault(sheep, 1L));
        }

        private Vid vid() {
            return vids.isEmpty() ? Vid.NONE : vids.get(random.nextInt(vids.size()));
        }

        private long time() {
            return times.get(random.nextInt(times.size()));
        }

        ClusterCommand command(ClusterState state) {
            int sheep = 1 + random.nextInt(5);
            long incarnation = incarnations.getOrDefault(sheep, 1L);
            String name = NAMES.get(random.nextInt(NAMES.size()));
            Vid vid = vid();
            long generation = state.owner(vid).generation() - (random.nextInt(4) == 0 ? 1 : 0);
            return switch (random.nextInt(24)) {
                case 0 -> new ClusterCommand.Barrier();
                case 1, 2, 3, 4 -> {
                    times.add(++clock);
                    boolean snapshot = random.nextInt(3) == 0;
                    Vid base = snapshot || random.nextInt(3) == 0 ? vid : Vid.NONE;
                    yield new ClusterCommand.ReserveVdi(
                            name, base, snapshot, random.nextInt(4), clock, 100 + sheep, incarnation);
                }
                case 5, 6, 7, 8 -> {
                    var entry = state.vdis().all().stream()
                            .filter(e -> e.state() == State.RESERVED)
                            .findFirst();
                    Vid of = entry.map(VdiEntry::vid).orElse(vid);
                    long time = entry.map(VdiEntry::createTime).orElse(time());
                    yield random.nextInt(5) == 0
                            ? new ClusterCommand.AbortVdi(of, time)
                            : new ClusterCommand.CommitVdi(
                                    of,
                                    random.nextInt(6) == 0 ? time() : time,
                                    entry.map(e -> state.owner(e.replaces()).generation())
                                            .orElse(0L),
                                    "t");
                }
                case 9, 10, 11 -> new ClusterCommand.DeleteVdi(name, "", random.nextInt(4));
                case 12, 13 ->
                    new ClusterCommand.ReclaimedVdi(
                            vid,
                            state.vdis().find(vid).map(VdiEntry::createTime).orElse(time()));
                case 14, 15, 16 -> new ClusterCommand.TakeOwner(vid, 100 + sheep, incarnation, generation);
                case 17, 18 -> new ClusterCommand.ReleaseOwner(vid, generation);
                case 19 -> new ClusterCommand.SettledVdi(vid, generation);
                case 20 -> new ClusterCommand.RecoveredStore(100 + sheep, state.epoch(), 1 + random.nextInt(3));
                case 21 -> new ClusterCommand.DrainStore(100 + sheep, random.nextBoolean());
                case 22 -> new ClusterCommand.FillStore(100 + sheep);
                default ->
                    random.nextInt(8) == 0
                            ? new ClusterCommand.Format(++clock, 3, 0, "farm")
                            : new ClusterCommand.Shutdown();
            };
        }
    }

    @Property(tries = 300)
    void whatMustHoldHoldsAfterEveryEntryAndASnapshotGoesOnTheSame(
            @ForAll long seed, @ForAll @IntRange(min = 1, max = 150) int entries) {
        var history = new History(seed);
        var state = new ClusterState();
        var same = new ClusterState();
        var generations = new HashMap<Vid, Long>();
        Map<Vid, VdiEntry> before = Map.of();
        state.apply(1, new ClusterCommand.Format(1, 3, 0, "farm"));
        same.apply(1, new ClusterCommand.Format(1, 3, 0, "farm"));
        EpochRecord first = history.nextEpoch();
        state.epoch(first);
        same.epoch(first);

        for (int index = 2; index < entries; index++) {
            boolean formatted = false;
            switch (history.random.nextInt(12)) {
                case 0 -> {
                    EpochRecord record = history.nextEpoch();
                    state.epoch(record);
                    same.epoch(record);
                }
                case 1 -> {
                    Member member = history.restart();
                    state.memberStarted(member);
                    same.memberStarted(member);
                }
                default -> {
                    ClusterCommand command = history.command(state);
                    CommandResult result = state.apply(index, command);
                    assertThat(same.apply(index, command)).isEqualTo(result);
                    if (result.code() == ResultCode.SUCCESS && command instanceof ClusterCommand.ReserveVdi) {
                        history.vids.add(result.vid());
                    }
                    if (command instanceof ClusterCommand.Format) {
                        formatted = true;
                        EpochRecord record = history.firstEpoch();
                        state.epoch(record);
                        same.epoch(record);
                    }
                }
            }
            checkGenerations(state, generations);
            checkVdis(state, formatted ? Map.of() : before);
            before = state.vdis().all().stream().collect(Collectors.toMap(VdiEntry::vid, e -> e));
            var restored = new ClusterState();
            restored.restore(state.snapshot());
            assertThat(restored.snapshot()).isEqualTo(state.snapshot()).isEqualTo(same.snapshot());
            same = restored;
        }
    }

    private static void checkGenerations(ClusterState state, Map<Vid, Long> generations) {
        for (Vid vid : state.ownedVids()) {
            Owner owner = state.owner(vid);
            assertThat(owner.generation()).isGreaterThanOrEqualTo(generations.getOrDefault(vid, 0L));
            generations.put(vid, owner.generation());
            if (owner.isHeld()) {
                assertThat(state.current().flatMap(e -> e.store(owner.storeId())))
                        .hasValueSatisfying(m -> assertThat(m.incarnation()).isEqualTo(owner.incarnation()));
            }
        }
    }

    private static void checkVdis(ClusterState state, Map<Vid, VdiEntry> before) {
        for (String name : NAMES) {
            var named = state.vdis().all().stream()
                    .filter(e -> e.name().equals(name))
                    .toList();
            assertThat(named.stream().filter(VdiEntry::isWorking)).hasSizeLessThanOrEqualTo(1);
            assertThat(named.stream().filter(e -> e.state() == State.RESERVED)).hasSizeLessThanOrEqualTo(1);
            assertThat(named.stream().filter(VdiEntry::isLive).map(VdiEntry::snapId))
                    .doesNotHaveDuplicates();
        }
        for (VdiEntry was : before.values()) {
            VdiEntry is = state.vdis().find(was.vid()).orElseThrow();
            if (is.createTime() != was.createTime()) {
                assertThat(was.state()).isEqualTo(State.GONE);
                assertThat(is.state()).isEqualTo(State.RESERVED);
            } else if (was.isSnapshot() && was.isLive()) {
                assertThat(is.isSnapshot()).isTrue();
            }
        }
    }
}
