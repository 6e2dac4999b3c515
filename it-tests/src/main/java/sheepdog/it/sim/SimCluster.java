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
import sheepdog.sheep.cluster.VdiEntry;
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

    /** A cluster over an ideal log, in fair weather; all nodes are up, each in a zone of its own. */
    public static SimCluster of(long seed, int nodes) {
        return ideal(seed, nodes, nodes, SimNetwork.Weather.FAIR);
    }

    /** Likewise, on the network it is given, in so many zones. */
    static SimCluster ideal(long seed, int nodes, int zones, SimNetwork.Weather weather) {
        var time = new SimTime(seed);
        var network = new SimNetwork(time, weather);
        var log = new SimLog(time, network);
        return new SimCluster(time, network, nodes, zones, (_, host, loop, self) -> log.of(host, loop, self));
    }

    /** A cluster over the production log, on the network it is given; all nodes are up, each in a zone of its own. */
    public static SimCluster consensus(long seed, int nodes, SimNetwork.Weather weather) {
        return consensus(seed, nodes, nodes, weather);
    }

    /** Likewise, in so many zones. */
    static SimCluster consensus(long seed, int nodes, int zones, SimNetwork.Weather weather) {
        var time = new SimTime(seed);
        var network = new SimNetwork(time, weather);
        return new SimCluster(time, network, nodes, zones, (node, host, loop, self) -> {
            var setup = new LogSetup(
                    self,
                    LogTiming.DEFAULT,
                    Weights::assign,
                    node::wallSeconds,
                    time.random("consensus " + loop),
                    node.directory()::raiseAge,
                    LogSetup.Limits.DEFAULT);
            var transport = new SimTransport(network, host, loop);
            return new ConsensusLog(
                    setup, loop, transport, node.directory().log().reopened());
        });
    }

    /**
     * @param zones among which the nodes take turns
     * @param logs  makes each process's log
     */
    private SimCluster(SimTime time, SimNetwork network, int count, int zones, SimNode.Logs logs) {
        this.time = time;
        this.network = network;
        this.logs = logs;
        story = time.random("story");
        for (int i = 0; i < count; i++) {
            addNode(SimNode.Kind.DATA, 1 + i % zones);
        }
        this.zones = zones;
        time.afterEveryEvent(new Invariants(nodes)::check);
    }

    /** Adds a host in a zone of its own and starts a sheep on it. */
    public SimNode addNode(boolean gatewayOnly) {
        return addNode(gatewayOnly ? SimNode.Kind.GATEWAY : SimNode.Kind.DATA);
    }

    /** Adds a host in a zone of its own and starts a sheep on it. */
    public SimNode addNode(SimNode.Kind kind) {
        zones++;
        return addNode(kind, zones);
    }

    private SimNode addNode(SimNode.Kind kind, int zone) {
        var node = new SimNode(time, network, nodes.size() + 1, zone, kind, logs);
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

    /** What an operator is told who asks that node, and no other. */
    public ResultCode ask(SimNode node, Request request) {
        var operator = new SimClient(network, "operator" + time.nowNanos(), List.of(node.id()));
        return operator.call(request, LIMIT).result();
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
        var guest = new SimGuest(time, guestClient(disk, first), disk, objects);
        guests.add(guest);
        explained(() -> {
            guest.create(LIMIT);
            guest.open(LIMIT);
        });
        return guest;
    }

    /** A guest whose disk is to be a clone of a snapshot, made as soon as the cluster does it. */
    SimGuest cloneOf(SimGuest.Frozen snapshot, String disk, int first) {
        var guest = new SimGuest(time, guestClient(disk, first), disk, snapshot);
        guests.add(guest);
        return guest;
    }

    private SimClient guestClient(String disk, int first) {
        List<NodeId> gateways = new ArrayList<>();
        for (int i = 0; i < nodes.size(); i++) {
            gateways.add(nodes.get((first + i) % nodes.size()).id());
        }
        var client = new SimClient(network, "guest-" + disk, gateways);
        clients.add(client);
        return client;
    }

    /** All guests whose disks there are. */
    List<SimGuest> guests() {
        return guests;
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
        await("recovery", Duration.ofMinutes(5), this::isRecovered);
    }

    /** Whether all serve, and none of those that are awake says that it misses objects. */
    boolean isRecovered() {
        return isServing()
                && nodes.stream()
                        .filter(SimNode::isAwake)
                        .noneMatch(node -> node.look(wiring -> wiring.recovery().isRunning()));
    }

    /** Whether somebody serves. */
    boolean isAnyoneServing() {
        return nodes.stream()
                .filter(SimNode::isAwake)
                .anyMatch(node -> node.look(wiring -> wiring.cluster().view().isPresent()
                        && wiring.cluster().status() == ClusterStatus.RUNNING
                        && wiring.cluster().holdsLease()));
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
        explained(this::checkNothingMissing); // Before anybody reads: that would bring what recovery forgot.
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

    private TreeMap<ObjectId, List<SimNode>> holders() {
        var holders = new TreeMap<ObjectId, List<SimNode>>();
        for (SimNode node : nodes) {
            node.store()
                    .oids()
                    .forEach(oid ->
                            holders.computeIfAbsent(oid, _ -> new ArrayList<>()).add(node));
        }
        return holders;
    }

    /** I7: when recovery says that it is done, each object that the cluster knows is wherever the ring wants it. */
    private void checkNothingMissing() {
        holders().forEach((oid, on) -> {
            boolean live = nodes.getFirst()
                    .look(wiring -> wiring.cluster()
                            .state()
                            .vdis()
                            .find(oid.vid())
                            .filter(VdiEntry::isLive)
                            .isPresent());
            boolean counts = on.stream().anyMatch(node -> wanted(oid).contains(node.id()));
            for (NodeId id : live && counts ? wanted(oid) : new TreeSet<NodeId>()) {
                Invariant.check(
                        on.stream().anyMatch(node -> node.id().equals(id)),
                        "recovery is done, and object %s is on %s and not on %s",
                        oid,
                        on,
                        id);
            }
        });
    }

    /** I6: objects are on the nodes that the ring names, and equal byte for byte. */
    private void checkReplicas() {
        holders().forEach((oid, on) -> {
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
