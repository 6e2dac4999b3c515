package sheepdog.membership.jgroups;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jgroups.Address;
import org.jgroups.BytesMessage;
import org.jgroups.JChannel;
import org.jgroups.MergeView;
import org.jgroups.Message;
import org.jgroups.Receiver;
import org.jgroups.View;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.api.ClusterTransport;
import sheepdog.membership.api.Member;
import sheepdog.membership.runtime.Cancellable;
import sheepdog.membership.runtime.Loop;
import sheepdog.membership.transport.HostProbe;
import sheepdog.membership.transport.MemberCodec.MalformedException;
import sheepdog.membership.transport.Roster;
import sheepdog.membership.transport.SendWindow;
import sheepdog.protocol.model.Invariant;

/**
 * Sheep find each other as members of a JGroups group, and tell each other who they are.
 *
 * <p>A JGroups address is seen when it is in the view <i>and</i> has said hello with its {@link Member}. It is gone when
 * it has said that it leaves ({@link Evidence#LEFT}), or when it is out of the view: then its host is asked
 * ({@link HostProbe}), and the sheep is {@link Evidence#DEAD} if that refuses, else {@link Evidence#SILENT}. JGroups
 * does not tell everybody whether a connection closed or an answer failed to come, so there is no
 * {@link Evidence#CLOSED} here. Views are hints: two parts of a cut network each have one.
 *
 * <p>{@link Roster} says which of several addresses with one store id is sent to.
 *
 * <p>State is the loop's. JGroups' threads only post to it; a thread of our own sends, since a send may wait for
 * JGroups' locks; a few short-lived ones ask hosts. Bounds: {@link SendWindow} per sheep, {@link #SEND_QUEUE_MAX}
 * packets, {@link #RECEIVED_BYTES_MAX} on their way to the loop, {@link #STRANGERS_MAX} addresses that are in no view.
 * What exceeds one is dropped and counted ({@link #dropped}).
 */
public final class JGroupsTransport implements ClusterTransport {
    /** Packets that wait for the sending thread. */
    static final int SEND_QUEUE_MAX = 16_384;

    /** Bytes received that wait for the loop. */
    static final long RECEIVED_BYTES_MAX = 64L << 20;

    /** Addresses that said hello and are not in the view. */
    static final int STRANGERS_MAX = 1_024;

    private static final Logger log = LoggerFactory.getLogger(JGroupsTransport.class);

    static {
        LibraryLog.install();
    }

    private static final Duration PROBE_LIMIT = Duration.ofMillis(500);
    private static final Duration TICK = Duration.ofSeconds(1);
    private static final int STRANGER_TICKS = 10;
    private static final int PROBE_THREADS = 8;
    private static final long DRAIN_MILLIS = 500;

    private final Loop loop;
    private final JGroupsConfig config;
    private final BlockingQueue<Outgoing> outgoing = new ArrayBlockingQueue<>(SEND_QUEUE_MAX);
    private final AtomicLong dropped = new AtomicLong();
    private final AtomicLong receivedBytes = new AtomicLong();
    private final ThreadPoolExecutor probes;
    private final Thread sender = new Thread(this::sendQueued, "sheep-jgroups-send");
    private JChannel channel;

    // The loop's.
    private final Map<Address, Peer> peers = new LinkedHashMap<>();
    private final Set<String> refusals = new HashSet<>();
    private Roster<Peer> roster;
    private Member self;
    private Listener listener;
    private long nextStream;
    private boolean closed;
    private Optional<Cancellable> tick = Optional.empty();

    private record Outgoing(Optional<Address> to, byte[] bytes) {
        /** Ends the sending thread. */
        static final Outgoing END = new Outgoing(Optional.empty(), new byte[0]);
    }

    /** Another process's JGroups address. Loop-owned. */
    private static final class Peer {
        final Address address;
        final SendWindow window;
        Optional<Member> member = Optional.empty();
        boolean inView;
        boolean leaving;
        int ticksOutOfView;
        long takenStream;
        long takenPosition;
        long takenReported;

        Peer(Address address, long stream) {
            this.address = address;
            window = new SendWindow(stream);
        }
    }

    /** @param loop owns this transport's state; nothing happens before {@link #start} */
    public JGroupsTransport(Loop loop, JGroupsConfig config) {
        this.loop = loop;
        this.config = config;
        probes = new ThreadPoolExecutor(
                PROBE_THREADS,
                PROBE_THREADS,
                1,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                Thread.ofPlatform().name("sheep-jgroups-probe-", 0).daemon().factory());
        probes.allowCoreThreadTimeOut(true);
        sender.setDaemon(true);
    }

    @Override
    public void start(Member self, Listener listener) {
        this.self = self;
        this.listener = listener;
        roster = new Roster<>(self, listener);
        InetAddress bind = Interfaces.choose(config.bind(), self.node().id().inetAddress());
        try {
            channel = new JChannel(new Stack(config, bind, socketBytesMax(), MESSAGE_BYTES_MAX + (1 << 20)));
            channel.setName(self.node().toString());
            channel.setDiscardOwnMessages(true);
            channel.setReceiver(new Postman());
            nextStream = loop.nowNanos();
            channel.connect(config.group());
        } catch (Exception failure) {
            closeChannel();
            probes.shutdownNow();
            throw new TransportException("cannot join the JGroups group '" + config.group() + "' from "
                    + bind.getHostAddress() + ": " + reason(failure));
        }
        sender.start();
        log.info(
                "jgroups started group={} bind={} address={}",
                config.group(),
                bind.getHostAddress(),
                channel.address());
        post(this::tick);
    }

    /** For tests, which put faults into its stack. */
    JChannel channel() {
        return channel;
    }

    @Override
    public void send(long storeId, byte[] message) {
        loop.checkOnLoop();
        roster.link(storeId).ifPresent(peer -> send(peer, message));
    }

    @Override
    public void broadcast(byte[] message) {
        loop.checkOnLoop();
        roster.links().forEach(peer -> send(peer, message));
    }

    @Override
    public void leave() {
        loop.checkOnLoop();
        if (!closed) {
            for (Peer peer : peers.values()) {
                if (peer.inView) {
                    queue(peer.address, new Packet.Leaving());
                }
            }
            close();
        }
    }

    @Override
    public void close() {
        loop.checkOnLoop();
        if (!closed) {
            closed = true;
            tick.ifPresent(Cancellable::cancel);
            probes.shutdownNow();
            if (!outgoing.offer(Outgoing.END)) {
                outgoing.clear();
                outgoing.add(Outgoing.END);
            }
            // Not a daemon: a process that ends by itself says goodbye first.
            Thread.ofPlatform().name("sheep-jgroups-close").daemon(false).start(this::closeBlocking);
        }
    }

    /** Messages not sent or not delivered because a bound was reached. Any thread. */
    public long dropped() {
        return dropped.get();
    }

    private void closeBlocking() {
        try {
            sender.join(DRAIN_MILLIS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        sender.interrupt();
        closeChannel();
    }

    private void closeChannel() {
        if (channel != null) {
            channel.close();
        }
    }

    // ---- sending ----

    private void send(Peer peer, byte[] message) {
        Invariant.check(message.length <= MESSAGE_BYTES_MAX, "message of %d bytes", message.length);
        var data = new Packet.Data(peer.window.stream(), peer.window.sent(), ByteBuffer.wrap(message));
        if (peer.window.take(message.length, loop.nowNanos())) {
            queue(peer.address, data);
        } else {
            dropped.incrementAndGet();
        }
    }

    private void queue(Address to, Packet packet) {
        if (!outgoing.offer(new Outgoing(Optional.of(to), packet.encode()))) {
            dropped.incrementAndGet();
        }
    }

    /** The sending thread. */
    private void sendQueued() {
        try {
            for (var next = outgoing.take(); next.to().isPresent(); next = outgoing.take()) {
                sendOne(next.to().get(), next.bytes());
            }
        } catch (InterruptedException _) {
            // The channel is being closed.
        }
    }

    private void sendOne(Address to, byte[] bytes) throws InterruptedException {
        try {
            channel.send(new BytesMessage(to, bytes));
        } catch (InterruptedException end) {
            throw end;
        } catch (Exception failure) {
            dropped.incrementAndGet();
            log.debug("jgroups did not send to={} reason={}", to, failure.toString());
        }
    }

    // ---- what JGroups tells, posted to the loop ----

    /** Runs on JGroups' threads. */
    private final class Postman implements Receiver {
        @Override
        public void viewAccepted(View view) {
            post(() -> viewed(view.getMembers(), view instanceof MergeView));
        }

        @Override
        public void receive(Message message) {
            int length = message.getLength();
            if (length == 0 || !message.hasArray()) {
                return;
            }
            if (receivedBytes.addAndGet(length) > RECEIVED_BYTES_MAX) {
                receivedBytes.addAndGet(-length);
                dropped.incrementAndGet();
                return;
            }
            Address from = message.getSrc();
            // JGroups may use the array of a batch again.
            byte[] bytes = new byte[length];
            System.arraycopy(message.getArray(), message.getOffset(), bytes, 0, length);
            post(() -> {
                receivedBytes.addAndGet(-length);
                received(from, bytes);
            });
        }
    }

    private void post(Runnable task) {
        try {
            loop.execute(() -> {
                if (!closed) {
                    task.run();
                }
            });
        } catch (RejectedExecutionException _) {
            // The loop has ended, and this transport with it.
        }
    }

    private void viewed(List<Address> members, boolean merged) {
        Set<Address> now = new HashSet<>(members);
        now.remove(channel.address());
        for (Peer peer : List.copyOf(peers.values())) {
            if (peer.inView && !now.contains(peer.address)) {
                peers.remove(peer.address);
                peer.inView = false;
                departed(peer);
            }
        }
        for (Address address : now) {
            Peer peer = peer(address);
            if (!peer.inView) {
                peer.inView = true;
                queue(address, new Packet.Hello(self));
                introduce(peer);
            } else if (merged) {
                queue(address, new Packet.Hello(self));
            }
        }
    }

    private Peer peer(Address address) {
        return peers.computeIfAbsent(address, _ -> new Peer(address, nextStream++ << 8));
    }

    private void received(Address from, byte[] bytes) {
        try {
            switch (Packet.decode(ByteBuffer.wrap(bytes))) {
                case Packet.Hello(Member member) -> hello(from, member);
                case Packet.Data data -> known(from, peer -> data(peer, data));
                case Packet.Taken(long stream, long position) ->
                    known(from, peer -> peer.window.report(stream, position));
                case Packet.Leaving() -> known(from, this::leaving);
                case Packet.Who() -> queue(from, new Packet.Hello(self));
            }
        } catch (MalformedException bad) {
            if (refusals.size() < STRANGERS_MAX && refusals.add(from + " " + bad.getMessage())) {
                log.warn("jgroups packet refused from={} reason={}", from, bad.getMessage());
            }
        }
    }

    private void known(Address from, Consumer<Peer> action) {
        Peer peer = peers.get(from);
        if (peer != null && roster.member(peer).isPresent()) {
            action.accept(peer);
        }
    }

    private void hello(Address from, Member member) {
        if (!peers.containsKey(from) && peers.size() >= STRANGERS_MAX + roster.size()) {
            dropped.incrementAndGet();
            return;
        }
        Peer peer = peer(from);
        peer.member = Optional.of(member);
        introduce(peer);
    }

    private void introduce(Peer peer) {
        if (peer.inView && !peer.leaving) {
            peer.member.ifPresent(member -> roster.seen(peer, member));
        }
    }

    private void data(Peer peer, Packet.Data data) {
        int length = data.bytes().remaining();
        byte[] message = new byte[length];
        data.bytes().get(message);
        listener.received(peer.member.get(), message);
        if (peer.takenStream != data.stream()) {
            peer.takenStream = data.stream();
            peer.takenReported = 0;
            peer.takenPosition = 0;
        }
        peer.takenPosition = Math.max(peer.takenPosition, data.position() + length);
        if (peer.takenPosition - peer.takenReported >= SendWindow.WINDOW_BYTES / 8) {
            peer.takenReported = peer.takenPosition;
            queue(peer.address, new Packet.Taken(peer.takenStream, peer.takenPosition));
        }
    }

    private void leaving(Peer peer) {
        peer.leaving = true;
        roster.gone(peer, Evidence.LEFT);
    }

    private void departed(Peer peer) {
        var member = roster.member(peer);
        if (member.isEmpty()) {
            return;
        }
        roster.doubt(peer); // It may come back while its host is asked; the roster then reports nothing.
        InetSocketAddress address = member.get().node().id().socketAddress();
        try {
            probes.execute(() -> {
                boolean refused = HostProbe.refused(address, PROBE_LIMIT);
                post(() -> roster.gone(peer, refused ? Evidence.DEAD : Evidence.SILENT));
            });
        } catch (RejectedExecutionException _) {
            // Closed meanwhile.
        }
    }

    private void tick() {
        for (Peer peer : List.copyOf(peers.values())) {
            if (!peer.inView && ++peer.ticksOutOfView > STRANGER_TICKS) {
                peers.remove(peer.address);
            } else if (peer.inView && !peer.leaving && peer.member.isEmpty()) {
                // Its hello was lost; ours may have been, too.
                queue(peer.address, new Packet.Who());
                queue(peer.address, new Packet.Hello(self));
            }
        }
        tick = Optional.of(loop.after(TICK, this::tick));
    }

    // ---- the host ----

    /** What the kernel gives at most for a socket's receive and send buffers. */
    private static int socketBytesMax() {
        return Math.min(kernelNumber("/proc/sys/net/core/rmem_max"), kernelNumber("/proc/sys/net/core/wmem_max"));
    }

    private static int kernelNumber(String file) {
        // Not Files.readString: it reads such a file in pieces, and the kernel gives only the first.
        try (BufferedReader reader = Files.newBufferedReader(Path.of(file))) {
            return (int)
                    Math.min(Integer.MAX_VALUE, Long.parseLong(reader.readLine().strip()));
        } catch (IOException | NumberFormatException _) {
            return 200 << 10; // Every kernel gives that.
        }
    }

    private static String reason(Throwable failure) {
        var texts = new ArrayList<String>();
        for (Throwable cause = failure; cause != null && texts.size() < 5; cause = cause.getCause()) {
            String text = cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
            if (texts.stream().noneMatch(known -> known.contains(text))) {
                texts.add(text);
            }
        }
        return String.join(": ", texts);
    }

    /** Which of this host's IPv4 addresses to use. */
    private static final class Interfaces {
        static InetAddress choose(Optional<String> wanted, InetAddress sheep) {
            List<InetAddress> all = ipv4();
            if (wanted.isEmpty()) {
                if (sheep.isLoopbackAddress()) {
                    return InetAddress.ofLiteral("127.0.0.1"); // The only loopback address that is an interface's.
                }
                return all.contains(sheep)
                        ? sheep
                        : all.stream()
                                .filter(address -> !address.isLoopbackAddress())
                                .findFirst()
                                .orElse(InetAddress.ofLiteral("127.0.0.1"));
            }
            String text = wanted.get();
            return all.stream()
                    .filter(address -> address.getHostAddress().equals(text))
                    .findFirst()
                    .or(() -> ofInterface(text))
                    .orElseThrow(() -> new TransportException("jgroups: 'bind=" + text
                            + "' is neither an IPv4 address nor an interface of this host; its addresses are "
                            + String.join(
                                    ", ",
                                    all.stream()
                                            .map(InetAddress::getHostAddress)
                                            .toList())));
        }

        private static List<InetAddress> ipv4() {
            try {
                return NetworkInterface.networkInterfaces()
                        .filter(Interfaces::isUp)
                        .flatMap(NetworkInterface::inetAddresses)
                        .filter(Inet4Address.class::isInstance)
                        .toList();
            } catch (SocketException failure) {
                throw new TransportException("cannot list this host's network interfaces: " + failure.getMessage());
            }
        }

        private static Optional<InetAddress> ofInterface(String name) {
            try {
                NetworkInterface found = NetworkInterface.getByName(name);
                return found == null
                        ? Optional.empty()
                        : Collections.list(found.getInetAddresses()).stream()
                                .filter(Inet4Address.class::isInstance)
                                .findFirst();
            } catch (SocketException _) {
                return Optional.empty();
            }
        }

        private static boolean isUp(NetworkInterface candidate) {
            try {
                return candidate.isUp();
            } catch (SocketException _) {
                return false;
            }
        }
    }
}
