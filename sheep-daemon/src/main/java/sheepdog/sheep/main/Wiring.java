package sheepdog.sheep.main;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.api.ClusterLog;
import sheepdog.membership.api.Member;
import sheepdog.membership.runtime.Loop;
import sheepdog.membership.runtime.LoopFuture;
import sheepdog.membership.runtime.Pool;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.protocol.wire.Protocol;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;
import sheepdog.sheep.cluster.Cluster;
import sheepdog.sheep.cluster.ClusterService;
import sheepdog.sheep.cluster.ClusterStatus;
import sheepdog.sheep.cluster.EpochArchive;
import sheepdog.sheep.dispatch.Dispatcher;
import sheepdog.sheep.dispatch.Gatekeeper;
import sheepdog.sheep.dispatch.Operation;
import sheepdog.sheep.dispatch.Operations;
import sheepdog.sheep.gateway.Gateway;
import sheepdog.sheep.peer.Peer;
import sheepdog.sheep.recovery.LocalCopies;
import sheepdog.sheep.recovery.Recovery;
import sheepdog.sheep.recovery.RecoveryService;
import sheepdog.sheep.recovery.RecoverySettings;
import sheepdog.sheep.runtime.PeerLink;
import sheepdog.sheep.runtime.RequestSink;
import sheepdog.sheep.runtime.WallClock;
import sheepdog.sheep.vdi.ClientObjects;
import sheepdog.sheep.vdi.Reclaim;
import sheepdog.sheep.vdi.VdiService;
import sheepdog.store.api.ObjectStore;

/**
 * The parts of a sheep that decide, put together over the seams they are given: the same in production and under the
 * simulator. Built off the loop, before it runs; then {@link #start} once, on the loop.
 */
public final class Wiring {
    private static final Logger LOG = LoggerFactory.getLogger(Wiring.class);

    /** How long a sheep that was shut down keeps its log open for the others. */
    private static final Duration LINGER = Duration.ofMillis(1500);

    /** How long requests under way may keep a sheep that ends from ending. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /** How long a sheep that leaves finishes what its clients asked, and gives back what it owns, as a member. */
    private static final Duration DRAIN = Duration.ofSeconds(2);

    /** A disk that hangs so long is not waited for once the others go on without this sheep. */
    private static final Duration HANG_MAX = Duration.ofSeconds(10);

    private final Loop loop;
    private final ClusterLog log;
    private final ObjectStore store;
    private final Member self;
    private final LinkWatch others;
    private final Ending ending;
    private final DiskWatch disk;
    private final Cluster cluster;
    private final Peer peer;
    private final Recovery recovery;
    private final Gateway gateway;
    private final Reclaim reclaim;
    private final Operations operations;
    private final Dispatcher dispatcher;
    private boolean ended;
    private boolean draining;
    private boolean over;

    /** How the process ends; called once, on the loop, when nothing is being carried out any more. */
    @FunctionalInterface
    public interface Ending {
        /** @param failed a disk error ended it; otherwise a command did */
        void end(boolean failed);
    }

    /**
     * @param others reaches other sheep; requests to this one do not go through it
     * @param settings what the operator says about recovery
     * @param observer told of every answer
     */
    public Wiring(
            Loop loop,
            ClusterLog log,
            ObjectStore store,
            EpochArchive archive,
            Member self,
            PeerLink others,
            RandomGenerator random,
            WallClock clock,
            RecoverySettings settings,
            Dispatcher.Observer observer,
            Ending ending) {
        this.loop = loop;
        this.log = log;
        this.store = store;
        this.self = self;
        this.ending = ending;
        disk = new DiskWatch(loop, this::diskHangs);
        cluster = new Cluster(disk, log, store, archive, self);
        this.others = new LinkWatch(loop, others, cluster, cluster::doubt);
        log.probeWith(this.others::answers);
        var local = new LocalCopies(cluster, store);
        recovery = new Recovery(disk, cluster, store, local, this::send, settings);
        gateway = new Gateway(loop, cluster, this::send, random);
        peer = new Peer(disk, cluster, store, recovery, local, gateway::yieldOwner);
        reclaim = new Reclaim(loop, cluster, gateway, this::send);
        var vdis = new VdiService(loop, cluster, gateway, reclaim, clock);
        var service = new ClusterService(loop, cluster, store, recovery::isRunning);
        operations = OperationTable.of(
                new ClientObjects(cluster, gateway),
                vdis,
                service,
                new RecoveryService(loop, cluster, recovery),
                this::readPeer,
                this::killByCommand);
        dispatcher = new Dispatcher(loop, operations, this::judge, this::hello, peer::serve, observer);
        cluster.onChange(this::clusterChanged);
        cluster.onUnable(() -> leave(true));
    }

    /** Reads the log from disk and joins the others. Blocking; before the loop runs. */
    public void join() {
        log.start(cluster);
    }

    /** Starts the timers. On the loop. */
    public void start() {
        gateway.start();
        reclaim.startTimer();
        disk.start();
        others.start();
    }

    /** Where the edges put requests. */
    public RequestSink sink() {
        return dispatcher;
    }

    public Cluster cluster() {
        return cluster;
    }

    public Recovery recovery() {
        return recovery;
    }

    public Operations operations() {
        return operations;
    }

    /** Requests that wait, for the metrics: until the cluster serves, for a lease or an epoch, for a later epoch. */
    public int[] waitingCounts() {
        return new int[] {dispatcher.waitingCount(), gateway.waitingCount(), peer.waitingCount()};
    }

    /** This node's replicas are a peer like any other, without a socket. */
    private CompletionStage<Response> send(Node to, PeerRequest request) {
        if (!to.id().equals(self.node().id())) {
            return others.send(to, request);
        }
        var answer = new LoopFuture<Response>(loop);
        request.data().retain();
        loop.execute(() -> peer.serve(request).thenAccept(response -> {
            request.data().release();
            answer.complete(response);
        }));
        return answer;
    }

    private Response hello(PeerRequest.Hello hello) {
        long ctime = cluster.state().format().ctime();
        ResultCode result = ResultCode.SUCCESS;
        if (hello.version() != Protocol.SHEEP_VERSION) {
            result = ResultCode.VER_MISMATCH;
        } else if (ctime != 0 && hello.clusterCtime() != 0 && ctime != hello.clusterCtime()) {
            result = ResultCode.INVALID_CTIME;
        }
        if (result != ResultCode.SUCCESS) {
            LOG.warn("refused sheep={} version={} result={}", hello.from(), hello.version(), result);
        }
        return new Response.HelloReply(
                result,
                Protocol.SHEEP_VERSION,
                ctime,
                self.storeId(),
                self.incarnation(),
                self.node().id());
    }

    /** What another sheep's hello says of this one. */
    public long clusterCtime() {
        return cluster.state().format().ctime();
    }

    private Gatekeeper.Verdict judge(Operation operation, boolean patient) {
        ClusterStatus status = cluster.status();
        if (status.isEnd()) {
            // A disk's client takes any refusal for a failed disk; when the connection closes it asks another sheep.
            return patient ? new Gatekeeper.Verdict.Wait() : new Gatekeeper.Verdict.Refuse(status.code());
        }
        if (draining) {
            return patient ? new Gatekeeper.Verdict.Wait() : new Gatekeeper.Verdict.Refuse(ResultCode.KILLED);
        }
        if (operation.beforeServing()) {
            return new Gatekeeper.Verdict.Run();
        }
        return switch (status) {
            case RUNNING -> new Gatekeeper.Verdict.Run();
            case ISOLATED ->
                operation.kind() == Operation.Kind.LOCAL ? new Gatekeeper.Verdict.Run() : new Gatekeeper.Verdict.Wait();
            case WAIT_FOR_JOIN ->
                patient ? new Gatekeeper.Verdict.Wait() : new Gatekeeper.Verdict.Refuse(status.code());
            case HALT ->
                operation.accepted() == Operation.Accepted.WHEN_HALTED
                        ? new Gatekeeper.Verdict.Run()
                        : new Gatekeeper.Verdict.Refuse(status.code());
            case WAIT_FOR_FORMAT, SHUTDOWN, KILLED -> new Gatekeeper.Verdict.Refuse(status.code());
        };
    }

    /** What this store has, whoever ought to have it: for {@code vdi object}. */
    private CompletionStage<Response> readPeer(Request.ReadPeer request) {
        if (!request.header().epoch().equals(cluster.epoch())) {
            boolean older = request.header().epoch().isBefore(cluster.epoch());
            return CompletableFuture.completedStage(
                    Response.of(older ? ResultCode.OLD_NODE_VER : ResultCode.NEW_NODE_VER));
        }
        return disk.offload(Pool.STORE, request.oid().bits(), () -> {
            var into = ByteBuffer.allocate(request.length());
            return switch (store.read(request.oid(), request.offset(), into)) {
                case Outcome.Ok<Void> _ ->
                    new Response.ObjectData(ResultCode.SUCCESS, request.copies(), 0, Payload.of(into.clear()));
                case Outcome.Refused<Void>(var code) -> Response.of(code);
            };
        });
    }

    private void clusterChanged() {
        dispatcher.wake();
        if (cluster.status() == ClusterStatus.SHUTDOWN) {
            endWhenIdle(false);
        }
        if (!ended && cluster.logStatus().phase() == ClusterLog.Phase.STOPPED) {
            // Refused, or unable to write its log: it will never serve, and whoever started it has to know.
            ended = true;
            LOG.error("leaving sheepdog cluster: {}", cluster.logStatus().reason());
            end(true);
        }
    }

    private CompletionStage<Response> killByCommand() {
        loop.execute(() -> leave(false));
        return CompletableFuture.completedStage(Response.success());
    }

    /**
     * Says so to the others, who go on without this sheep as soon as they can. While they cannot, it waits for its disk as
     * its clients do; once they do, it waits a while and ends, for it would be taken back with its disk still hanging.
     */
    private void diskHangs(Duration since) {
        log.complain(self.storeId());
        if (since.compareTo(HANG_MAX) >= 0 && !cluster.holdsLease()) {
            cluster.unable("the disk has not answered for " + since.toSeconds() + " s");
        }
    }

    /**
     * Ends this sheep in order; the cluster goes on without it at once. On the loop.
     *
     * @param failed by its disk, which is to do nothing any more; otherwise what clients have asked is finished first
     */
    public void leave(boolean failed) {
        if (ended) {
            return;
        }
        if (failed) {
            goWithout(true);
        } else if (!draining) {
            draining = true;
            loop.after(DRAIN, () -> goWithout(false));
            dispatcher.whenClientsIdle(() -> gateway.giveAllBack().thenRun(() -> goWithout(false)));
        }
    }

    private void goWithout(boolean failed) {
        if (!ended) {
            ended = true;
            loop.after(PATIENCE, () -> end(failed));
            cluster.kill().thenRun(() -> end(failed));
        }
    }

    private void end(boolean failed) {
        if (!over) {
            over = true;
            ending.end(failed);
        }
    }

    private void endWhenIdle(boolean failed) {
        if (!ended) {
            ended = true;
            // Those who have not heard yet that the shutdown is committed still need this node's log.
            loop.after(PATIENCE, () -> end(failed));
            loop.after(LINGER, () -> dispatcher.whenIdle(() -> end(failed)));
        }
    }
}
