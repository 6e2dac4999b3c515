package sheepdog.it.scale;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import sheepdog.it.sim.SimArchive;
import sheepdog.it.sim.SimHost;
import sheepdog.it.sim.SimLog;
import sheepdog.it.sim.SimLoop;
import sheepdog.it.sim.SimNetwork;
import sheepdog.it.sim.SimStore;
import sheepdog.it.sim.SimTime;
import sheepdog.membership.api.ClusterLog;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.api.Member;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.placement.Weights;
import sheepdog.protocol.wire.RecoveryLimit;
import sheepdog.protocol.wire.Response;
import sheepdog.protocol.wire.ResponseCodec;
import sheepdog.sheep.cluster.Cluster;
import sheepdog.sheep.cluster.ClusterCommand;
import sheepdog.sheep.cluster.ClusterView;
import sheepdog.sheep.cluster.CommandCodec;
import sheepdog.sheep.recovery.LocalCopies;
import sheepdog.sheep.recovery.Recovery;
import sheepdog.sheep.recovery.RecoverySettings;
import sheepdog.store.api.ObjectStore;

/**
 * The command: what one node has to do in an epoch in which another one went away, with the production classes, for clusters of
 * several sizes; it-tests/scale/run starts it.
 */
public final class ScaleMain {
    private static final int COPIES = 3;
    private static final int OBJECTS_PER_VDI = 1_000;
    private static final int EPOCHS = 20;
    private static final int JUDGED = 20_000;

    private final SimTime time = new SimTime(1);
    private final SimLoop loop;
    private final Cluster cluster;
    private final Recovery recovery;
    private final List<Member> members;
    private long index;

    private ScaleMain(int nodes) {
        var network = new SimNetwork(time);
        members = members(nodes);
        Member self = members.get(nodes / 2);
        SimHost host = network.addHost("self", self.node().id());
        loop = new SimLoop(time, "self");
        network.boot(host, loop);
        ObjectStore store = new SimStore(time.random("disk")).start().orElseThrow();
        ClusterLog log = new SimLog(time, network).of(host, loop, self);
        cluster = new Cluster(loop, log, store, new SimArchive(), self);
        recovery = new Recovery(
                loop,
                cluster,
                store,
                new LocalCopies(cluster, store),
                (_, _) -> new CompletableFuture<Response>(),
                new RecoverySettings(RecoveryLimit.NONE, Duration.ZERO));
    }

    /** @param arguments the numbers of nodes, then {@code x}, then those of objects; the usual ones if there are none */
    public static void main(String[] arguments) {
        List<String> all = List.of(arguments);
        int cross = all.indexOf("x");
        List<Integer> nodes = cross < 0 ? List.of(10, 100, 1_000) : numbers(all.subList(0, cross));
        List<Integer> objects =
                cross < 0 ? List.of(10_000, 100_000, 1_000_000) : numbers(all.subList(cross + 1, all.size()));
        new ScaleMain(10).measure(10_000, false); // So that the compiler has seen everything once.
        System.out.println(
                "| nodes | objects | of them here | epoch applied, ms | kept of it, KB | where an object is, us "
                        + "| judging it, us | judging all heard, s | telling others, s | heard of all, MB | heard, MB "
                        + "| in the cluster, MB |");
        System.out.println("|---|---|---|---|---|---|---|---|---|---|---|---|");
        for (int count : nodes) {
            for (int some : objects) {
                new ScaleMain(count).measure(some, true);
            }
        }
        System.exit(0);
    }

    private static List<Integer> numbers(List<String> words) {
        return words.stream().map(Integer::valueOf).toList();
    }

    private static List<Member> members(int count) {
        var nodes = IntStream.range(0, count)
                .mapToObj(i -> new Node(
                        NodeId.of("10.1." + i / 250 + "." + (1 + i % 250), 7000),
                        Optional.empty(),
                        64,
                        1 + i,
                        1L << 40))
                .toList();
        List<Node> weighted = Weights.assign(nodes);
        return IntStream.range(0, count)
                .mapToObj(i -> new Member(weighted.get(i), 1_000 + i, 1))
                .toList();
    }

    private static List<ObjectId> objects(int count) {
        var all = new ArrayList<ObjectId>(count);
        for (int i = 0; i < count; i++) {
            all.add(ObjectId.ofData(new Vid(1 + i / OBJECTS_PER_VDI), i % OBJECTS_PER_VDI));
        }
        return all;
    }

    private void measure(int count, boolean tell) {
        format();
        epoch(Epoch.FIRST, members);
        double appliedMillis = 0;
        long before = heap();
        for (int i = 0; i < EPOCHS; i++) { // One goes, and is back.
            var now = new ArrayList<>(members);
            if (i % 2 == 0) {
                now.removeFirst();
            }
            long started = cpuNanos();
            epoch(new Epoch(2 + i), now);
            appliedMillis += (cpuNanos() - started) / 1e6 / EPOCHS;
        }
        double keptKilobytes = (heap() - before) / 1e3 / EPOCHS;
        ClusterView view = time.lookInto(loop, () -> cluster.view().orElseThrow());
        Node self = view.selfMember().orElseThrow().node();
        List<ObjectId> objects = objects(count);

        long started = cpuNanos();
        var mine = objects.stream()
                .filter(oid -> view.ring().isReplica(oid, COPIES, self.id()))
                .toList();
        double findMicros = (cpuNanos() - started) / 1e3 / count;
        List<ObjectId> some = objects.subList(0, Math.min(count, JUDGED));
        started = cpuNanos();
        long sure = time.lookInto(
                loop, () -> some.stream().filter(recovery::isTrusted).count());
        double judgeMicros = (cpuNanos() - started) / 1e3 / some.size();

        // Its own objects are named by each of their holders, and it names what it holds to each of the replicas.
        double heard = mine.size() * (double) COPIES * ResponseCodec.VERSION_BYTES / 1e6;
        double unfiltered = count * (double) COPIES * ResponseCodec.VERSION_BYTES / 1e6;
        double all = heard * members.size();
        double telling = findMicros * mine.size() * members.size() / 1e6;
        if (tell) {
            System.out.println(String.format(
                    Locale.ROOT,
                    "| %,d | %,d | %,d | %.1f | %.0f | %.2f | %.2f | %.2f | %.2f | %.0f | %.1f | %.0f |",
                    members.size(),
                    count,
                    mine.size(),
                    appliedMillis,
                    keptKilobytes,
                    findMicros,
                    judgeMicros,
                    judgeMicros * mine.size() / 1e6,
                    telling,
                    unfiltered,
                    heard,
                    all));
        }
        Invariant.check(sure <= some.size() && mine.size() <= count, "%d of %d", sure, mine.size());
    }

    /** Of this thread: others may use the machine, too. */
    private static long cpuNanos() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    private static long heap() {
        System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    private void format() {
        loop.execute(() -> cluster.apply(
                position(), CommandCodec.encode(new ClusterCommand.Format(1L << 32, COPIES, 0, "plain"))));
        time.runFor(Duration.ofSeconds(1));
    }

    private void epoch(Epoch number, List<Member> list) {
        var voters = list.stream().limit(7).map(Member::storeId).toList();
        loop.execute(() -> cluster.epoch(position(), new EpochRecord(number, 0, list, voters)));
        time.runUntil(() -> time.lookInto(loop, () -> cluster.epoch()).equals(number), Duration.ofSeconds(10));
    }

    private ClusterLog.Position position() {
        return new ClusterLog.Position(++index, 1);
    }
}
