package sheepdog.membership.jgroups;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jgroups.Address;
import org.jgroups.Message;
import org.jgroups.Receiver;
import org.jgroups.View;
import org.jgroups.stack.IpAddress;
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
 * Sheep tell each other in a JGroups group who they are, again and again.
 *
 * <p>Each sheep says hello with its {@link Member} to everybody in reach ten times in {@link
 * JGroupsConfig.Timing#silence}. One that is heard is seen; it is gone when it has said that it leaves
 * ({@link Evidence#LEFT}), when its host refuses connections to its port ({@link Evidence#DEAD}, see {@link HostProbe}), or
 * when it has not been heard for that time ({@link Evidence#SILENT}). There is no {@link Evidence#CLOSED} here.
 *
 * <p>JGroups' own idea of who is there, its view, is only a hint: a host is asked as soon as its sheep is out of a view,
 * and also when three hellos did not come, and again every three. Views alone would not do. They are the same on all only when a coordinator has had
 * its round of messages, so sheep that start together, or meet again after a cut, took up to 13 seconds to see each other
 * on a busy machine, as measured; hellos take one. And two parts of a cut network each have a view.
 *
 * <p>{@link Roster} says which of several addresses with one store id is sent to.
 *
 * <p>State is the loop's. JGroups' threads only post to it; a thread of our own sends, since a send may wait for
 * JGroups' locks; one joins the group and ends; a few short-lived ones ask hosts. Bounds: {@link SendWindow} per sheep,
 * {@link #SEND_QUEUE_MAX} packets, {@link #RECEIVED_BYTES_MAX} on their way to the loop, {@link #PEERS_MAX} addresses.
 * What exceeds one is dropped and counted ({@link #dropped}).
 */
public final class JGroupsTransport implements ClusterTransport {
    /** Packets that wait for the sending thread. */
    static final int SEND_QUEUE_MAX = 16_384;

    /** Bytes received that wait for the loop. */
    static final long RECEIVED_BYTES_MAX = 64L << 20;

    /** Addresses that are known; hellos of more are not heard. */
    static final int PEERS_MAX = 4_096;

    private static final Logger log = LoggerFactory.getLogger(JGroupsTransport.class);

    static {
        LibraryLog.install();
    }

    private static final Duration PROBE_LIMIT = Duration.ofMillis(500);
    private static final int HELLOS_PER_SILENCE = 10;
    private static final int HELLOS_MISSED = 3;
    private static final int FORGET_SILENCES = 4;
    private static final int PROBE_THREADS = 8;
    private static final long DRAIN_MILLIS = 500;
    private static final int GOODBYES = 5;
    private static final long GOODBYE_MILLIS = 20;

    private final Loop loop;
    private final JGroupsConfig config;
    private final BlockingQueue<Outgoing> outgoing = new ArrayBlockingQueue<>(SEND_QUEUE_MAX);
    private final AtomicLong dropped = new AtomicLong();
    private final AtomicLong receivedBytes = new AtomicLong();
    private final ThreadPoolExecutor probes;
    private final Thread sender = new Thread(this::sendQueued, "sheep-jgroups-send");
    private final Thread joiner = new Thread(this::join, "sheep-jgroups-join");
    private Channel channel;

    // The loop's.
    private final Map<Address, Peer> peers = new LinkedHashMap<>();
    private final Set<String> refusals = new HashSet<>();
    private Set<Address> view = Set.of();
    private Roster<Peer> roster;
    private Member self;
    private Listener listener;
    private byte[] hello;
    private long nextStream;
    private long lastTickNanos;
    private boolean closed;
    private Optional<Cancellable> tick = Optional.empty();

    /** What the sending thread does next. */
    private sealed interface Outgoing {
        record Reliable(Address to, byte[] bytes) implements Outgoing {}

        record ToAll(byte[] bytes, List<Address> known) implements Outgoing {}

        record End() implements Outgoing {}
    }

    /** Another process's JGroups address. Loop-owned. */
    private static final class Peer {
        final Address address;
        final SendWindow window;
        boolean leaving;
        long heardNanos;
        long askAfterNanos;
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
        joiner.setDaemon(true);
    }

    @Override
    public void start(Member self, Listener listener) {
        this.self = self;
        this.listener = listener;
        roster = new Roster<>(self, listener);
        hello = new Packet.Hello(self, config.group()).encode();
        InetAddress bind = Host.bindAddress(config.bind(), self.node().id().inetAddress());
        try {
            channel = new Channel(new Stack(config, bind, Host.socketBytesMax(), MESSAGE_BYTES_MAX + (1 << 20)));
            channel.setName(self.node().toString());
            channel.setDiscardOwnMessages(true);
            channel.setReceiver(new Postman());
            nextStream = loop.nowNanos();
            channel.open(config.group());
        } catch (Exception failure) {
            closeChannel();
            probes.shutdownNow();
            throw new TransportException("cannot join the JGroups group '" + config.group() + "' from "
                    + bind.getHostAddress() + ": " + reason(failure));
        }
        sender.start();
        joiner.start();
        log.info(
                "jgroups started group={} bind={} address={}",
                config.group(),
                bind.getHostAddress(),
                channel.address());
        lastTickNanos = loop.nowNanos();
        post(this::tick);
    }

    /** For tests, which put faults into its stack. */
    Channel channel() {
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
        close(true);
    }

    @Override
    public void close() {
        loop.checkOnLoop();
        close(false);
    }

    private void close(boolean goodbye) {
        if (!closed) {
            closed = true;
            tick.ifPresent(Cancellable::cancel);
            probes.shutdownNow();
            if (!outgoing.offer(new Outgoing.End())) {
                outgoing.clear();
                outgoing.add(new Outgoing.End());
            }
            List<Address> known = List.copyOf(peers.keySet());
            // Not a daemon: a process that ends by itself says goodbye first.
            Thread.ofPlatform()
                    .name("sheep-jgroups-close")
                    .daemon(false)
                    .start(() -> closeBlocking(known, goodbye ? GOODBYES : 0));
        }
    }

    /** Messages not sent or not delivered because a bound was reached. Any thread. */
    public long dropped() {
        return dropped.get();
    }

    private void closeBlocking(List<Address> known, int goodbyes) {
        try {
            sender.join(DRAIN_MILLIS);
            // Several times, since nobody waits for answers any more.
            var pause = new CountDownLatch(1);
            byte[] leaving = new Packet.Leaving().encode();
            for (int i = 0; i < goodbyes; i++) {
                toAll(leaving, known);
                pause.await(GOODBYE_MILLIS, TimeUnit.MILLISECONDS);
            }
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
        queue(new Outgoing.Reliable(to, packet.encode()));
    }

    private void queue(Outgoing next) {
        if (!outgoing.offer(next)) {
            dropped.incrementAndGet();
        }
    }

    /** The sending thread. */
    private void sendQueued() {
        try {
            while (true) {
                switch (outgoing.take()) {
                    case Outgoing.Reliable(Address to, byte[] bytes) -> attempt(() -> channel.sendReliable(to, bytes));
                    case Outgoing.ToAll(byte[] bytes, List<Address> known) -> toAll(bytes, known);
                    case Outgoing.End() -> {
                        return;
                    }
                }
            }
        } catch (InterruptedException _) {
            // The channel is being closed.
        }
    }

    /** Once, to everybody in reach; with TCP, which knows no everybody, to the hosts and to {@code known}. */
    private void toAll(byte[] bytes, List<Address> known) {
        switch (config.discovery()) {
            case JGroupsConfig.Discovery.Multicast _ -> attempt(() -> channel.sendUnreliable(null, bytes));
            case JGroupsConfig.Discovery.Tcp(List<InetSocketAddress> hosts) -> {
                for (InetSocketAddress host : hosts) {
                    // Looked up each time: names may get other addresses, and the JDK remembers them for a while.
                    var resolved = new InetSocketAddress(host.getHostString(), host.getPort());
                    if (!resolved.isUnresolved()) {
                        var address = new IpAddress(resolved.getAddress(), resolved.getPort());
                        attempt(() -> channel.sendUnreliable(address, bytes));
                    }
                }
                known.forEach(address -> attempt(() -> channel.sendUnreliable(address, bytes)));
            }
        }
    }

    private void attempt(Runnable send) {
        try {
            send.run();
        } catch (RuntimeException failure) {
            dropped.incrementAndGet();
            log.debug("jgroups did not send reason={}", failure.toString());
        }
    }

    /** The joining thread. */
    private void join() {
        try {
            channel.join(config.group());
        } catch (Exception failure) {
            log.warn("jgroups group not joined group={} reason={}", config.group(), reason(failure));
        }
    }

    // ---- what JGroups tells, posted to the loop ----

    /** Runs on JGroups' threads. */
    private final class Postman implements Receiver {
        @Override
        public void viewAccepted(View view) {
            List<Address> members = List.copyOf(view.getMembers());
            post(() -> viewed(members));
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

    /** A hint that whoever is in it no more may be dead. */
    private void viewed(List<Address> members) {
        Set<Address> before = view;
        view = Set.copyOf(members);
        for (Address address : before) {
            Peer peer = peers.get(address);
            if (peer != null && !view.contains(address)) {
                askItsHost(peer);
            }
        }
    }

    private void received(Address from, byte[] bytes) {
        try {
            switch (Packet.decode(ByteBuffer.wrap(bytes))) {
                case Packet.Hello(Member member, String group) -> {
                    // JGroups knows groups apart only after it has joined one.
                    if (group.equals(config.group())) {
                        hello(from, member);
                    }
                }
                case Packet.Data data -> known(from, peer -> data(peer, data));
                case Packet.Taken(long stream, long position) ->
                    known(from, peer -> peer.window.report(stream, position));
                case Packet.Leaving() -> known(from, this::leaving);
            }
        } catch (MalformedException bad) {
            if (refusals.size() < PEERS_MAX && refusals.add(from + " " + bad.getMessage())) {
                log.warn("jgroups packet refused from={} reason={}", from, bad.getMessage());
            }
        }
    }

    private void known(Address from, Consumer<Peer> action) {
        Peer peer = peers.get(from);
        if (peer != null && roster.member(peer).isPresent()) {
            heard(peer);
            action.accept(peer);
        }
    }

    private void heard(Peer peer) {
        peer.heardNanos = loop.nowNanos();
        peer.askAfterNanos = missedNanos();
    }

    private void hello(Address from, Member member) {
        Peer peer = peers.get(from);
        if (peer == null) {
            if (peers.size() >= PEERS_MAX) {
                dropped.incrementAndGet();
                return;
            }
            peer = new Peer(from, nextStream++ << 8);
            peers.put(from, peer);
            queue(new Outgoing.Reliable(from, hello)); // So that it need not wait for our next one.
        }
        heard(peer);
        if (!peer.leaving) {
            roster.seen(peer, member);
        }
    }

    private void data(Peer peer, Packet.Data data) {
        int length = data.bytes().remaining();
        byte[] message = new byte[length];
        data.bytes().get(message);
        listener.received(roster.member(peer).orElseThrow(), message);
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

    private void askItsHost(Peer peer) {
        roster.member(peer).ifPresent(member -> {
            InetSocketAddress address = member.node().id().socketAddress();
            try {
                probes.execute(() -> {
                    if (HostProbe.refused(address, PROBE_LIMIT)) {
                        post(() -> roster.gone(peer, Evidence.DEAD));
                    }
                });
            } catch (RejectedExecutionException _) {
                // Closed meanwhile.
            }
        });
    }

    private long missedNanos() {
        return config.timing().silence().toNanos() * HELLOS_MISSED / HELLOS_PER_SILENCE;
    }

    private void tick() {
        long now = loop.nowNanos();
        long silence = config.timing().silence().toNanos();
        if (now - lastTickNanos > silence / 3) {
            // This process was stopped, or its loop was busy: that nobody was heard is no news.
            peers.values().forEach(this::heard);
        }
        lastTickNanos = now;
        for (Peer peer : List.copyOf(peers.values())) {
            long quiet = now - peer.heardNanos;
            if (quiet > FORGET_SILENCES * silence) {
                peers.remove(peer.address);
            }
            if (quiet > silence) {
                roster.gone(peer, Evidence.SILENT);
            } else if (quiet > peer.askAfterNanos) {
                peer.askAfterNanos = quiet + missedNanos();
                askItsHost(peer);
            }
        }
        queue(new Outgoing.ToAll(hello, List.copyOf(peers.keySet())));
        tick = Optional.of(loop.after(config.timing().silence().dividedBy(HELLOS_PER_SILENCE), this::tick));
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
}
