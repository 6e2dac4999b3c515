package sheepdog.it.sim;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import sheepdog.membership.consensus.LogTiming;
import sheepdog.membership.log.ConsensusLog;
import sheepdog.membership.log.LogSetup;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.placement.Weights;
import sheepdog.protocol.wire.Flags;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;
import sheepdog.sheep.cluster.ClusterStatus;
import sheepdog.sheep.main.Wiring;

/**
 * A whole cluster on simulated time, for stories: nodes that are started, killed, stopped and cut off, guests that read
 * and write, and {@link Invariants} that are looked at after every event.
 *
 * <p>What a story waits for has a limit; when it is exceeded, or an invariant breaks, the error names the seed and
 * carries the end of the event log.
 */
public final class SimCluster {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int LOG_LINES_SHOWN = 60;

    private final SimTime time;
    private final SimNetwork network;
    private final List<SimNode> nodes = new ArrayList<>();
    private final List<SimGuest> guests = new ArrayList<>();
    private final List<SimClient> clients = new ArrayList<>();
    private final SimNode.Logs logs;
    private final RandomGenerator story;
    private int zones;

    /** A cluster over an ideal log, in fair weather; all nodes are up. */
    public static SimCluster of(long seed, int nodes) {
        var time = new SimTime(seed);
        var network = new SimNetwork(time);
        var log = new SimLog(time, network);
        return new SimCluster(time, network, nodes, (_, host, loop, self) -> log.of(host, loop, self));
    }

    /** A cluster over the production log, on the network it is given; all nodes are up. */
    public static SimCluster consensus(long seed, int nodes, SimNetwork.Weather weather) {
        var time = new SimTime(seed);
        var network = new SimNetwork(time, weather);
        return new SimCluster(time, network, nodes, (node, host, loop, self) -> {
            var setup = new LogSetup(
                    self,
                    LogTiming.DEFAULT,
                    Weights::assign,
                    time::wallSeconds,
                    time.random("consensus " + loop),
                    node.directory()::raiseAge,
                    LogSetup.Limits.DEFAULT);
            var transport = new SimTransport(network, host, loop);
            return new ConsensusLog(
                    setup, loop, transport, node.directory().log().reopened());
        });
    }

    /** @param logs makes each process's log */
    public SimCluster(SimTime time, SimNetwork network, int count, SimNode.Logs logs) {
        this.time = time;
        this.network = network;
        this.logs = logs;
        story = time.random("story");
        for (int i = 0; i < count; i++) {
            addNode(false);
        }
        time.afterEveryEvent(new Invariants(nodes)::check);
    }

    /** Adds a host in a zone of its own and starts a sheep on it. */
    public SimNode addNode(boolean gatewayOnly) {
        return addNode(gatewayOnly ? SimNode.Kind.GATEWAY : SimNode.Kind.DATA);
    }

    /** Adds a host in a zone of its own and starts a sheep on it. */
    public SimNode addNode(SimNode.Kind kind) {
        zones++;
        var node = new SimNode(time, network, nodes.size() + 1, zones, kind, logs);
        nodes.add(node);
        node.start();
        return node;
    }

    /** Formats the cluster through its first node and waits until all serve. */
    public SimCluster format(int copies) {
        run(Duration.ofSeconds(2));
        var header = SimClient.internalHeader(Opcode.MAKE_FS, Flags.WRITE);
        long ctime = time.wallSeconds() << 32;
        command(new Request.MakeFs(header, copies, ctime, "plain"));
        awaitServing();
        return this;
    }

    /** Every sheep ends, by one command; what they hold stays. */
    public void shutdown() {
        command(new Request.Shutdown(SimClient.internalHeader(Opcode.SHUTDOWN, 0)));
        await("the end of every sheep", () -> nodes.stream().noneMatch(SimNode::isUp));
    }

    private void command(Request request) {
        explained(() -> {
            Response answer = client("admin" + clients.size()).call(request, LIMIT);
            Invariant.check(answer.result() == ResultCode.SUCCESS, "%s: %s", request, answer.result());
        });
    }

    /** A client that begins with the first node and may use all. */
    public SimClient client(String name) {
        var client =
                new SimClient(network, name, nodes.stream().map(SimNode::id).toList());
        clients.add(client);
        return client;
    }

    /** A guest with a new disk, whose gateway is node {@code first} as long as that lives. */
    public SimGuest guest(String disk, int objects, int first) {
        List<NodeId> gateways = new ArrayList<>();
        for (int i = 0; i < nodes.size(); i++) {
            gateways.add(nodes.get((first + i) % nodes.size()).id());
        }
        var client = new SimClient(network, "guest-" + disk, gateways);
        clients.add(client);
        var guest = new SimGuest(time, client, disk, objects);
        guests.add(guest);
        explained(() -> {
            guest.create(LIMIT);
            guest.open(LIMIT);
        });
        return guest;
    }

    public SimNode node(int index) {
        return nodes.get(index);
    }

    public List<SimNode> nodes() {
        return nodes;
    }

    public SimNetwork network() {
        return network;
    }

    public SimTime time() {
        return time;
    }

    /** Chance for the story's own decisions. */
    public RandomGenerator story() {
        return story;
    }

    /** The guests are forgotten, with their disks: after a format. */
    public void forgetGuests() {
        settle();
        guests.clear();
    }

    /** The guest ends what it has begun, its disk is deleted, and it is forgotten. */
    public void delete(SimGuest guest) {
        guest.stop();
        await("the guest to end what it began", guest::idle);
        explained(() -> guest.delete(LIMIT));
        guests.remove(guest);
    }

    /** Lets time pass. */
    public void run(Duration span) {
        explained(() -> time.runFor(span));
    }

    /** Lets time pass until {@code condition} holds. */
    public void await(String what, BooleanSupplier condition) {
        await(what, LIMIT, condition);
    }

    /** Likewise, with another limit than a minute. */
    public void await(String what, Duration limit, BooleanSupplier condition) {
        explained(() -> Invariant.check(time.runUntil(condition, limit), "waited %s in vain for %s", limit, what));
    }

    /** Runs a step of the story; what goes wrong in it carries the seed and the log. */
    public void explained(Runnable step) {
        try {
            step.run();
        } catch (AssertionError | RuntimeException wrong) {
            List<String> last = time.log().last();
            String lines = String.join("\n", last.subList(Math.max(0, last.size() - LOG_LINES_SHOWN), last.size()));
            throw new AssertionError(
                    "seed " + time.seed() + " at " + time.nowNanos() / 1_000_000 + " ms: " + wrong.getMessage() + "\n"
                            + lines,
                    wrong);
        }
    }

    /** Waits until every node that is awake serves, in one epoch, which has just these nodes. */
    public void awaitServing() {
        await("all nodes that are up to serve in one epoch", this::isServing);
    }

    /** Whether every node that is awake serves now, in one epoch, which has just these nodes. */
    public boolean isServing() {
        var up = nodes.stream().filter(SimNode::isAwake).toList();
        var epochs = new TreeSet<String>();
        for (SimNode node : up) {
            boolean serves = node.look(wiring -> wiring.cluster().view().isPresent()
                    && wiring.cluster().status() == ClusterStatus.RUNNING
                    && wiring.cluster().nodes().size() == up.size()
                    && wiring.cluster().holdsLease());
            if (!serves) {
                return false;
            }
            epochs.add(node.look(wiring -> wiring.cluster().state().format().index() + " "
                    + wiring.cluster().epoch()));
        }
        return epochs.size() == 1;
    }

    /** Waits until no node misses objects. */
    public void awaitRecovered() {
        awaitServing();
        await(
                "recovery",
                Duration.ofMinutes(5),
                () -> isServing()
                        && nodes.stream()
                                .filter(SimNode::isAwake)
                                .noneMatch(node ->
                                        node.look(wiring -> wiring.recovery().isRunning())));
    }

    /** Every guest reads and writes at random, {@code depth} requests at a time. */
    public void load(int depth) {
        guests.forEach(guest -> guest.load(depth));
    }

    /** The longest that a request of any guest took since this was last asked, those not answered yet included. */
    public Duration longestWaitAndReset() {
        return guests.stream()
                .map(SimGuest::longestAndReset)
                .max(Duration::compareTo)
                .orElse(Duration.ZERO);
    }

    /** Every guest ends what it has begun. */
    public void settle() {
        guests.forEach(SimGuest::stop);
        await("the guests to end what they began", () -> guests.stream().allMatch(SimGuest::idle));
    }

    /** Undoes every fault, lets the guests end, and checks everything that must hold when nothing is wrong any more. */
    public void verify() {
        network.heal();
        for (SimNode node : nodes) {
            if (!node.isUp()) {
                node.start();
            } else if (!node.isAwake()) {
                node.resume();
            }
        }
        settle();
        awaitRecovered();
        for (SimGuest guest : guests) {
            explained(() -> guest.verify(LIMIT));
        }
        await(
                "nothing to wait",
                () -> nodes.stream()
                        .allMatch(node ->
                                Arrays.stream(node.look(Wiring::waitingCounts)).sum() == 0));
        await("copies that nobody needs to go", this::areCopiesWhereTheRingWants);
        explained(this::checkReplicas);
        await("all nodes to have the same state", Duration.ofSeconds(5), this::statesAreEqual);
        run(Duration.ofSeconds(35)); // Time limits of requests run out.
        explained(() -> {
            nodes.forEach(node -> node.payloads().checkAllReleased());
            clients.forEach(SimClient::checkPayloads);
        });
    }

    /** I12: nothing is kept but what the ring names. */
    private boolean areCopiesWhereTheRingWants() {
        return nodes.stream()
                .allMatch(node ->
                        node.store().oids().stream().allMatch(oid -> wanted(oid).contains(node.id())));
    }

    private TreeSet<NodeId> wanted(ObjectId oid) {
        return nodes
                .getFirst()
                .look(wiring -> wiring.cluster()
                        .view()
                        .orElseThrow()
                        .replicas(oid, wiring.cluster().copies(oid)))
                .stream()
                .map(Node::id)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** I6: objects are on the nodes that the ring names, and equal byte for byte. */
    private void checkReplicas() {
        var holders = new TreeMap<ObjectId, List<SimNode>>();
        for (SimNode node : nodes) {
            node.store()
                    .oids()
                    .forEach(oid ->
                            holders.computeIfAbsent(oid, _ -> new ArrayList<>()).add(node));
        }
        holders.forEach((oid, on) -> {
            for (NodeId id : wanted(oid)) {
                Invariant.check(on.stream().anyMatch(node -> node.id().equals(id)), "object %s is not on %s", oid, id);
            }
            byte[] expected = on.getFirst().store().content(oid).orElseThrow();
            for (SimNode node : on) {
                byte[] content = node.store().content(oid).orElseThrow();
                Invariant.check(
                        Arrays.equals(expected, content),
                        "replicas of %s differ at byte %d between %s",
                        oid,
                        Arrays.mismatch(expected, content),
                        on);
            }
        });
    }

    /** The log is at rest: all nodes have built the same state of it. */
    private boolean statesAreEqual() {
        byte[] first = nodes.getFirst().look(wiring -> wiring.cluster().snapshot());
        return nodes.stream()
                .allMatch(node -> Arrays.equals(
                        first, node.look(wiring -> wiring.cluster().snapshot())));
    }
}
