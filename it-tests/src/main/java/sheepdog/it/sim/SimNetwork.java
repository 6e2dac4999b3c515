package sheepdog.it.sim;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.NodeId;

/**
 * What lies between the machines of a simulation: delay, cuts of one direction or both, stalls, resets, lost and doubled
 * datagrams.
 *
 * <p>A cut is silence, not an error: connections across it stay open, and what was sent waits, as TCP repeats it, until
 * the link is whole again or the connection has waited longer than {@link Weather#patience} and is reset. A stall is the
 * same without the end. Datagrams across either are lost.
 */
public final class SimNetwork {
    /** When a request to connect is sent, and sent again while there is no answer. */
    private static final List<Duration> CONNECT_REPEATS =
            List.of(Duration.ZERO, Duration.ofSeconds(1), Duration.ofSeconds(3), Duration.ofSeconds(7));

    private final SimTime time;
    private final RandomGenerator random;
    private final List<SimHost> hosts = new ArrayList<>();
    private final TreeMap<NodeId, SimHost> addresses = new TreeMap<>();
    private final List<SimTransport> transports = new ArrayList<>();
    private final Set<Integer> cutDatagrams = new TreeSet<>();
    private final Set<Integer> cutStreams = new TreeSet<>();
    private final Set<Integer> stalled = new TreeSet<>();
    private final List<SimSocket> blocked = new ArrayList<>();
    private Weather weather;

    /**
     * How the network behaves.
     *
     * @param delayMin              of a chunk or datagram
     * @param delayMax              of a chunk or datagram; each draws its own
     * @param lostPerMille          datagrams that never arrive
     * @param doubledPerMille       datagrams that arrive twice
     * @param delayedPerMille       datagrams and chunks that take up to 100 times longer
     * @param suspectedPerMillion   heartbeats at which a live sheep is suspected without reason
     * @param missedPerMille        ends of processes that nobody is told of
     * @param patience              how long a connection waits for a cut link before it is reset
     */
    public record Weather(
            Duration delayMin,
            Duration delayMax,
            int lostPerMille,
            int doubledPerMille,
            int delayedPerMille,
            int suspectedPerMillion,
            int missedPerMille,
            Duration patience) {
        /** A quiet local network: nothing is lost, nobody is suspected without reason. */
        public static final Weather FAIR =
                new Weather(Duration.ofNanos(20_000), Duration.ofNanos(300_000), 0, 0, 0, 0, 0, Duration.ofSeconds(20));

        /** All that {@link sheepdog.membership.api.ClusterTransport} does not promise. */
        public static final Weather ROUGH = new Weather(
                Duration.ofNanos(20_000), Duration.ofMillis(5), 20, 20, 20, 500, 200, Duration.ofSeconds(20));
    }

    /** A network in fair weather, without machines. */
    public SimNetwork(SimTime time) {
        this(time, Weather.FAIR);
    }

    /** A network without machines. */
    public SimNetwork(SimTime time, Weather weather) {
        this.time = time;
        this.weather = weather;
        random = time.random("network");
    }

    /** Adds a machine. It has power, and no process. */
    public SimHost addHost(String name) {
        var host = new SimHost(name, hosts.size());
        hosts.add(host);
        return host;
    }

    /** Adds a machine that is reached at {@code address}; several may have one address and different ports. */
    public SimHost addHost(String name, NodeId address) {
        SimHost host = addHost(name);
        addresses.put(address, host);
        return host;
    }

    /** The machine that is reached at {@code address}. */
    public Optional<SimHost> hostAt(NodeId address) {
        return Optional.ofNullable(addresses.get(address));
    }

    /** From now on the network behaves so. */
    public void weather(Weather now) {
        weather = now;
        time.log("network", "weather " + now);
    }

    /** How the network behaves now. */
    public Weather weather() {
        return weather;
    }

    /** Nothing gets from {@code from} to {@code to} any more. */
    public void cutOneWay(SimHost from, SimHost to) {
        cutDatagrams.add(link(from, to));
        cutStreams.add(link(from, to));
        time.log("network", "cut " + from + ">" + to);
    }

    /** No datagram gets from one to the other any more, both ways; connections do. */
    public void cutDatagrams(SimHost a, SimHost b) {
        cutDatagrams.add(link(a, b));
        cutDatagrams.add(link(b, a));
        time.log("network", "cut datagrams " + a + "-" + b);
    }

    /** Nothing of a connection gets from one to the other any more, both ways; datagrams do. */
    public void cutStreams(SimHost a, SimHost b) {
        cutStreams.add(link(a, b));
        cutStreams.add(link(b, a));
        time.log("network", "cut connections " + a + "-" + b);
    }

    /** Nothing gets from one to the other, both ways. */
    public void cut(SimHost a, SimHost b) {
        cutOneWay(a, b);
        cutOneWay(b, a);
    }

    /** Parts the machines: those of different groups no longer hear each other. Hosts not named stay with all. */
    public void partition(List<List<SimHost>> groups) {
        for (int g = 0; g < groups.size(); g++) {
            for (int h = g + 1; h < groups.size(); h++) {
                for (SimHost a : groups.get(g)) {
                    groups.get(h).forEach(b -> cut(a, b));
                }
            }
        }
    }

    /** What is sent from {@code from} to {@code to} waits from now on. */
    public void stall(SimHost from, SimHost to) {
        stalled.add(link(from, to));
        time.log("network", "stall " + from + ">" + to);
    }

    /** Undoes every cut and stall; what waited is delivered, later and in order. */
    public void heal() {
        cutDatagrams.clear();
        cutStreams.clear();
        stalled.clear();
        time.log("network", "healed");
        for (SimSocket socket : List.copyOf(blocked)) {
            unblock(socket);
        }
    }

    /** Undoes cuts and stalls between these two only. */
    public void heal(SimHost a, SimHost b) {
        for (int link : new int[] {link(a, b), link(b, a)}) {
            cutDatagrams.remove(link);
            cutStreams.remove(link);
            stalled.remove(link);
        }
        time.log("network", "healed " + a + "-" + b);
        for (SimSocket socket : List.copyOf(blocked)) {
            if (reaches(socket.host(), socket.remote())) {
                unblock(socket);
            }
        }
    }

    /** Undoes a cut and a stall of this direction only. */
    public void healOneWay(SimHost from, SimHost to) {
        cutDatagrams.remove(link(from, to));
        cutStreams.remove(link(from, to));
        stalled.remove(link(from, to));
        time.log("network", "healed " + from + ">" + to);
        for (SimSocket socket : List.copyOf(blocked)) {
            if (reaches(socket.host(), socket.remote())) {
                unblock(socket);
            }
        }
    }

    /** Those on {@code host} are told what is not so, or is no longer so: {@link SimTransport#rumour}. */
    public void rumour(SimHost host, RandomGenerator chance) {
        for (SimTransport transport : List.copyOf(transports)) {
            transport.rumour(host, chance);
        }
    }

    /** Every connection between these two is reset; what was under way is lost. */
    public void reset(SimHost a, SimHost b) {
        time.log("network", "reset " + a + "-" + b);
        for (SimSocket socket : List.copyOf(a.sockets())) {
            if (socket.remote() == b) {
                abort(socket);
                abort(socket.peer());
            }
        }
    }

    /** Whether what {@code from} sends on a connection now gets to {@code to}. */
    public boolean reaches(SimHost from, SimHost to) {
        return reaches(from, to, cutStreams);
    }

    private boolean reaches(SimHost from, SimHost to, Set<Integer> cut) {
        int link = link(from, to);
        return from == to || !cut.contains(link) && !stalled.contains(link);
    }

    /**
     * {@code process} starts on {@code host}, which has power again: what waited for the machine is answered, with a
     * reset where it belongs to the process that was there before.
     */
    public void boot(SimHost host, SimLoop process) {
        host.boot(process);
        for (SimSocket socket : List.copyOf(blocked)) {
            if (socket.remote() == host && reaches(socket.host(), host)) {
                unblock(socket);
            }
        }
        for (SimHost other : hosts) {
            for (SimSocket socket : other.sockets()) {
                if (socket.remote() == host && !socket.peer().open()) {
                    long probe = random.nextLong(5_000_000_000L);
                    time.at(time.nowNanos() + probe, () -> keptAlive(socket));
                }
            }
        }
    }

    /** A keep-alive that a machine answers which does not know the connection. */
    private void keptAlive(SimSocket socket) {
        if (socket.remote().powered() && reaches(socket.host(), socket.remote())) {
            abort(socket);
        }
    }

    /**
     * The process on {@code host} has ended: others see their connections end if the machine still runs and its packets
     * get through; after a loss of power they see nothing.
     */
    public void processEnded(SimHost host, boolean powerLost) {
        var process = host.process();
        for (SimSocket socket : host.processEnded(powerLost)) {
            socket.shut();
            blocked.remove(socket);
            SimSocket peer = socket.peer();
            if (!powerLost) {
                arrive(host, socket.remote(), () -> abort(peer));
            } else {
                long silent = weather.patience().toNanos() + random.nextLong(5_000_000_000L);
                time.at(time.nowNanos() + silent, () -> abort(peer)); // Keep-alives were not answered.
            }
        }
        process.ifPresent(loop -> transports.forEach(transport -> transport.processEnded(host, loop, powerLost)));
    }

    /**
     * Connects from {@code process} on {@code from}. On its loop.
     *
     * @param limit how long to wait for an answer
     */
    public void connect(
            SimHost from, SimLoop process, SimHost to, int port, Duration limit, SimSocket.Connecting caller) {
        process.checkOnLoop();
        var attempt = new Attempt(from, process, to, port, caller);
        time.after(limit, attempt::unanswered);
        for (Duration repeated : CONNECT_REPEATS) {
            if (repeated.compareTo(limit) < 0) {
                time.after(repeated, attempt::ask);
            }
        }
    }

    /** Carries a datagram: {@code delivery} runs on the loop of the process that is then on {@code to}, or never. */
    void datagram(SimHost from, SimHost to, Runnable delivery) {
        int copies = random.nextInt(1_000) < weather.doubledPerMille() ? 2 : 1;
        for (int i = 0; i < copies; i++) {
            if (random.nextInt(1_000) >= weather.lostPerMille()) {
                arrive(from, to, cutDatagrams, () -> to.process().ifPresent(process -> process.execute(delivery)));
            }
        }
    }

    void add(SimTransport transport) {
        transports.add(transport);
    }

    void remove(SimTransport transport) {
        transports.remove(transport);
    }

    List<SimTransport> transports() {
        return transports;
    }

    List<SimHost> hosts() {
        return hosts;
    }

    SimTime time() {
        return time;
    }

    /** Something small without order: lost if the link is cut when it would arrive, or the machine has no power. */
    void arrive(SimHost from, SimHost to, Runnable arrival) {
        arrive(from, to, cutStreams, arrival);
    }

    private void arrive(SimHost from, SimHost to, Set<Integer> cut, Runnable arrival) {
        time.at(time.nowNanos() + delay(), () -> {
            if (reaches(from, to, cut) && to.powered()) {
                arrival.run();
            }
        });
    }

    void transmit(SimSocket socket, byte[] bytes) {
        socket.inFlight().addLast(bytes);
        if (!socket.blocked()) {
            time.at(socket.arrival(time.nowNanos() + delay()), () -> chunkArrives(socket));
        }
    }

    void finish(SimSocket socket) {
        socket.finishing(true);
        if (!socket.blocked()) {
            time.at(socket.arrival(time.nowNanos() + delay()), () -> chunkArrives(socket));
        }
    }

    private void chunkArrives(SimSocket socket) {
        if (!socket.open() || socket.blocked()) {
            return;
        }
        if (!reaches(socket.host(), socket.remote()) || !socket.remote().powered()) {
            block(socket);
            return;
        }
        SimSocket peer = socket.peer();
        if (!peer.open()) {
            abort(socket); // The machine over there does not know this connection any more: it answers with a reset.
            return;
        }
        byte[] chunk = socket.inFlight().pollFirst();
        if (chunk != null) {
            peer.owner().execute(() -> {
                if (peer.isOpen()) {
                    peer.handler().received(chunk);
                }
            });
        } else if (socket.finishing()) {
            socket.shut();
            peer.owner().execute(() -> {
                if (peer.open()) {
                    boolean tell = !peer.finishing();
                    peer.shut();
                    blocked.remove(peer);
                    if (tell) {
                        peer.handler().ended();
                    }
                }
            });
        }
    }

    private void block(SimSocket socket) {
        socket.blocked(true);
        blocked.add(socket);
        long since = time.nowNanos();
        time.after(weather.patience(), () -> {
            if (socket.open() && socket.blocked() && socket.blockedSince() == since) {
                abort(socket);
            }
        });
        socket.blockedSince(since);
    }

    private void unblock(SimSocket socket) {
        blocked.remove(socket);
        socket.blocked(false);
        long repeated = time.nowNanos() + random.nextLong(1_000_000, 200_000_000); // TCP's timer has to run out first.
        int chunks = socket.inFlight().size() + (socket.finishing() ? 1 : 0);
        for (int i = 0; i < chunks; i++) {
            time.at(socket.arrival(repeated), () -> chunkArrives(socket));
        }
    }

    /** This end is reset: what was under way from it is lost, and its process is told. */
    private void abort(SimSocket socket) {
        if (!socket.open()) {
            return;
        }
        boolean tell = !socket.finishing();
        socket.shut();
        blocked.remove(socket);
        if (tell && socket.owner().alive()) {
            socket.owner().execute(() -> socket.handler().ended());
        }
    }

    private long delay() {
        long delay =
                random.nextLong(weather.delayMin().toNanos(), weather.delayMax().toNanos());
        return random.nextInt(1_000) < weather.delayedPerMille() ? delay * random.nextInt(1, 100) : delay;
    }

    private int link(SimHost from, SimHost to) {
        Invariant.check(hosts.get(from.index()) == from && hosts.get(to.index()) == to, "hosts of another network");
        return from.index() << 16 | to.index();
    }

    /** A connection being made: the request arrives, then the answer. */
    private final class Attempt {
        private final SimHost from;
        private final SimLoop process;
        private final SimHost to;
        private final int port;
        private final SimSocket.Connecting caller;
        private boolean done;

        Attempt(SimHost from, SimLoop process, SimHost to, int port, SimSocket.Connecting caller) {
            this.from = from;
            this.process = process;
            this.to = to;
            this.port = port;
            this.caller = caller;
        }

        void ask() {
            if (!done && process.alive()) {
                if (from == to) {
                    time.at(time.nowNanos() + delay(), this::arrived);
                } else {
                    arrive(from, to, this::arrived);
                }
            }
        }

        private void arrived() {
            var listener = to.listener(port);
            var server = to.process();
            if (done) {
                return;
            }
            if (listener.isEmpty() || server.isEmpty()) {
                answer(() -> {
                    if (!done) {
                        done = true;
                        process.execute(caller::refused);
                    }
                });
                return;
            }
            answer(() -> {
                // The kernel over there has accepted; both ends exist from the moment the answer is back.
                boolean serverStillThere =
                        to.process().isPresent() && to.process().get() == server.get();
                if (done || !process.alive() || !serverStillThere) {
                    return;
                }
                done = true;
                stand(listener.get(), server.get());
            });
        }

        private void stand(SimSocket.Acceptor listener, SimLoop server) {
            var near = new SimSocket(SimNetwork.this, from, process, to);
            var far = new SimSocket(SimNetwork.this, to, server, from);
            var nearHandler = new LateHandler();
            var farHandler = new LateHandler();
            near.join(far, nearHandler);
            far.join(near, farHandler);
            from.opened(near);
            to.opened(far);
            process.execute(() -> nearHandler.is(caller.connected(near)));
            server.execute(() -> farHandler.is(listener.accepted(far)));
        }

        void unanswered() {
            if (!done && process.alive()) {
                done = true;
                process.execute(caller::unanswered);
            }
        }

        private void answer(Runnable back) {
            if (from == to) {
                time.at(time.nowNanos() + delay(), back);
            } else {
                arrive(to, from, back);
            }
        }
    }

    /** Known once the process has taken the connection up, which its loop does before anything arrives. */
    private static final class LateHandler implements SimSocket.Handler {
        private SimSocket.Handler actual;

        void is(SimSocket.Handler handler) {
            actual = handler;
        }

        @Override
        public void received(byte[] bytes) {
            actual.received(bytes);
        }

        @Override
        public void ended() {
            actual.ended();
        }
    }
}
