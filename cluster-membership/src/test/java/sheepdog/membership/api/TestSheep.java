package sheepdog.membership.api;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import sheepdog.membership.api.ClusterTransport.Evidence;
import sheepdog.membership.api.ClusterTransport.TransportException;
import sheepdog.membership.runtime.Loop;
import sheepdog.membership.runtime.TestLoop;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;

/**
 * A sheep as far as a transport knows it: a member with a listening port, a loop on a real thread, and a listener that
 * keeps what it was told.
 */
public final class TestSheep implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final TestLoop loop;
    private final ServerSocket port;
    private final Member member;
    private final ClusterTransport transport;
    private final List<Event> events = new ArrayList<>();

    /** What the listener was told. */
    public sealed interface Event {
        record Seen(Member member) implements Event {}

        record Gone(Member member, Evidence evidence) implements Event {}

        record Received(Member from, byte[] message) implements Event {
            @Override
            public String toString() {
                return "Received[" + from + ", " + message.length + " bytes]";
            }
        }
    }

    /** Opens a port, starts a loop and the transport; blocks until started. */
    public TestSheep(long storeId, long incarnation, Function<Loop, ClusterTransport> factory) {
        try {
            port = new ServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1"));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        var id = NodeId.of("127.0.0.1", port.getLocalPort());
        member = new Member(new Node(id, Optional.empty(), 64, (int) storeId, 1L << 30), storeId, incarnation);
        loop = new TestLoop(storeId + "." + incarnation);
        transport = factory.apply(loop);
        try {
            transport.start(member, new Recorder());
        } catch (TransportException refused) {
            close();
            throw refused;
        }
    }

    private final class Recorder implements ClusterTransport.Listener {
        @Override
        public void seen(Member seen) {
            add(new Event.Seen(seen));
        }

        @Override
        public void gone(Member gone, Evidence evidence) {
            add(new Event.Gone(gone, evidence));
        }

        @Override
        public void received(Member from, byte[] message) {
            add(new Event.Received(from, message));
        }

        private void add(Event event) {
            loop.checkOnLoop();
            synchronized (events) {
                events.add(event);
                events.notifyAll();
            }
        }
    }

    public Member member() {
        return member;
    }

    public ClusterTransport transport() {
        return transport;
    }

    public TestLoop loop() {
        return loop;
    }

    public void send(TestSheep to, byte[] message) {
        loop.run(() -> transport.send(to.member.storeId(), message));
    }

    public void broadcast(byte[] message) {
        loop.run(() -> transport.broadcast(message));
    }

    public void leave() {
        loop.run(transport::leave);
    }

    /** What a crash looks like to the others: the port and the transport close without a word. */
    public void crash() {
        closePort();
        loop.run(transport::close);
    }

    /** From now on connections to the sheep's port are refused. */
    public void closePort() {
        try {
            port.close();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** All events so far. */
    public List<Event> events() {
        synchronized (events) {
            return List.copyOf(events);
        }
    }

    /** Forgets the events so far. */
    public void clear() {
        synchronized (events) {
            events.clear();
        }
    }

    /** Waits for an event, which may have come before. Fails after 20 s with the events there were. */
    public Event await(String what, Predicate<Event> wanted) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        synchronized (events) {
            while (true) {
                for (Event event : events) {
                    if (wanted.test(event)) {
                        return event;
                    }
                }
                long left = deadline - System.nanoTime();
                if (left <= 0) {
                    throw new AssertionError(member + " waited for " + what + ", there was " + events);
                }
                try {
                    events.wait(left / 1_000_000 + 1);
                } catch (InterruptedException interrupted) {
                    throw new AssertionError(interrupted);
                }
            }
        }
    }

    public void awaitSeen(TestSheep other) {
        await("seen " + other.member, new Event.Seen(other.member)::equals);
    }

    /** @return how sure the transport was */
    public Evidence awaitGone(TestSheep other) {
        var event =
                await("gone " + other.member, e -> e instanceof Event.Gone gone && gone.member.equals(other.member));
        return ((Event.Gone) event).evidence();
    }

    /** Waits for a message of {@code length} bytes from {@code from}. */
    public byte[] awaitMessage(TestSheep from, int length) {
        var event = await(
                length + " bytes from " + from.member,
                e -> e instanceof Event.Received got && got.from.equals(from.member) && got.message.length == length);
        return ((Event.Received) event).message();
    }

    public InetSocketAddress address() {
        return member.node().id().socketAddress();
    }

    /** Closes the transport, the port and the loop; fails if a task on the loop failed. */
    @Override
    public void close() {
        crash();
        loop.close();
    }
}
