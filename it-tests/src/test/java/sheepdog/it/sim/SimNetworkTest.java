package sheepdog.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SimNetworkTest {
    private static final int PORT = 7000;

    private final SimTime time = new SimTime(3);
    private final SimNetwork network = new SimNetwork(time);
    private final SimHost a = network.addHost("a");
    private final SimHost b = network.addHost("b");
    private final SimLoop client = new SimLoop(time, "client");
    private final SimLoop server = new SimLoop(time, "server");
    private final List<String> events = new ArrayList<>();
    private SimSocket near;
    private SimSocket far;

    @BeforeEach
    void start() {
        network.boot(a, client);
        network.boot(b, server);
        b.listen(PORT, socket -> {
            far = socket;
            return handler("server");
        });
    }

    @Test
    void chunksArriveInOrderOnTheLoopOfTheirProcess() {
        connect();

        IntStream.range(0, 100).forEach(this::sendFromClient);
        settle();

        assertThat(events)
                .isEqualTo(
                        IntStream.range(0, 100).mapToObj(i -> "server got " + i).toList());
    }

    @Test
    void closingDeliversWhatWasSentBefore() {
        connect();

        client.execute(() -> {
            near.send(new byte[] {1});
            near.close();
        });
        settle();

        assertThat(events).containsExactly("server got 1", "server ended");
        assertThat(near.isOpen()).isFalse();
    }

    @Test
    void portWithoutListenerIsRefused() {
        b.unlisten(PORT);

        connect();

        assertThat(events).containsExactly("refused");
    }

    @Test
    void hostWithoutProcessRefusesAndHostWithoutPowerDoesNotAnswer() {
        server.kill();
        network.processEnded(b, false);
        connect();
        assertThat(events).containsExactly("refused");

        network.boot(b, new SimLoop(time, "server 2"));
        network.processEnded(b, true);
        connect();

        assertThat(events).containsExactly("refused", "unanswered");
    }

    @Test
    void cutHoldsBackChunksUntilItIsHealed() {
        connect();
        network.cut(a, b);
        IntStream.range(0, 10).forEach(this::sendFromClient);
        settle();
        assertThat(events).isEmpty();

        network.heal();
        sendFromClient(10);
        settle();

        assertThat(events)
                .isEqualTo(
                        IntStream.range(0, 11).mapToObj(i -> "server got " + i).toList());
    }

    @Test
    void cutInOneDirectionLeavesTheOther() {
        connect();
        network.cutOneWay(a, b);
        sendFromClient(1);
        server.execute(() -> far.send(new byte[] {2}));
        settle();

        assertThat(events).containsExactly("client got 2");
    }

    @Test
    void connectionThatWaitedTooLongForACutLinkIsReset() {
        connect();
        network.cut(a, b);
        sendFromClient(1);

        time.runFor(network.weather().patience().plusSeconds(1));
        assertThat(events).containsExactly("client ended");
        network.heal();
        settle();

        assertThat(events).containsExactly("client ended");
    }

    @Test
    void resetLosesWhatWasUnderWayAndTellsBothEnds() {
        connect();
        network.stall(a, b);
        sendFromClient(1);
        settle();

        network.reset(a, b);
        network.heal();
        settle();

        assertThat(events).containsExactlyInAnyOrder("client ended", "server ended");
    }

    @Test
    void endOfAProcessResetsItsConnections() {
        connect();

        server.kill();
        network.processEnded(b, false);
        settle();

        assertThat(events).containsExactly("client ended");
    }

    @Test
    void lossOfPowerIsSilentUntilTheMachineIsBack() {
        connect();
        server.kill();
        network.processEnded(b, true);
        sendFromClient(1);
        settle();
        assertThat(events).isEmpty();

        network.boot(b, new SimLoop(time, "server 2"));
        settle();

        assertThat(events).containsExactly("client ended");
    }

    @Test
    void stoppedProcessHearsEverythingLater() {
        connect();
        server.pause();
        sendFromClient(1);
        sendFromClient(2);
        settle();
        assertThat(events).isEmpty();

        server.resume();
        settle();

        assertThat(events).containsExactly("server got 1", "server got 2");
    }

    private void connect() {
        client.execute(() -> network.connect(a, client, b, PORT, Duration.ofSeconds(1), new SimSocket.Connecting() {
            @Override
            public SimSocket.Handler connected(SimSocket socket) {
                near = socket;
                return handler("client");
            }

            @Override
            public void refused() {
                events.add("refused");
            }

            @Override
            public void unanswered() {
                events.add("unanswered");
            }
        }));
        settle();
    }

    private void sendFromClient(int number) {
        client.execute(() -> near.send(new byte[] {(byte) number}));
    }

    private SimSocket.Handler handler(String who) {
        return new SimSocket.Handler() {
            @Override
            public void received(byte[] bytes) {
                events.add(who + " got " + bytes[0]);
            }

            @Override
            public void ended() {
                events.add(who + " ended");
            }
        };
    }

    private void settle() {
        time.runFor(Duration.ofSeconds(2));
    }
}
