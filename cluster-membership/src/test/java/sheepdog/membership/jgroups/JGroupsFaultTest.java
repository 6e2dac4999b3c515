package sheepdog.membership.jgroups;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;
import org.jgroups.protocols.DISCARD;
import org.jgroups.protocols.TP;
import org.jgroups.stack.IpAddress;
import org.jgroups.stack.ProtocolStack;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import sheepdog.membership.api.ClusterTransport.Evidence;
import sheepdog.membership.api.ClusterTransport.TransportException;
import sheepdog.membership.api.TestSheep;
import sheepdog.membership.api.TestSheep.Event;

/** What the contract does not ask of every transport: cut networks, garbage, busy ports, stray output. */
final class JGroupsFaultTest {
    static final JGroupsConfig.Timing QUICK = new JGroupsConfig.Timing(
            Duration.ofMillis(500),
            Duration.ofMillis(1200),
            Duration.ofMillis(200),
            Duration.ofMillis(300),
            Duration.ofMillis(900));

    private final int multicastPort = ThreadLocalRandom.current().nextInt(20_000, 30_000);
    private final List<TestSheep> started = new ArrayList<>();

    @AfterEach
    void closeAll() {
        started.forEach(TestSheep::close);
    }

    private TestSheep sheep(long storeId, long incarnation) {
        var sheep = new TestSheep(
                storeId,
                incarnation,
                loop -> new JGroupsTransport(
                        loop,
                        JGroupsConfig.parse("bind=127.0.0.1,mcast=226.94.1.1:" + multicastPort)
                                .withTiming(QUICK)));
        started.add(sheep);
        return sheep;
    }

    private List<TestSheep> sheep(int count) {
        var sheep = new ArrayList<TestSheep>();
        for (int i = 1; i <= count; i++) {
            sheep.add(sheep(i, 1));
        }
        seeOneAnother(sheep);
        return sheep;
    }

    private static void seeOneAnother(List<TestSheep> sheep) {
        for (TestSheep one : sheep) {
            sheep.stream().filter(other -> other != one).forEach(one::awaitSeen);
        }
    }

    private static ProtocolStack stack(TestSheep sheep) {
        return ((JGroupsTransport) sheep.transport()).channel().getProtocolStack();
    }

    private static void cutOff(TestSheep sheep) throws Exception {
        stack(sheep).insertProtocol(new DISCARD().discardAll(true), ProtocolStack.Position.ABOVE, TP.class);
    }

    private static void heal(TestSheep sheep) {
        DISCARD fault = stack(sheep).findProtocol(DISCARD.class);
        fault.discardAll(false);
        stack(sheep).removeProtocol(DISCARD.class);
    }

    @Test
    void sheepThatAreCutOffAreSilentOnBothSidesAndSeenAgainWhenHealed() throws Exception {
        List<TestSheep> sheep = sheep(3);
        cutOff(sheep.get(0));

        assertThat(sheep.get(0).awaitGone(sheep.get(1))).isEqualTo(Evidence.SILENT);
        assertThat(sheep.get(0).awaitGone(sheep.get(2))).isEqualTo(Evidence.SILENT);
        assertThat(sheep.get(1).awaitGone(sheep.get(0))).isEqualTo(Evidence.SILENT);
        assertThat(sheep.get(2).awaitGone(sheep.get(0))).isEqualTo(Evidence.SILENT);
        sheep.forEach(TestSheep::clear);
        heal(sheep.get(0));

        sheep.get(0).awaitSeen(sheep.get(1));
        sheep.get(0).awaitSeen(sheep.get(2));
        sheep.get(1).awaitSeen(sheep.get(0));
        sheep.get(2).awaitSeen(sheep.get(0));
        sheep.get(0).broadcast(new byte[100_000]);
        sheep.get(1).broadcast(new byte[200_000]);
        sheep.get(1).awaitMessage(sheep.get(0), 100_000);
        sheep.get(2).awaitMessage(sheep.get(0), 100_000);
        sheep.get(0).awaitMessage(sheep.get(1), 200_000);
    }

    @Test
    void messagesToOneThatIsCutOffDoNotHoldUpThoseToTheOthers() throws Exception {
        List<TestSheep> sheep = sheep(3);
        cutOff(sheep.get(1));

        for (int i = 0; i < 30; i++) {
            sheep.get(0).send(sheep.get(1), new byte[1 << 20]);
        }
        sheep.get(0).send(sheep.get(2), new byte[77]);

        sheep.get(2).awaitMessage(sheep.get(0), 77);
        assertThat(((JGroupsTransport) sheep.get(0).transport()).dropped()).isPositive();
    }

    @Test
    void sheepThatDieAtTheSameTimeAreAllFound() {
        List<TestSheep> sheep = sheep(5);

        sheep.get(0).crash();
        sheep.get(1).crash();

        for (TestSheep survivor : sheep.subList(2, 5)) {
            assertThat(survivor.awaitGone(sheep.get(0))).isEqualTo(Evidence.DEAD);
            assertThat(survivor.awaitGone(sheep.get(1))).isEqualTo(Evidence.DEAD);
        }
    }

    @Test
    void garbageOnEveryPortChangesNothing() throws Exception {
        List<TestSheep> sheep = sheep(2);
        var random = new Random(1);
        var address = (IpAddress) ((JGroupsTransport) sheep.get(0).transport())
                .channel()
                .down(new org.jgroups.Event(
                        org.jgroups.Event.GET_PHYSICAL_ADDRESS,
                        ((JGroupsTransport) sheep.get(0).transport()).channel().address()));

        try (var datagrams = new DatagramSocket(new InetSocketAddress("127.0.0.1", 0))) {
            datagrams.setOption(
                    StandardSocketOptions.IP_MULTICAST_IF,
                    NetworkInterface.getByInetAddress(InetAddress.ofLiteral("127.0.0.1")));
            for (int i = 0; i < 500; i++) {
                byte[] garbage = new byte[random.nextInt(1500)];
                random.nextBytes(garbage);
                datagrams.send(new DatagramPacket(
                        garbage, garbage.length, InetAddress.ofLiteral("226.94.1.1"), multicastPort));
                datagrams.send(new DatagramPacket(garbage, garbage.length, address.getIpAddress(), address.getPort()));
            }
        }
        for (int i = 0; i < 20; i++) {
            sendGarbage(address.getPort() + Stack.FAILURE_DETECTOR_PORT_OFFSET, random);
        }

        sheep.get(1).send(sheep.get(0), new byte[77]);
        sheep.get(0).awaitMessage(sheep.get(1), 77);
        assertThat(sheep.get(0).events()).noneMatch(Event.Gone.class::isInstance);
    }

    private static void sendGarbage(int port, Random random) {
        try (var socket = new Socket("127.0.0.1", port)) {
            byte[] garbage = new byte[2000];
            random.nextBytes(garbage);
            socket.getOutputStream().write(garbage);
        } catch (IOException _) {
            // It closed on us, which is its right.
        }
    }

    @Test
    void aBusyPortIsRefusedByItsNumber() throws Exception {
        try (var taken = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            int port = Math.min(taken.getLocalPort(), 65_000);

            assertThatThrownBy(() -> new TestSheep(
                            1,
                            1,
                            loop -> new JGroupsTransport(
                                    loop, JGroupsConfig.parse("bind=127.0.0.1,tcp=127.0.0.1:7800,port=" + port))))
                    .isInstanceOf(TransportException.class)
                    .hasMessageStartingWith("cannot join the JGroups group 'sheepdog' from 127.0.0.1")
                    .hasMessageContaining("" + port);
        }
    }

    @Test
    void anAddressThatIsNotThisHostsIsRefusedWithThoseThatAre() {
        assertThatThrownBy(() -> new TestSheep(
                        1, 1, loop -> new JGroupsTransport(loop, JGroupsConfig.parse("bind=198.51.100.77"))))
                .isInstanceOf(TransportException.class)
                .hasMessageContaining("'bind=198.51.100.77' is neither an IPv4 address nor an interface of this host")
                .hasMessageContaining("127.0.0.1");
    }

    @Test
    void theInterfacesNameServesAsItsAddress() {
        String loopback = loopbackName();
        var one = new TestSheep(
                1,
                1,
                loop -> new JGroupsTransport(
                        loop, JGroupsConfig.parse("bind=" + loopback + ",mcast=226.94.1.1:" + multicastPort)));
        started.add(one);

        TestSheep two = sheep(2, 1);

        seeOneAnother(List.of(one, two));
    }

    private static String loopbackName() {
        try {
            return NetworkInterface.getByInetAddress(InetAddress.ofLiteral("127.0.0.1"))
                    .getName();
        } catch (IOException failure) {
            throw new AssertionError(failure);
        }
    }

    @Test
    void startingMeetingAndLeavingIsNotWorthAWarning() {
        var appender = new ListAppender<ILoggingEvent>();
        var logger = (ch.qos.logback.classic.Logger) LoggerFactory.getLogger("org.jgroups");
        appender.start();
        logger.addAppender(appender);
        try {
            List<TestSheep> sheep = sheep(2);
            sheep.get(1).leave();
            sheep.get(0).awaitGone(sheep.get(1));
            sheep.get(0).crash();
        } finally {
            logger.detachAppender(appender);
        }

        assertThat(appender.list.stream()
                        .filter(event -> event.getLevel().isGreaterOrEqual(Level.WARN))
                        .map(ILoggingEvent::getFormattedMessage))
                .isEmpty();
    }
}
