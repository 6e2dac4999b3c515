package sheepdog.membership.log;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import sheepdog.membership.api.ClusterLog;
import sheepdog.membership.api.ClusterLogContract;
import sheepdog.membership.api.ClusterTransport;
import sheepdog.membership.api.Member;
import sheepdog.membership.api.RecordingMachine;
import sheepdog.membership.consensus.LogTiming;
import sheepdog.membership.runtime.Loop;
import sheepdog.membership.runtime.Pool;
import sheepdog.membership.runtime.TestLoop;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.placement.Weights;

/** Sheep's logs on real threads, disks and time, over a transport with real sockets. */
public final class RealCluster implements ClusterLogContract.Cluster {
    private static final int PLACES = 5;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Path folder;
    private final Transports transports;
    private final Life[] lives = new Life[PLACES];
    private final int[] ports = new int[PLACES];
    private final int[] incarnations = new int[PLACES];
    private final AtomicLongArray ages = new AtomicLongArray(PLACES);

    /** Makes the transport of a process. */
    @FunctionalInterface
    public interface Transports {
        /** @param place 0 to 4; always the same one for a sheep, also when it is started again */
        ClusterTransport of(Loop loop, int place);
    }

    /** @param folder for what the sheep write */
    public RealCluster(Path folder, Transports transports) {
        this.folder = folder;
        this.transports = transports;
    }

    @Override
    public void start(int place) {
        lives[place] = new Life(place);
    }

    @Override
    public void kill(int place) {
        lives[place].end();
        lives[place] = null;
    }

    @Override
    public ClusterLog log(int place) {
        return lives[place].log;
    }

    @Override
    public RecordingMachine machine(int place) {
        return lives[place].machine;
    }

    @Override
    public <T> T on(int place, Supplier<T> call) {
        return lives[place].loop.call(call::get);
    }

    @Override
    public void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        var tick = new CompletableFuture<Void>();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("waited for: " + what + state());
            }
            try {
                tick.copy()
                        .orTimeout(10, java.util.concurrent.TimeUnit.MILLISECONDS)
                        .join();
            } catch (java.util.concurrent.CompletionException _) {
                // 10 ms have passed.
            }
        }
    }

    private String state() {
        var text = new StringBuilder();
        for (int place = 0; place < PLACES; place++) {
            if (lives[place] != null) {
                int here = place;
                text.append("\n")
                        .append(place)
                        .append(": ")
                        .append(on(
                                place,
                                () -> log(here).status() + " sees "
                                        + log(here).visible() + " epochs "
                                        + machine(here).epochs()));
            }
        }
        return text.toString();
    }

    @Override
    public void close() {
        for (Life life : lives) {
            if (life != null) {
                life.end();
            }
        }
    }

    private final class Life {
        final TestLoop loop;
        final ServerSocket port;
        final RecordingMachine machine = new RecordingMachine();
        final ConsensusLog log;

        Life(int place) {
            try {
                port = new ServerSocket();
                port.setReuseAddress(true);
                port.bind(new java.net.InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), ports[place]));
                Files.createDirectories(folder.resolve("store" + place));
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
            ports[place] = port.getLocalPort();
            int incarnation = ++incarnations[place];
            loop = new TestLoop(place + "." + incarnation);
            var self = new Member(
                    new Node(NodeId.of("127.0.0.1", ports[place]), Optional.empty(), 64, place, 1L << 30),
                    0x1000 + place,
                    Member.incarnation(ages.get(place), incarnation, 7));
            var setup = new LogSetup(
                    self,
                    LogTiming.DEFAULT,
                    Weights::assign,
                    () -> System.currentTimeMillis() / 1000,
                    new SplittableRandom(),
                    to -> ages.set(place, to),
                    LogSetup.Limits.DEFAULT);
            log = new ConsensusLog(
                    setup,
                    loop,
                    transports.of(loop, place),
                    new FileLogStorage(folder.resolve("store" + place).resolve("log"), false));
            log.start(machine);
        }

        void end() {
            try {
                port.close();
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
            var written = new CompletableFuture<Void>();
            loop.run(() -> {
                log.close();
                loop.offload(Pool.LOG, 0, () -> written.complete(null));
            });
            written.join();
            loop.close();
        }
    }
}
