package sheepdog.sheep.testkit;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import sheepdog.membership.api.Member;
import sheepdog.membership.runtime.Cancellable;
import sheepdog.membership.runtime.Loop;
import sheepdog.membership.runtime.LoopFuture;
import sheepdog.membership.runtime.Pool;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.VdiName;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.wire.Flags;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.protocol.wire.RecoveryLimit;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;
import sheepdog.sheep.cluster.Owner;
import sheepdog.sheep.main.Wiring;
import sheepdog.sheep.recovery.RecoverySettings;
import sheepdog.sheep.runtime.ConnectionInfo;

/**
 * Sheep 1, 2, 3, ... on one thread: the production parts over a {@link SharedLog}, stores in memory, and links that
 * deliver at once unless a rule of the test says otherwise.
 */
public final class TestCluster {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration STEP = Duration.ofMillis(5);

    /** Without a grace: what stories are told of is what comes after it. */
    private RecoverySettings settings = new RecoverySettings(RecoveryLimit.NONE, Duration.ZERO);

    private final StepLoop loop = new StepLoop();
    private final SharedLog log = new SharedLog(loop);
    private final TreeMap<Integer, Host> hosts = new TreeMap<>();
    private final List<Rule> rules = new ArrayList<>();
    private final List<Runnable> held = new ArrayList<>();
    private long seconds = 1_000;

    /** What becomes of a request between two sheep. */
    public enum Fate {
        DELIVER,
        /** It does not arrive. */
        LOSE,
        /** It arrives, its answer does not. */
        LOSE_ANSWER,
        /** It arrives when the test says {@link TestCluster#deliverHeld}. */
        HOLD
    }

    /** Asked for each request; the first that is not DELIVER stands. */
    @FunctionalInterface
    public interface Rule {
        Fate fate(int from, int to, PeerRequest request);
    }

    /** A host: its disk stays when its sheep dies. */
    public final class Host {
        private final int number;
        private final MemoryStore store = new MemoryStore();
        private final MemoryArchive archive = new MemoryArchive();
        private Member member;
        private HostLoop own;
        private SharedLog.Node node;
        private Wiring wiring;
        private boolean hung;
        private final List<Runnable> calls = new ArrayList<>();

        private Host(int number) {
            this.number = number;
            this.member = Sheep.member(number, 0);
        }

        /** Its disk neither answers nor fails, until it does. */
        public void hang(boolean now) {
            hung = now;
            if (!now) {
                var all = List.copyOf(calls);
                calls.clear();
                all.forEach(Runnable::run);
            }
        }

        /** Whether its sheep lives. */
        public boolean isRunning() {
            return own != null && own.alive;
        }

        /** Starts its sheep, in its next incarnation. */
        public void start() {
            start(Sheep.member(number, member.incarnation() + 1));
        }

        /** Likewise, as one that stores nothing of this epoch or later ones. */
        public void startAsGateway() {
            start(Sheep.gateway(number, member.incarnation() + 1));
        }

        private void start(Member its) {
            member = its;
            own = new HostLoop(this, loop);
            node = log.join(member);
            wiring = new Wiring(
                    own,
                    node,
                    store,
                    archive,
                    member,
                    (to, request) -> carry(this, to, request),
                    new Random(number),
                    () -> Instant.ofEpochSecond(seconds++),
                    settings,
                    (_, _, _) -> {},
                    _ -> crash());
            wiring.join();
            wiring.start();
        }

        /** Its process ends without a word. */
        public void crash() {
            own.alive = false;
            node.crash();
        }

        public MemoryStore store() {
            return store;
        }

        /** The epochs on its disk. */
        public MemoryArchive archive() {
            return archive;
        }

        public SharedLog.Node log() {
            return node;
        }

        public Wiring wiring() {
            return wiring;
        }

        public Owner owner(Vid vid) {
            return wiring.cluster().owner(vid);
        }
    }

    private static final class HostLoop implements Loop {
        private final Host host;
        private final StepLoop loop;
        private boolean alive = true;

        HostLoop(Host host, StepLoop loop) {
            this.host = host;
            this.loop = loop;
        }

        private Runnable guarded(Runnable task) {
            return () -> {
                if (alive) {
                    task.run();
                }
            };
        }

        @Override
        public void execute(Runnable task) {
            loop.execute(guarded(task));
        }

        @Override
        public long nowNanos() {
            return loop.nowNanos();
        }

        @Override
        public Cancellable after(Duration delay, Runnable task) {
            return loop.after(delay, guarded(task));
        }

        @Override
        public <T> CompletionStage<T> offload(Pool pool, long stripe, Callable<T> blocking) {
            var result = new LoopFuture<T>(this);
            Runnable call = () -> loop.offload(pool, stripe, () -> alive ? blocking.call() : null)
                    .thenAccept(value -> {
                        if (alive) {
                            result.complete(value);
                        }
                    });
            if (host.hung && pool == Pool.STORE) {
                host.calls.add(call);
            } else {
                call.run();
            }
            return result;
        }

        @Override
        public void checkOnLoop() {}
    }

    /** A connection of a client, or of another sheep. */
    public static final class Connection implements ConnectionInfo {
        private final Optional<PeerRequest.Hello> peer;
        private boolean open = true;

        private Connection(Optional<PeerRequest.Hello> peer) {
            this.peer = peer;
        }

        public static Connection ofClient() {
            return new Connection(Optional.empty());
        }

        public void close() {
            open = false;
        }

        @Override
        public String remote() {
            return "test";
        }

        @Override
        public Optional<PeerRequest.Hello> peer() {
            return peer;
        }

        @Override
        public boolean isOpen() {
            return open;
        }
    }

    /** What the sheep that are started from now on are told about recovery. */
    public void settings(RecoverySettings now) {
        settings = now;
    }

    /** {@code count} sheep, formatted with that many copies; all of them are members. */
    public static TestCluster of(int count, int copies) {
        var cluster = new TestCluster();
        IntStream.rangeClosed(1, count).forEach(n -> cluster.host(n).start());
        cluster.format(copies);
        return cluster;
    }

    public void format(int copies) {
        format(copies, 0);
    }

    /** @param mode a flag of {@link Request.MakeFs} */
    public void format(int copies, int mode) {
        var header = Header.of(Opcode.MAKE_FS, mode, Epoch.NONE, 1);
        var request = new Request.MakeFs(header, copies, ++seconds << 32, "farm");
        check(ask(1, request));
    }

    /** Makes the host if it is new; its sheep is not started by this. */
    public Host host(int number) {
        return hosts.computeIfAbsent(number, Host::new);
    }

    public StepLoop loop() {
        return loop;
    }

    /** A new epoch of these sheep. */
    public void epoch(int... members) {
        log.epoch(IntStream.of(members).mapToObj(n -> host(n).member).toArray(Member[]::new));
        loop.settle();
    }

    /** The sheep's process ends and a new one starts, quickly enough for the epoch to stay. */
    public void restart(int number) {
        host(number).crash();
        host(number).start();
        log.started(host(number).member);
        loop.settle();
    }

    public void rule(Rule rule) {
        rules.add(rule);
    }

    public void noRules() {
        rules.clear();
    }

    public void deliverHeld() {
        var all = List.copyOf(held);
        held.clear();
        all.forEach(Runnable::run);
        loop.settle();
    }

    public int heldCount() {
        return held.size();
    }

    private CompletionStage<Response> carry(Host from, Node to, PeerRequest request) {
        var answer = new LoopFuture<Response>(from.own);
        Host there = hosts.values().stream()
                .filter(h -> h.member.node().id().equals(to.id()))
                .findFirst()
                .orElseThrow();
        request.data().retain();
        Fate fate = rules.stream()
                .map(r -> r.fate(from.number, there.number, request))
                .filter(f -> f != Fate.DELIVER)
                .findFirst()
                .orElse(Fate.DELIVER);
        switch (fate) {
            case DELIVER -> loop.execute(() -> deliver(from, there, request, answer, false));
            case LOSE_ANSWER -> loop.execute(() -> deliver(from, there, request, answer, true));
            case HOLD -> held.add(() -> loop.execute(() -> deliver(from, there, request, answer, false)));
            case LOSE ->
                loop.execute(() -> {
                    request.data().release();
                    from.own.execute(() -> answer.complete(Response.of(ResultCode.NETWORK_ERROR)));
                });
        }
        return answer;
    }

    private void deliver(Host from, Host there, PeerRequest request, LoopFuture<Response> answer, boolean losesAnswer) {
        if (!there.isRunning()) {
            request.data().release();
            from.own.execute(() -> answer.complete(Response.of(ResultCode.NETWORK_ERROR)));
            return;
        }
        var hello = new PeerRequest.Hello(
                header(Opcode.HELLO),
                1,
                0,
                from.member.storeId(),
                from.member.incarnation(),
                from.member.node().id(),
                new byte[0]);
        there.wiring.sink().admit(request, new Connection(Optional.of(hello)), response -> {
            request.data().release();
            if (losesAnswer) {
                response.release();
                from.own.execute(() -> answer.complete(Response.of(ResultCode.NETWORK_ERROR)));
            } else {
                from.own.execute(() -> answer.complete(response));
            }
        });
    }

    /** Starts a request of a client; the answer may come later. */
    public LoopFuture<Response> begin(int sheep, Request request) {
        return begin(sheep, request, Connection.ofClient());
    }

    public LoopFuture<Response> begin(int sheep, Request request, Connection connection) {
        var answer = new LoopFuture<Response>(loop);
        loop.execute(() -> host(sheep).wiring.sink().admit(request, connection, response -> {
            request.release();
            answer.complete(response);
        }));
        loop.settle();
        return answer;
    }

    /** A request of a client and its answer, in as much simulated time as it takes. */
    public Response ask(int sheep, Request request) {
        return await(begin(sheep, request));
    }

    public Response await(LoopFuture<Response> answer) {
        until(answer::isDone);
        return answer.join();
    }

    /** Lets time pass until {@code true}; fails if that takes more than a minute. */
    public void until(Callable<Boolean> condition) {
        try {
            long end = loop.nowNanos() + PATIENCE.toNanos();
            while (!condition.call()) {
                if (loop.nowNanos() > end) {
                    throw new AssertionError("nothing came within " + PATIENCE);
                }
                loop.advance(STEP);
            }
        } catch (Exception bug) {
            throw new AssertionError(bug);
        }
    }

    private static Response check(Response response) {
        if (response.result() != ResultCode.SUCCESS) {
            throw new AssertionError("refused: " + response);
        }
        return response;
    }

    private static Header header(Opcode opcode) {
        return Header.of(opcode, 0, Epoch.NONE, 1);
    }

    private static Header payloadHeader(Opcode opcode) {
        return Header.of(opcode, Flags.WRITE, Epoch.NONE, 1);
    }

    // Requests as clients make them.

    public static Request.KillNode kill() {
        return new Request.KillNode(header(Opcode.KILL_NODE));
    }

    public static Request.NewVdi newVdi(String name, Vid base, boolean snapshot) {
        return new Request.NewVdi(
                payloadHeader(Opcode.NEW_VDI), new VdiName(name), 64L << 20, base, 0, snapshot, 0, 0, 0);
    }

    public static Request.DeleteVdi deleteVdi(String name, int snapId) {
        return new Request.DeleteVdi(payloadHeader(Opcode.DEL_VDI), new VdiName(name), VdiName.EMPTY, snapId);
    }

    public static Request.GetVdiInfo info(String name, int snapId) {
        return new Request.GetVdiInfo(payloadHeader(Opcode.GET_VDI_INFO), new VdiName(name), VdiName.EMPTY, snapId);
    }

    public static Request.CreateObject create(ObjectId oid, int offset, byte[] data) {
        return new Request.CreateObject(
                payloadHeader(Opcode.CREATE_AND_WRITE_OBJ), oid, Optional.empty(), offset, Payload.of(data), 0);
    }

    public static Request.CreateObject copyOnWrite(ObjectId oid, ObjectId source, int offset, byte[] data) {
        return new Request.CreateObject(
                payloadHeader(Opcode.CREATE_AND_WRITE_OBJ), oid, Optional.of(source), offset, Payload.of(data), 0);
    }

    public static Request.WriteObject write(ObjectId oid, int offset, Payload data) {
        return new Request.WriteObject(payloadHeader(Opcode.WRITE_OBJ), oid, offset, data, 0);
    }

    public static Request.WriteObject write(ObjectId oid, int offset, byte[] data) {
        return write(oid, offset, Payload.of(data));
    }

    public static Request.ReadObject read(ObjectId oid, int offset, int length) {
        return new Request.ReadObject(header(Opcode.READ_OBJ), oid, offset, length, 0);
    }

    public static Request.RemoveObject remove(ObjectId oid) {
        return new Request.RemoveObject(header(Opcode.REMOVE_OBJ), oid);
    }

    public static Request.DiscardObject discard(ObjectId oid) {
        return new Request.DiscardObject(header(Opcode.DISCARD_OBJ), oid);
    }

    // What tests do all the time.

    public Vid makeVdi(int sheep, String name) {
        return vid(ask(sheep, newVdi(name, Vid.NONE, false)));
    }

    public Vid snapshot(int sheep, String name, Vid base) {
        return vid(ask(sheep, newVdi(name, base, true)));
    }

    public static Vid vid(Response response) {
        if (check(response) instanceof Response.VdiInfo info) {
            return info.vid();
        }
        throw new AssertionError("no VDI: " + response);
    }

    /** Creates a data object and fills its slot, as clients do. */
    public void put(int sheep, ObjectId oid, byte... data) {
        check(ask(sheep, create(oid, 0, data)));
        byte[] slot = {
            (byte) oid.vid().value(),
            (byte) (oid.vid().value() >> 8),
            (byte) (oid.vid().value() >> 16),
            0
        };
        check(ask(sheep, write(ObjectId.ofInode(oid.vid()), 4664 + 4 * oid.index(), slot)));
    }

    public ResultCode code(int sheep, Request request) {
        Response response = ask(sheep, request);
        response.release();
        return response.result();
    }

    public byte[] bytes(int sheep, ObjectId oid, int offset, int length) {
        Response response = check(ask(sheep, read(oid, offset, length)));
        byte[] bytes = new byte[length];
        response.data().bytes().get(bytes);
        response.release();
        return bytes;
    }
}
