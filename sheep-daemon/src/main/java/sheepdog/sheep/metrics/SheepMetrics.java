package sheepdog.sheep.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.Opcode;

/**
 * Every meter of a sheep. Names are of parts separated by dots; the unit is appended where they are read. Tags have
 * few values, never an object, a VDI or an address.
 *
 * <p>Recording: any thread. Gauges are read by the thread that serves them, so what is given for them must be readable
 * from any thread.
 */
public final class SheepMetrics {
    /** Why a request waits instead of being carried out. */
    public enum Waiting {
        /** Until the cluster serves. */
        SERVING,
        /** At the gateway: for a lease, an epoch, an owner, a retry. */
        GATEWAY,
        /** From other sheep: for an epoch this one does not know yet. */
        PEER
    }

    /** What a request or a connection was refused for before anything looked at its meaning. */
    public enum Refusal {
        MALFORMED,
        OVERSIZED,
        STALLED,
        CONNECTIONS
    }

    /** Why an object is not brought. */
    public enum Obstacle {
        ABSENT,
        SPACE
    }

    /** What was asked of the store. */
    public enum StoreOperation {
        READ,
        WRITE,
        CREATE,
        REMOVE,
        DISCARD
    }

    private final MeterRegistry registry;
    private final Timers requests;
    private final Timers peerRequests;
    private final Timer turns;
    private final Map<StoreOperation, Timer> store = new EnumMap<>(StoreOperation.class);
    private final Map<Refusal, Counter> refusals = new EnumMap<>(Refusal.class);
    private final Counter received;
    private final Counter sent;
    private final Counter connects;
    private final Counter connectFailures;

    /** Timers by operation and result; both are small and known, so the ones in use are kept at hand. */
    private final class Timers {
        private final Timer[][] known = new Timer[256][ResultCode.values().length];
        private final String name;
        private final String description;

        Timers(String name, String description) {
            this.name = name;
            this.description = description;
        }

        void record(int opcode, ResultCode result, long nanos) {
            Timer timer = known[opcode & 0xff][result.ordinal()];
            if (timer == null) { // Two threads may both make it; the registry gives them the same one.
                timer = Timer.builder(name)
                        .description(description)
                        .tag("op", Opcode.of(opcode).map(SheepMetrics::tag).orElse("unknown"))
                        .tag("result", tag(result))
                        .register(registry);
                known[opcode & 0xff][result.ordinal()] = timer;
            }
            timer.record(nanos, TimeUnit.NANOSECONDS);
        }
    }

    public SheepMetrics(MeterRegistry registry) {
        this.registry = registry;
        requests = new Timers("sheep.request", "From a decoded request to its reply being handed to the connection");
        peerRequests = new Timers("sheep.peer.request", "From a request to another sheep to its answer or its failure");
        turns = Timer.builder("sheep.loop.turn")
                .description("One task on the loop")
                .register(registry);
        for (var operation : StoreOperation.values()) {
            store.put(
                    operation,
                    Timer.builder("sheep.store.io")
                            .description("One call of the object store, waiting for a thread not included")
                            .tag("op", tag(operation))
                            .register(registry));
        }
        for (var refusal : Refusal.values()) {
            refusals.put(
                    refusal,
                    Counter.builder("sheep.net.refused")
                            .description("Requests and connections refused for their form or a limit")
                            .tag("reason", tag(refusal))
                            .register(registry));
        }
        received = Counter.builder("sheep.net.received")
                .description("Received from clients and sheep that connected here")
                .baseUnit("bytes")
                .register(registry);
        sent = Counter.builder("sheep.net.sent")
                .description("Sent to clients and sheep that connected here")
                .baseUnit("bytes")
                .register(registry);
        connects = connectCounter("ok");
        connectFailures = connectCounter("failed");
    }

    /** For tests and tools: counted, and read by nobody. */
    public static SheepMetrics unread() {
        return new SheepMetrics(new SimpleMeterRegistry());
    }

    /** @param opcode 0 to 255, known or not */
    public void answered(int opcode, ResultCode result, long nanos) {
        requests.record(opcode, result, nanos);
    }

    /** @param opcode 0 to 255 */
    public void peerAnswered(int opcode, ResultCode result, long nanos) {
        peerRequests.record(opcode, result, nanos);
    }

    public void turn(long nanos) {
        turns.record(nanos, TimeUnit.NANOSECONDS);
    }

    public void storeIo(StoreOperation operation, long nanos) {
        store.get(operation).record(nanos, TimeUnit.NANOSECONDS);
    }

    public void refused(Refusal reason) {
        refusals.get(reason).increment();
    }

    public void received(long bytes) {
        received.increment(bytes);
    }

    public void sent(long bytes) {
        sent.increment(bytes);
    }

    public void peerConnected(boolean successful) {
        (successful ? connects : connectFailures).increment();
    }

    /** @param requests how many wait now */
    public void waiting(Waiting reason, DoubleSupplier requests) {
        String description = "Requests that wait instead of being carried out";
        gauge("sheep.request.waiting", "requests", description, requests, "reason", tag(reason));
    }

    public void connections(DoubleSupplier open) {
        gauge("sheep.net.connections", "connections", "Open connections of clients and other sheep", open);
    }

    public void netInFlight(DoubleSupplier bytes) {
        gauge("sheep.net.inflight", "bytes", "Held by requests from their first byte to the end of their reply", bytes);
    }

    /**
     * @param pool  its name in lower case
     * @param calls how many wait for a thread of it
     */
    public void poolWaiting(String pool, DoubleSupplier calls) {
        gauge("sheep.pool.waiting", "calls", "Blocking calls that wait for a thread", calls, "pool", pool);
    }

    public void storeFree(DoubleSupplier bytes) {
        gauge("sheep.store.free", "bytes", "Space left for objects", bytes);
    }

    public void storeUsed(DoubleSupplier bytes) {
        gauge("sheep.store.used", "bytes", "Space that objects take", bytes);
    }

    /** @param running 1 or 0 */
    public void recoveryRunning(DoubleSupplier running) {
        gauge("sheep.recovery.running", null, "1 while this node may miss objects, also while it reads lists", running);
    }

    /** Of the current epoch. @param bytes of those objects, by their nominal size */
    public void recoveryBacklog(DoubleSupplier objects, DoubleSupplier bytes) {
        gauge(
                "sheep.recovery.backlog",
                "objects",
                "Objects that this node still has to bring or look at, as far as it has read lists",
                objects);
        gauge("sheep.recovery.left", "bytes", "Nominal size of the objects of the backlog", bytes);
    }

    /** @param objects of the backlog that cannot be brought now */
    public void recoveryWaiting(Obstacle reason, DoubleSupplier objects) {
        String description = "Objects of the backlog whose newest copies are absent, or do not fit on the disk";
        gauge("sheep.recovery.waiting", "objects", description, objects, "reason", tag(reason));
    }

    public void clusterEpoch(DoubleSupplier epoch) {
        gauge("sheep.cluster.epoch", null, "Current epoch", epoch);
    }

    public void clusterNodes(DoubleSupplier nodes) {
        gauge("sheep.cluster.nodes", "nodes", "Nodes of the current epoch", nodes);
    }

    /** @param held 1 or 0 */
    public void clusterLease(DoubleSupplier held) {
        gauge("sheep.cluster.lease", null, "1 while this node may acknowledge reads and writes", held);
    }

    /** @param tags names and values in turn */
    private void gauge(String name, String unit, String description, DoubleSupplier value, String... tags) {
        Gauge.builder(name, value::getAsDouble)
                .description(description)
                .baseUnit(unit)
                .tags(tags)
                .register(registry);
    }

    private Counter connectCounter(String result) {
        return Counter.builder("sheep.peer.connect")
                .description("Attempts to connect to another sheep, hello included")
                .tag("result", result)
                .register(registry);
    }

    private static String tag(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
