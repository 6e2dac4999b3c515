package sheepdog.membership.local;

import java.io.IOException;
import java.net.ConnectException;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.api.ClusterTransport;
import sheepdog.membership.api.Member;
import sheepdog.membership.runtime.Loop;
import sheepdog.membership.transport.MemberCodec.MalformedException;
import sheepdog.membership.transport.Roster;
import sheepdog.protocol.model.Invariant;

/**
 * Sheep on one machine that meet in a folder: each listens on a unix socket there, connects to all others it finds, and
 * connects back to whoever connected.
 *
 * <p>So there are two connections between two sheep, each used one way: a sheep writes on the one it opened and reads on
 * the one it accepted. That needs no rule which of two connections made at the same time is the one to keep. A sheep is
 * seen when both are there and it has said hello; when either ends, both are closed and its socket is asked: a refusal is
 * {@link Evidence#DEAD}, since the kernel refuses only when no process listens. If it still listens after
 * {@link LocalConfig.Timing#verify} it is {@link Evidence#CLOSED}, and the next look into the folder connects again. One
 * that has given no sign of life for {@link LocalConfig.Timing#silence} is {@link Evidence#SILENT} until it does.
 *
 * <p>One thread does all of that with a selector and never blocks. The loop hands it frames through a queue for each
 * sheep, of at most {@link #OUTBOX_BYTES_MAX}; what does not fit is dropped and counted ({@link #dropped}). When
 * {@link #RECEIVED_BYTES_MAX} wait for the loop it stops reading, so the senders' queues fill up.
 *
 * <p>A socket that has refused connections for {@link LocalConfig.Timing#stale} is deleted: its process crashed. A sheep
 * whose own socket was deleted by somebody makes a new one. {@link #close} leaves the socket there, so that the others
 * find it refusing; {@link #leave} deletes it.
 */
public final class LocalTransport implements ClusterTransport {
    /** Bytes that wait to be written to one sheep: two of the largest messages. */
    static final long OUTBOX_BYTES_MAX = 8 << 20;

    /** Bytes received that wait for the loop. */
    static final long RECEIVED_BYTES_MAX = 64L << 20;

    /** Accepted connections; more are closed at once. */
    static final int CONNECTIONS_MAX = 1_024;

    private static final Logger log = LoggerFactory.getLogger(LocalTransport.class);
    private static final long STALL_NANOS = 1_000_000_000L;
    private static final long LEAVE_NANOS = 500_000_000L;
    private static final long TURN_MILLIS = 50;
    private static final int FRAMES_PER_TURN = 64;

    private final Loop loop;
    private final LocalConfig config;
    private final Rendezvous folder;
    private final AtomicLong dropped = new AtomicLong();
    private final AtomicLong receivedBytes = new AtomicLong();
    private final Queue<Peer> toWrite = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean leaving = new AtomicBoolean();
    private final AtomicBoolean closing = new AtomicBoolean();
    private final Thread thread = new Thread(this::run, "sheep-local");

    // The loop's.
    private Roster<Peer> roster;
    private Listener listener;
    private boolean closed;

    // The thread's.
    private final Map<String, Peer> peers = new LinkedHashMap<>();
    private final Set<Incoming> incoming = new LinkedHashSet<>();
    private final List<Verdict> verdicts = new ArrayList<>();
    private final Map<String, Long> refusing = new LinkedHashMap<>();
    private final Set<String> refusals = new HashSet<>();
    private Selector selector;
    private ServerSocketChannel server;
    private String name;
    private Member self;
    private boolean paused;

    /** One connection to another sheep's socket, and the one it made back. The outbox is shared, the rest the thread's. */
    private static final class Peer {
        final String name;
        final SocketChannel out;
        final Queue<ByteBuffer> outbox = new ConcurrentLinkedQueue<>();
        final AtomicLong outboxBytes = new AtomicLong();
        final AtomicBoolean queued = new AtomicBoolean();
        SelectionKey key;
        Optional<Incoming> in = Optional.empty();
        boolean reported;
        boolean left;
        long heardNanos;

        Peer(String name, SocketChannel out) {
            this.name = name;
            this.out = out;
        }
    }

    /** A connection that another sheep made. The thread's. */
    private static final class Incoming {
        final SocketChannel channel;
        final long acceptedNanos;
        final Frames.Reader reader = new Frames.Reader();
        SelectionKey key;
        Optional<Peer> peer = Optional.empty();
        Optional<Member> member = Optional.empty();

        Incoming(SocketChannel channel, long nowNanos) {
            this.channel = channel;
            acceptedNanos = nowNanos;
        }
    }

    /** A connection closed; until {@code dueNanos} its process may still be found dead. */
    private record Verdict(Peer peer, long dueNanos) {}

    /** @param loop owns this transport's state; nothing happens before {@link #start} */
    public LocalTransport(Loop loop, LocalConfig config) {
        this.loop = loop;
        this.config = config;
        folder = new Rendezvous(config.folder());
        thread.setDaemon(true);
    }

    @Override
    public void start(Member self, Listener listener) {
        this.self = self;
        this.listener = listener;
        roster = new Roster<>(self, listener);
        folder.open();
        try {
            selector = Selector.open();
            listen();
        } catch (IOException failure) {
            closeQuietly(selector);
            throw new TransportException("cannot listen in the folder " + folder + ": " + failure.getMessage());
        }
        thread.start();
        log.info("local transport started folder={} socket={}", folder, name);
    }

    @Override
    public void send(long storeId, byte[] message) {
        loop.checkOnLoop();
        Invariant.check(message.length <= MESSAGE_BYTES_MAX, "message of %d bytes", message.length);
        roster.link(storeId).ifPresent(peer -> enqueue(peer, Frames.message(message)));
    }

    @Override
    public void broadcast(byte[] message) {
        loop.checkOnLoop();
        Invariant.check(message.length <= MESSAGE_BYTES_MAX, "message of %d bytes", message.length);
        ByteBuffer frame = Frames.message(message);
        roster.links().forEach(peer -> enqueue(peer, frame.duplicate()));
    }

    @Override
    public void leave() {
        loop.checkOnLoop();
        leaving.set(!closed);
        close();
    }

    @Override
    public void close() {
        loop.checkOnLoop();
        if (!closed) {
            closed = true;
            closing.set(true);
            if (selector != null) {
                selector.wakeup();
            }
        }
    }

    /** Messages not sent because a bound was reached. Any thread. */
    public long dropped() {
        return dropped.get();
    }

    private void enqueue(Peer peer, ByteBuffer frame) {
        int bytes = frame.remaining();
        if (peer.outboxBytes.addAndGet(bytes) > OUTBOX_BYTES_MAX) {
            peer.outboxBytes.addAndGet(-bytes);
            dropped.incrementAndGet();
            return;
        }
        peer.outbox.add(frame);
        if (peer.queued.compareAndSet(false, true)) {
            toWrite.add(peer);
            selector.wakeup();
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

    // ---- the thread ----

    private void run() {
        try {
            turns();
            if (leaving.get()) {
                sayGoodbye();
            }
        } catch (IOException | RuntimeException bug) {
            post(() -> {
                throw new IllegalStateException("the local transport ended", bug);
            });
        } finally {
            closeAll();
        }
    }

    private void turns() throws IOException {
        long lastTurn = loop.nowNanos();
        long nextScan = lastTurn;
        long nextPing = lastTurn;
        while (!closing.get()) {
            long now = loop.nowNanos();
            if (now - lastTurn > STALL_NANOS) {
                // This process was stopped: that nobody was heard is no news.
                peers.values().forEach(peer -> peer.heardNanos = now);
            }
            lastTurn = now;
            if (now - nextScan >= 0) {
                scan(now);
                nextScan = now + config.timing().scan().toNanos();
            }
            if (now - nextPing >= 0) {
                ping(now);
                nextPing = now + config.timing().ping().toNanos();
            }
            judge(now);
            write();
            pauseOrResume();
            selector.select(this::ready, TURN_MILLIS);
        }
    }

    private void listen() throws IOException {
        name = SocketName.of(
                self.storeId(),
                ProcessHandle.current().pid(),
                ThreadLocalRandom.current().nextInt());
        server = folder.listen(name);
        server.register(selector, SelectionKey.OP_ACCEPT);
    }

    private void scan(long now) {
        try {
            if (!folder.exists(name)) {
                log.warn("local socket was deleted, making a new one folder={} socket={}", folder, name);
                List.copyOf(peers.values()).forEach(peer -> lost(peer, now));
                server.close();
                folder.open();
                listen();
            }
            List<String> names = folder.names();
            refusing.keySet().retainAll(names);
            for (String other : names) {
                if (!other.equals(name) && !peers.containsKey(other)) {
                    connect(other, now);
                }
            }
        } catch (IOException | TransportException failure) {
            if (refusals.add(failure.getMessage())) {
                log.warn("local folder cannot be used folder={} reason={}", folder, failure.getMessage());
            }
        }
        long patience = config.timing().hello().toNanos();
        incoming.stream()
                .filter(one -> one.member.isEmpty() && now - one.acceptedNanos > patience)
                .toList()
                .forEach(this::drop);
    }

    private Optional<Peer> connect(String other, long now) throws IOException {
        try {
            var channel = SocketName.isListening(other) ? folder.connect(other) : Optional.<SocketChannel>empty();
            if (SocketName.isUnfinished(other) && folder.refuses(other)) {
                throw new ConnectException();
            }
            refusing.remove(other);
            if (channel.isEmpty()) {
                return Optional.empty();
            }
            Peer peer = new Peer(other, channel.get());
            // Nothing is ever read there but the end.
            peer.key = peer.out.register(selector, SelectionKey.OP_READ, peer);
            peer.heardNanos = now;
            peers.put(other, peer);
            enqueue(peer, Frames.hello(self, name));
            return Optional.of(peer);
        } catch (ConnectException _) {
            long since = refusing.computeIfAbsent(other, _ -> now);
            if (now - since > config.timing().stale().toNanos()) {
                log.info("local socket of a dead sheep deleted folder={} socket={}", folder, other);
                folder.delete(other);
                refusing.remove(other);
            }
            return Optional.empty();
        }
    }

    private void ping(long now) {
        for (Peer peer : peers.values()) {
            if (peer.outbox.isEmpty()) {
                enqueue(peer, Frames.empty(Frames.PING));
            }
            if (!paused
                    && peer.reported
                    && now - peer.heardNanos > config.timing().silence().toNanos()) {
                peer.reported = false;
                post(() -> roster.gone(peer, Evidence.SILENT));
            }
        }
    }

    private void judge(long now) {
        verdicts.removeIf(verdict -> {
            boolean dead = folder.refuses(verdict.peer.name);
            if (dead || now - verdict.dueNanos >= 0) {
                post(() -> roster.gone(verdict.peer, dead ? Evidence.DEAD : Evidence.CLOSED));
                return true;
            }
            return false;
        });
    }

    private void pauseOrResume() {
        boolean pause = receivedBytes.get() > (paused ? RECEIVED_BYTES_MAX / 2 : RECEIVED_BYTES_MAX);
        if (pause != paused) {
            paused = pause;
            long now = loop.nowNanos();
            peers.values().forEach(peer -> peer.heardNanos = now);
            incoming.forEach(one -> one.key.interestOps(paused ? 0 : SelectionKey.OP_READ));
        }
    }

    private void ready(SelectionKey key) {
        try {
            switch (key.attachment()) {
                case null -> accept();
                case Peer peer -> readyPeer(key, peer);
                case Incoming one -> read(one);
                default -> throw new AssertionError(key.attachment());
            }
        } catch (CancelledKeyException _) {
            // Closed earlier in this turn.
        }
    }

    private void accept() {
        try {
            for (var channel = server.accept(); channel != null; channel = server.accept()) {
                if (incoming.size() >= CONNECTIONS_MAX) {
                    channel.close();
                    continue;
                }
                channel.configureBlocking(false);
                var one = new Incoming(channel, loop.nowNanos());
                one.key = channel.register(selector, paused ? 0 : SelectionKey.OP_READ, one);
                incoming.add(one);
            }
        } catch (IOException failure) {
            log.warn("local connection not accepted folder={} reason={}", folder, failure.getMessage());
        }
    }

    private void readyPeer(SelectionKey key, Peer peer) {
        if (key.isWritable()) {
            write(peer);
        }
        if (key.isValid() && key.isReadable()) {
            try {
                if (peer.out.read(ByteBuffer.allocate(1)) == 0) {
                    return;
                }
            } catch (IOException _) {
                // As an end.
            }
            lost(peer, loop.nowNanos());
        }
    }

    private void write() {
        for (Peer peer = toWrite.poll(); peer != null; peer = toWrite.poll()) {
            peer.queued.set(false);
            if (peers.get(peer.name) == peer) {
                write(peer);
            }
        }
    }

    private void write(Peer peer) {
        try {
            for (ByteBuffer frame = peer.outbox.peek(); frame != null; frame = peer.outbox.peek()) {
                while (frame.hasRemaining()) {
                    int length = Math.min(frame.remaining(), Frames.PIECE_BYTES);
                    int written = peer.out.write(frame.slice(frame.position(), length));
                    frame.position(frame.position() + written);
                    peer.outboxBytes.addAndGet(-written);
                    if (written < length) {
                        peer.key.interestOps(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
                        return;
                    }
                }
                peer.outbox.remove();
            }
            peer.key.interestOps(SelectionKey.OP_READ);
        } catch (IOException | CancelledKeyException _) {
            lost(peer, loop.nowNanos());
        }
    }

    private void read(Incoming one) {
        try {
            for (int i = 0; i < FRAMES_PER_TURN && receivedBytes.get() <= RECEIVED_BYTES_MAX; i++) {
                var frame = one.reader.next(one.channel);
                if (frame.isEmpty()) {
                    return;
                }
                handle(one, frame.get());
                if (!one.channel.isOpen()) {
                    return;
                }
            }
        } catch (MalformedException bad) {
            if (refusals.size() < CONNECTIONS_MAX && refusals.add(bad.getMessage())) {
                log.warn("local connection refused folder={} reason={}", folder, bad.getMessage());
            }
            drop(one);
        } catch (IOException _) {
            drop(one);
        }
    }

    private void handle(Incoming one, Frames.Frame frame) throws IOException, MalformedException {
        long now = loop.nowNanos();
        switch (frame.kind()) {
            case Frames.HELLO -> greeted(one, Frames.hello(frame.body()), now);
            case Frames.MESSAGE -> {
                byte[] message = frame.body().array();
                receivedBytes.addAndGet(message.length);
                heard(one, now);
                one.peer.ifPresent(peer -> post(() -> {
                    receivedBytes.addAndGet(-message.length);
                    roster.member(peer).ifPresent(from -> listener.received(from, message));
                }));
            }
            case Frames.PING -> heard(one, now);
            case Frames.LEAVING ->
                one.peer.ifPresent(peer -> {
                    peer.left = true;
                    peer.reported = false;
                    post(() -> roster.gone(peer, Evidence.LEFT));
                });
            default -> throw new MalformedException("frame of unknown kind " + frame.kind());
        }
    }

    private void greeted(Incoming one, Frames.Hello hello, long now) throws IOException {
        var known = Optional.ofNullable(peers.get(hello.name()));
        var peer = known.isPresent() || hello.name().equals(name) ? known : connect(hello.name(), now);
        if (peer.isEmpty()) {
            drop(one);
            return;
        }
        peer.get().in.ifPresent(older -> {
            older.peer = Optional.empty();
            drop(older);
        });
        peer.get().in = Optional.of(one);
        one.peer = peer;
        one.member = Optional.of(hello.member());
        heard(one, now);
    }

    private void heard(Incoming one, long now) {
        one.peer.ifPresent(peer -> {
            peer.heardNanos = now;
            if (!peer.reported && !peer.left) {
                peer.reported = true;
                Member member = one.member.get();
                post(() -> roster.seen(peer, member));
            }
        });
    }

    /** Ends a connection made to us, and with it the one we made to the same sheep. */
    private void drop(Incoming one) {
        incoming.remove(one);
        closeQuietly(one.channel);
        one.peer.ifPresent(peer -> lost(peer, loop.nowNanos()));
    }

    /** Ends both connections with a sheep, and asks its socket whether it is dead. */
    private void lost(Peer peer, long now) {
        if (!peers.remove(peer.name, peer)) {
            return;
        }
        closeQuietly(peer.out);
        peer.in.ifPresent(one -> {
            one.peer = Optional.empty();
            drop(one);
        });
        if (peer.reported) {
            post(() -> roster.doubt(peer));
            verdicts.add(new Verdict(peer, now + config.timing().verify().toNanos()));
            judge(now);
        }
    }

    private void sayGoodbye() throws IOException {
        for (Peer peer : peers.values()) {
            peer.outbox.add(Frames.empty(Frames.LEAVING));
        }
        long deadline = loop.nowNanos() + LEAVE_NANOS;
        do {
            List.copyOf(peers.values()).forEach(this::write);
            selector.selectNow(this::ready);
            if (peers.values().stream().allMatch(peer -> peer.outbox.isEmpty())) {
                return;
            }
            selector.select(this::ready, TURN_MILLIS / 5);
        } while (loop.nowNanos() - deadline < 0);
    }

    private void closeAll() {
        // The door first, so that who sees a connection end finds it shut.
        closeQuietly(server);
        if (leaving.get()) {
            try {
                folder.delete(name);
            } catch (IOException failure) {
                log.warn("local socket not deleted folder={} reason={}", folder, failure.getMessage());
            }
        }
        peers.values().forEach(peer -> closeQuietly(peer.out));
        incoming.forEach(one -> closeQuietly(one.channel));
        closeQuietly(selector);
    }

    private static void closeQuietly(AutoCloseable open) {
        try {
            if (open != null) {
                open.close();
            }
        } catch (Exception failure) {
            log.debug("local close failed reason={}", failure.toString());
        }
    }
}
