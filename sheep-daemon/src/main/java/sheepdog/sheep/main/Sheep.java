package sheepdog.sheep.main;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.api.ClusterTransport;
import sheepdog.membership.api.Member;
import sheepdog.membership.consensus.LogTiming;
import sheepdog.membership.epochlog.ClusterConfig;
import sheepdog.membership.epochlog.EpochLog;
import sheepdog.membership.files.RealFolder;
import sheepdog.membership.jgroups.JGroupsConfig;
import sheepdog.membership.jgroups.JGroupsTransport;
import sheepdog.membership.local.LocalTransport;
import sheepdog.membership.log.ConsensusLog;
import sheepdog.membership.log.FileLogStorage;
import sheepdog.membership.log.LogSetup;
import sheepdog.membership.log.LogStorageException;
import sheepdog.membership.runtime.Pool;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.placement.Weights;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.protocol.wire.Protocol;
import sheepdog.sheep.admin.AdminServer;
import sheepdog.sheep.admin.Health;
import sheepdog.sheep.cluster.ClusterStatus;
import sheepdog.sheep.cluster.ClusterView;
import sheepdog.sheep.metrics.SheepMetrics;
import sheepdog.sheep.net.NetLimits;
import sheepdog.sheep.net.NetThreads;
import sheepdog.sheep.net.PeerLinks;
import sheepdog.sheep.net.SheepServer;
import sheepdog.sheep.recovery.Recovery;
import sheepdog.sheep.runtime.real.RealClock;
import sheepdog.sheep.runtime.real.RealLoop;
import sheepdog.store.disk.Disk;
import sheepdog.store.disk.RealDisk;
import sheepdog.store.plain.PlainStore;
import sheepdog.store.plain.PlainStoreConfig;
import sheepdog.store.plain.StoreDirectory;
import sheepdog.store.plain.StoreRefusedException;
import sheepdog.store.rocks.RocksMetaStore;

/**
 * A running sheep: the parts of {@link Wiring} over real threads, disks and sockets.
 *
 * <p>For the thread that starts it, but for {@link #leave}. Joining comes last: a sheep that cannot open its store or
 * its port is never seen by the others.
 */
final class Sheep implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Sheep.class);

    private static final String UPGRADE_HINT = "\nuse '-u' option to upgrade sheep store";

    /** Calls to the disk at once; most of the time they wait for a sync. */
    private static final int STORE_THREADS = 16;

    private static final int NET_THREADS = 2;
    /** Joining waits for nobody, but disks and name services may be slow. */
    private static final long JOIN_SECONDS = 120;

    private static final long END_SECONDS = 10;
    private static final Duration MEASURE_EVERY = Duration.ofSeconds(1);

    private final SheepConfig config;
    private final Consumer<Boolean> ended;
    private final StoreDirectory directory;
    private final PlainStore store;
    private final FileEpochArchive archive;
    private final ExecutorService housekeeping;
    private final RealLoop loop;
    private final NetThreads threads;
    private final PeerLinks links;
    private final Wiring wiring;
    private final SheepServer server;
    private final ConsensusLog log;
    private final Optional<AdminServer> admin;

    private volatile boolean superseded;
    // Copies for the metrics, made on the loop.
    private volatile Health measured = new Health(false, "starting", 0, 0);
    private volatile boolean measuredLease;
    private volatile int[] measuredWaiting = new int[3];
    private volatile Recovery.Backlog measuredBacklog = Recovery.Backlog.NONE;

    private Sheep(SheepConfig config, LockHeld lockHeld, Consumer<Boolean> ended, Consumer<Throwable> broken)
            throws StoreRefusedException, IOException, StartFailure {
        this.config = config;
        this.ended = ended;
        var random = new SecureRandom();
        SetAside.finish(config.base());
        Disk disk = new RealDisk();
        EpochLog.check(config.base()); // Before anything is made in a directory that is not ours.
        directory = StoreDirectory.open(disk, config.base(), () -> notZero(random));
        lockHeld.run();
        housekeeping = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().name("store").factory());
        store = PlainStore.open(
                disk,
                directory.path(),
                RocksMetaStore.open(directory.database(), directory.nativeCode()),
                PlainStoreConfig.DEFAULT.withSynced(config.sync()),
                housekeeping,
                random::nextLong);
        archive = FileEpochArchive.open(directory.path());
        Member self = new Member(
                node(),
                directory.id(),
                Member.incarnation(directory.age(), directory.incarnation(), random.nextInt()),
                config.witness());
        LOG.info(
                "sheep node={} zone={} space={} store={} incarnation={}",
                self.node(),
                Integer.toUnsignedLong(self.node().zone()),
                self.node().space(),
                Long.toHexString(self.storeId()),
                self.starts());
        var registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        var metrics = new SheepMetrics(registry);
        loop = new RealLoop(STORE_THREADS, broken, metrics::turn);
        threads = new NetThreads(NET_THREADS);
        links = new PeerLinks(loop, threads, () -> hello(self), PeerLinks.Limits.usual(), metrics);
        var clock = new RealClock();
        var setup = new LogSetup(
                self,
                LogTiming.DEFAULT,
                Weights::assign,
                () -> clock.now().getEpochSecond(),
                RandomGenerator.of("L64X128MixRandom"),
                directory::raiseAge,
                LogSetup.Limits.DEFAULT);
        log = new ConsensusLog(
                setup,
                loop,
                transport(),
                new FileLogStorage(directory.path().resolve("log"), archive.formattedAt() > 0));
        wiring = new Wiring(
                loop,
                log,
                new MeasuredStore(store, metrics),
                archive,
                self,
                links,
                RandomGenerator.of("L64X128MixRandom"),
                clock,
                config.recovery().keptBy(new KeptLimit(RealFolder.of(directory.path()))),
                (_, _, _) -> {}, // The connections measure, the way back to them included.
                this::over);
        server = new SheepServer(threads, loop, wiring.sink(), wiring.cluster()::epoch, netLimits(), metrics);
        admin = config.metrics().map(_ -> new AdminServer(registry, loop, this::health));
        measure(registry, metrics);
    }

    private static NetLimits netLimits() {
        var usual = NetLimits.of(Runtime.getRuntime().maxMemory() / 4);
        var files = OpenFiles.most();
        if (files.isEmpty()) {
            return usual;
        }
        var limits = usual.within(files.getAsLong());
        if (limits.connectionsMax() < usual.connectionsMax()) {
            LOG.warn(
                    "fewer connections than usual connections={} files={}", limits.connectionsMax(), files.getAsLong());
        }
        return limits;
    }

    /** What is to be done once the store directory is this process's. */
    @FunctionalInterface
    interface LockHeld {
        /** @throws StartFailure ending the start */
        void run() throws StartFailure;
    }

    /**
     * Looks whether this host has the address that the driver's options name. Touches nothing.
     *
     * @throws StartFailure with what to tell the user
     */
    static void checkAddress(SheepConfig config) throws StartFailure {
        if (config.driver() instanceof SheepConfig.Driver.JGroups(JGroupsConfig jgroups)) {
            try {
                jgroups.checkAddress();
            } catch (ClusterTransport.TransportException notOurs) {
                throw new StartFailure(notOurs.getMessage());
            }
        }
    }

    /**
     * Opens the store, listens, and joins the others. Blocks until the sheep serves, or waits for others to.
     *
     * @param lockHeld called once the store directory is known to be good and ours, and before anything slow
     * @param ended    called once, on any thread, when the sheep has come to its end: true if something broke
     * @param broken   called on any thread for a broken invariant, and must end the process: a wrong sheep is worse than
     *                 a dead one
     * @throws StartFailure with what to tell the user
     */
    static Sheep start(SheepConfig config, LockHeld lockHeld, Consumer<Boolean> ended, Consumer<Throwable> broken)
            throws StartFailure {
        try {
            var sheep = new Sheep(config, lockHeld, ended, broken);
            sheep.listen();
            sheep.join();
            return sheep;
        } catch (StoreRefusedException
                | LogStorageException
                | ClusterTransport.TransportException
                | IllegalArgumentException refused) {
            throw new StartFailure(refused.getMessage());
        } catch (EpochLog.VersionException other) {
            throw new StartFailure(config.upgrade() ? cannotUpgrade(config, other) : other.getMessage() + UPGRADE_HINT);
        } catch (EpochLog.LayoutException damaged) {
            throw new StartFailure(damaged.getMessage());
        } catch (IOException failed) {
            throw new StartFailure("cannot start on " + config.base() + " (" + SystemError.text(failed) + ")");
        }
    }

    private static String cannotUpgrade(SheepConfig config, EpochLog.VersionException other) {
        return "cannot upgrade the store " + config.base() + " from data layout " + other.version()
                + ", this sheep knows " + ClusterConfig.VERSION + " only";
    }

    private static long notZero(RandomGenerator random) {
        long id = random.nextLong();
        return id == 0 ? 1 : id;
    }

    private Node node() throws IOException {
        InetAddress address = config.advertised().orElseGet(this::ownAddress);
        var id = NodeId.of(address, config.port());
        long space = config.gateway() ? 0 : archive.space(() -> measuredSpace());
        return new Node(
                id,
                config.io().map(io -> NodeId.of(io.getAddress(), io.getPort() == 0 ? config.port() : io.getPort())),
                config.gateway() ? 0 : Weights.VNODES_DEFAULT,
                config.zone().orElse(id.defaultZone()),
                space);
    }

    private long measuredSpace() throws IOException {
        if (config.spaceBytes().isPresent()) {
            return config.spaceBytes().getAsLong();
        }
        return store.stats().freeBytes();
    }

    /** The address others are told when the operator names none. */
    private InetAddress ownAddress() {
        if (config.driver() instanceof SheepConfig.Driver.Local) {
            return InetAddress.ofLiteral("127.0.0.1");
        }
        return config.bind()
                .filter(bind -> !bind.isAnyLocalAddress())
                .orElseGet(() -> firstInterface().orElse(InetAddress.ofLiteral("127.0.0.1")));
    }

    private static Optional<InetAddress> firstInterface() {
        try {
            return NetworkInterface.networkInterfaces()
                    .flatMap(NetworkInterface::inetAddresses)
                    .filter(a -> a instanceof Inet4Address && !a.isLoopbackAddress() && !a.isLinkLocalAddress())
                    .findFirst();
        } catch (IOException none) {
            return Optional.empty();
        }
    }

    private ClusterTransport transport() {
        return switch (config.driver()) {
            case SheepConfig.Driver.JGroups(var jgroups) -> new JGroupsTransport(loop, jgroups);
            case SheepConfig.Driver.Local(var local) -> new LocalTransport(loop, local);
        };
    }

    private PeerRequest.Hello hello(Member self) {
        return new PeerRequest.Hello(
                Header.of(Opcode.HELLO, 0, wiring.cluster().epoch(), 0),
                Protocol.SHEEP_VERSION,
                wiring.clusterCtime(),
                self.storeId(),
                self.incarnation(),
                self.node().id(),
                new byte[0]);
    }

    private void listen() throws StartFailure {
        Path socket = directory.path().resolve("sock");
        try {
            InetAddress any = InetAddress.ofLiteral("0.0.0.0");
            server.listen(new InetSocketAddress(config.bind().orElse(any), config.port()));
            if (config.io().isPresent()) {
                InetSocketAddress io = config.io().get();
                boolean covered = config.bind().isEmpty() && (io.getPort() == 0 || io.getPort() == config.port());
                if (!covered) {
                    server.listen(
                            new InetSocketAddress(io.getAddress(), io.getPort() == 0 ? config.port() : io.getPort()));
                }
            }
            server.listenUnix(socket);
            if (admin.isPresent()) {
                admin.get().listen(config.metrics().orElseThrow());
            }
        } catch (IOException failed) {
            LOG.error("failed to bind server socket: {}", SystemError.text(failed));
            throw new StartFailure("failed to create a listening port (" + SystemError.text(failed) + ")");
        }
    }

    /** The log is read as the loop's first task, so that no request is looked at before. */
    private void join() throws StartFailure {
        var joined = new CompletableFuture<Void>();
        loop.execute(() -> {
            try {
                wiring.join();
                wiring.start();
                wiring.cluster().onChange(this::forgetOthers);
                if (admin.isPresent()) {
                    takeMeasure();
                }
                joined.complete(null);
            } catch (RuntimeException refused) {
                joined.completeExceptionally(refused);
            }
        });
        loop.start();
        try {
            joined.get(JOIN_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof RuntimeException refused) {
                throw refused;
            }
            throw new StartFailure(String.valueOf(failed.getCause().getMessage()));
        } catch (TimeoutException stuck) {
            throw new StartFailure("cannot join the cluster: no answer from the disk or the network");
        } catch (InterruptedException ending) {
            Thread.currentThread().interrupt();
            throw new StartFailure("interrupted");
        }
    }

    private void forgetOthers() {
        wiring.cluster().view().map(ClusterView::nodes).ifPresent(links::keepOnly);
    }

    /** On the loop. */
    private void over(boolean failed) {
        superseded = log.superseded();
        ended.accept(failed);
    }

    /** On the loop. */
    private Health health() {
        var status = wiring.cluster().status();
        return new Health(
                status == ClusterStatus.RUNNING,
                status.name().toLowerCase(Locale.ROOT),
                Integer.toUnsignedLong(wiring.cluster().epoch().number()),
                wiring.cluster().view().map(view -> view.nodes().size()).orElse(0));
    }

    /** What is read off the loop is copied there, as often as somebody may look. */
    private void measure(MeterRegistry registry, SheepMetrics metrics) {
        metrics.clusterEpoch(() -> measured.epoch());
        metrics.clusterNodes(() -> measured.nodes());
        metrics.clusterLease(() -> measuredLease ? 1 : 0);
        metrics.waiting(SheepMetrics.Waiting.SERVING, () -> measuredWaiting[0]);
        metrics.waiting(SheepMetrics.Waiting.GATEWAY, () -> measuredWaiting[1]);
        metrics.waiting(SheepMetrics.Waiting.PEER, () -> measuredWaiting[2]);
        metrics.recoveryRunning(() -> measuredBacklog.running() ? 1 : 0);
        metrics.recoveryBacklog(() -> measuredBacklog.objects(), () -> measuredBacklog.bytes());
        metrics.recoveryWaiting(SheepMetrics.Obstacle.ABSENT, () -> measuredBacklog.absent());
        metrics.recoveryWaiting(SheepMetrics.Obstacle.SPACE, () -> measuredBacklog.space());
        metrics.storeFree(() -> store.stats().freeBytes());
        metrics.storeUsed(() -> store.stats().nominalBytes());
        for (Pool pool : Pool.values()) {
            metrics.poolWaiting(pool.name().toLowerCase(Locale.ROOT), () -> loop.waiting(pool));
        }
        if (admin.isPresent()) { // They cost a little, and nobody reads them otherwise.
            new JvmMemoryMetrics().bindTo(registry);
            new JvmThreadMetrics().bindTo(registry);
            new ProcessorMetrics().bindTo(registry);
            new UptimeMetrics().bindTo(registry);
        }
    }

    private void takeMeasure() {
        measured = health();
        measuredLease = log.holdsLease();
        measuredWaiting = wiring.waitingCounts();
        measuredBacklog = wiring.recovery().backlog();
        loop.after(MEASURE_EVERY, this::takeMeasure);
    }

    /**
     * Whether it ended because its cluster went on by force without its store. What the directory holds is then to be {@link
     * SetAside}; an empty one takes its place. Any thread, after {@code ended} was called.
     */
    boolean isSuperseded() {
        return superseded;
    }

    long storeId() {
        return directory.id();
    }

    /** Leaves the cluster in order; {@code ended} is called when that is done. Any thread. */
    void leave() {
        loop.execute(() -> wiring.leave(false));
    }

    /** Lets go of sockets, threads and the store. After {@code ended} was called. */
    @Override
    public void close() {
        admin.ifPresent(AdminServer::close);
        var closed = new CompletableFuture<Void>();
        loop.execute(() -> {
            log.close();
            links.close();
            closed.complete(null);
        });
        try {
            closed.get(END_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException stuck) {
            LOG.warn("the log did not close in time");
        } catch (InterruptedException ending) {
            Thread.currentThread().interrupt();
        }
        // Only now: that nobody listens on its port any more is proof to the others that a sheep is dead.
        server.close();
        loop.close();
        threads.close();
        store.close();
        housekeeping.shutdown();
        directory.close();
    }
}
