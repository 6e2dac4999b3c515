package sheepdog.it.sim;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Function;
import sheepdog.membership.api.ClusterLog;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.api.Member;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.wire.Flags;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.protocol.wire.Protocol;
import sheepdog.protocol.wire.RecoveryLimit;
import sheepdog.sheep.cluster.ClusterStatus;
import sheepdog.sheep.cluster.ClusterView;
import sheepdog.sheep.main.Wiring;
import sheepdog.sheep.recovery.RecoverySettings;
import sheepdog.store.api.ObjectStore;

/**
 * A host with a sheep on it: what lasts (disk, store id, address), and the process that runs at the moment, if any. The
 * process is the production classes, put together by the production {@link Wiring}.
 */
public final class SimNode {
    private static final Duration PEER_LIMIT = Duration.ofSeconds(30);
    /** A short grace, so that stories have some of both. */
    private static final RecoverySettings RECOVERY = new RecoverySettings(RecoveryLimit.NONE, Duration.ofSeconds(3));

    private static final long SPACE = 1L << 40;

    private final SimTime time;
    private final SimNetwork network;
    private final SimHost host;
    private final String name;
    private final Node node;
    private final Kind kind;
    private int disks;
    private SimDirectory directory;
    private final Logs logs;
    private Optional<Process> process = Optional.empty();
    private int processes;
    private Duration wallOffset = Duration.ZERO;
    private String end = "";

    /** What a sheep is for. */
    public enum Kind {
        DATA,
        GATEWAY,
        WITNESS
    }

    /** Makes the log of one process. */
    @FunctionalInterface
    public interface Logs {
        ClusterLog log(SimNode node, SimHost host, SimLoop loop, Member self);
    }

    /** A running sheep. */
    private record Process(SimLoop loop, Wiring wiring, ClusterLog log, SimPayloads payloads, Member self) {}

    /** @param number counts the nodes from 1; also the last byte of its address */
    SimNode(SimTime time, SimNetwork network, int number, int zone, Kind kind, Logs logs) {
        this.time = time;
        this.kind = kind;
        this.network = network;
        this.logs = logs;
        name = "n" + number;
        var id = NodeId.of("10.0.0." + number, 7000);
        host = network.addHost(name, id);
        boolean data = kind == Kind.DATA;
        node = new Node(id, Optional.empty(), data ? 64 : 0, zone, data ? SPACE : 0);
        newDisk();
    }

    private void newDisk() {
        disks++;
        directory = new SimDirectory(
                time.random("store " + name + " " + disks).nextLong(1, Long.MAX_VALUE),
                new SimStore(time.random("disk " + name + " " + disks)));
    }

    /** The disk is replaced by an empty one; the sheep must be down. */
    public void wipe() {
        Invariant.check(process.isEmpty(), "%s runs", name);
        newDisk();
        time.log(name, "has a new disk");
    }

    /** What its store is in; a copy of it can be kept, and put back. */
    public SimDirectory directory() {
        return directory;
    }

    /** The sheep is to run on {@code other} from its next start on; it must be down. */
    public void put(SimDirectory other) {
        Invariant.check(process.isEmpty(), "%s runs", name);
        directory = other;
        time.log(name, "has another directory, of store " + Long.toHexString(other.id()));
    }

    /** The last line of the log of the process that ended last, if it said why it ended. */
    public String end() {
        return end;
    }

    /** Starts a sheep on this host; it ends at once if its disk fails. */
    public void start() {
        Invariant.check(process.isEmpty(), "%s runs already", name);
        Optional<ObjectStore> store = directory.store().start();
        if (store.isEmpty()) {
            time.log(name, "cannot open its store");
            return;
        }
        processes++;
        end = "";
        directory.started();
        var loop = new SimLoop(time, name + "." + processes, time.random(name).nextLong(-100, 101));
        network.boot(host, loop);
        var self = new Member(
                node,
                directory.id(),
                Member.incarnation(directory.age(), directory.starts(), number(processes)),
                kind == Kind.WITNESS);
        var payloads = new SimPayloads();
        ClusterLog log = logs.log(this, host, loop, self);
        var wiring = new Wiring[1];
        var links = new SimPeerLink(network, host, loop, payloads, _ -> hello(wiring[0], self), PEER_LIMIT);
        wiring[0] = new Wiring(
                loop,
                log,
                store.get(),
                directory.archive(),
                self,
                links,
                time.random("gateway " + loop),
                () -> Instant.ofEpochMilli(time.wallMillis()).plus(wallOffset),
                RECOVERY,
                (_, _, _) -> {},
                failed -> time.at(time.nowNanos(), () -> ended(loop, failed)));
        wiring[0]
                .cluster()
                .onChange(
                        () -> wiring[0].cluster().view().map(ClusterView::nodes).ifPresent(links::keepOnly));
        process = Optional.of(new Process(loop, wiring[0], log, payloads, self));
        host.listen(
                node.id().port(),
                new SimServer(
                        loop,
                        wiring[0].sink(),
                        () -> wiring[0].cluster().epoch(),
                        payloads,
                        () -> wiring[0].cluster().holdsLease()));
        time.log(name, "started " + self);
        wiring[0].join();
        loop.execute(wiring[0]::start);
    }

    /** Ends the process as kill -9 does, in the middle of what it does; what reached the disk stays. */
    public void kill() {
        store().kill(process.orElseThrow().loop.underWay());
        end(false);
    }

    /** The host loses its power, in the middle of what it does; what was not synced may be lost, in part or in whole. */
    public void losePower() {
        store().losePower(process.orElseThrow().loop.underWay());
        end(true);
    }

    /** Has the sheep leave in order, as by SIGTERM; {@link #isUp} tells when it has. */
    public void leave() {
        Process running = process.orElseThrow();
        running.loop.execute(() -> running.wiring.leave(false));
    }

    /** SIGSTOP. */
    public void pause() {
        process.orElseThrow().loop.pause();
    }

    /** SIGCONT. */
    public void resume() {
        process.orElseThrow().loop.resume();
    }

    /** From now on its wall clock is off by so much; its monotonic clock is not. */
    public void wallClock(Duration offBy) {
        wallOffset = offBy;
        time.log(name, "wall clock off by " + offBy);
    }

    /** What its wall clock shows, in seconds since 1970. */
    public long wallSeconds() {
        return time.wallSeconds() + wallOffset.toSeconds();
    }

    /** Whether a process runs, stopped or not. */
    public boolean isUp() {
        return process.isPresent();
    }

    /** Whether a process runs that is not stopped. */
    public boolean isAwake() {
        return process.isPresent() && !process.get().loop.paused();
    }

    /** The running process's loop, to hang a pool or slow it down. */
    public SimLoop loop() {
        return process.orElseThrow().loop;
    }

    /** Looks at the running sheep, without changing anything. */
    public <T> T look(Function<Wiring, T> at) {
        Process running = process.orElseThrow();
        return time.lookInto(running.loop, () -> at.apply(running.wiring));
    }

    /** Whether the running sheep may answer. */
    public boolean holdsLease() {
        return look(wiring -> wiring.cluster().holdsLease());
    }

    /** What the running sheep says of itself. */
    public ClusterStatus status() {
        return look(wiring -> wiring.cluster().status());
    }

    /** Where the running sheep's log stands. */
    public ClusterLog.Status logStatus() {
        return look(wiring -> wiring.cluster().logStatus());
    }

    /** Payloads of the running process. */
    public SimPayloads payloads() {
        return process.orElseThrow().payloads;
    }

    public SimHost host() {
        return host;
    }

    /** Where clients reach it. */
    public NodeId id() {
        return node.id();
    }

    /** Its address, zone and space. */
    public Node node() {
        return node;
    }

    /** Its disk. */
    public SimStore store() {
        return directory.store();
    }

    /** The epochs it has written down. */
    public SimArchive archive() {
        return directory.archive();
    }

    /** The epoch it serves in; none if it is down. */
    public Epoch epoch() {
        return isUp() ? look(wiring -> wiring.cluster().epoch()) : Epoch.NONE;
    }

    /** The newest epoch it knows of, in its process or on its disk. */
    public Optional<EpochRecord> latestEpoch() {
        return isUp()
                ? look(wiring -> wiring.cluster().state().current())
                : archive().latest();
    }

    @Override
    public String toString() {
        return name;
    }

    private void ended(SimLoop loop, boolean failed) {
        if (process.filter(p -> p.loop == loop).isPresent()) {
            time.log(name, failed ? "ended by its disk" : "ended");
            end = logStatus().reason();
            store().close();
            end(false);
        }
    }

    private void end(boolean powerLost) {
        Process running = process.orElseThrow();
        running.loop.kill();
        process = Optional.empty();
        network.processEnded(host, powerLost);
        time.log(name, powerLost ? "lost power" : "is down");
    }

    /** Random bits of a process, the same in each run. */
    private int number(int process) {
        return time.random("process " + name + " " + process).nextInt();
    }

    private static PeerRequest.Hello hello(Wiring wiring, Member self) {
        var header = Header.of(Opcode.HELLO, Flags.WRITE, wiring.cluster().epoch(), 0);
        return new PeerRequest.Hello(
                header,
                Protocol.SHEEP_VERSION,
                wiring.clusterCtime(),
                self.storeId(),
                self.incarnation(),
                self.node().id(),
                new byte[0]);
    }
}
