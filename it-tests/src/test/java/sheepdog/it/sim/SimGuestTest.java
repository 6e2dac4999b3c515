package sheepdog.it.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.NodeId;

class SimGuestTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final NodeId GATEWAY = NodeId.of("10.0.0.1", 7000);

    @Test
    void rightGatewayIsFoundRightAcrossResetsAndSnapshots() {
        var world = new World(21, MemoryGateway.Fault.NONE);
        SimGuest.Frozen snapshot = world.run();

        assertThat(world.guest.writes()).isGreaterThan(1_000);
        assertThat(world.guest.reads()).isGreaterThan(300);
        assertThat(snapshot.model().written()).isNotEmpty();
        world.payloads.checkAllReleased();
        world.client.checkPayloads();
    }

    @ParameterizedTest
    @EnumSource(value = MemoryGateway.Fault.class, mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void wrongGatewayIsFoundOut(MemoryGateway.Fault fault) {
        assertThatThrownBy(() -> new World(22, fault).run())
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("sector");
    }

    @Test
    void oneSeedGivesOneRun() {
        var first = new World(23, MemoryGateway.Fault.NONE);
        first.run();
        var second = new World(23, MemoryGateway.Fault.NONE);
        second.run();

        assertThat(second.time.log().digest()).isEqualTo(first.time.log().digest());
        assertThat(second.time.eventsRun()).isEqualTo(first.time.eventsRun());
        assertThat(second.guest.writes()).isEqualTo(first.guest.writes());
    }

    private static final class World {
        private final SimTime time;
        private final SimNetwork network;
        private final SimHost server;
        private final SimPayloads payloads = new SimPayloads();
        private final SimClient client;
        private final SimGuest guest;

        World(long seed, MemoryGateway.Fault fault) {
            time = new SimTime(seed);
            network = new SimNetwork(time);
            server = network.addHost("sheep", GATEWAY);
            var loop = new SimLoop(time, "sheep");
            network.boot(server, loop);
            var gateway = new MemoryGateway(loop, payloads, time.random("gateway"), fault);
            server.listen(GATEWAY.port(), new SimServer(loop, gateway, () -> Epoch.FIRST, payloads, () -> true));
            client = new SimClient(network, "guest", List.of(GATEWAY));
            guest = new SimGuest(time, client, "disk", 3);
        }

        SimGuest.Frozen run() {
            guest.create(LIMIT);
            guest.open(LIMIT);
            load();
            SimGuest.Frozen snapshot = guest.snapshot("s1", LIMIT);
            load();
            guest.verify(LIMIT);
            guest.verify(snapshot, LIMIT);
            return snapshot;
        }

        private void load() {
            guest.load(4);
            for (int i = 0; i < 5; i++) {
                time.runFor(Duration.ofSeconds(2));
                network.reset(client.host(), server);
            }
            guest.stop();
            assertThat(time.runUntil(guest::idle, LIMIT)).isTrue();
        }
    }
}
