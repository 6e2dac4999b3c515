package sheepdog.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import sheepdog.membership.api.ClusterTransport;
import sheepdog.membership.api.ClusterTransport.Evidence;
import sheepdog.membership.api.Member;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;

class SimTransportTest {
    private SimTime time = new SimTime(11);
    private SimNetwork network = new SimNetwork(time);
    private final List<Sheep> sheep = new ArrayList<>();

    @Test
    void everySheepSeesTheOthersAndNotItself() {
        start(3);

        time.runFor(Duration.ofSeconds(2));

        for (Sheep one : sheep) {
            assertThat(one.seen)
                    .containsExactlyInAnyOrderElementsOf(sheep.stream()
                            .filter(other -> other != one)
                            .map(other -> other.member.storeId())
                            .toList());
        }
    }

    @Test
    void messagesReachTheOneAndTheMany() {
        start(3);
        time.runFor(Duration.ofSeconds(2));

        sheep.get(0).run(transport -> transport.send(2, new byte[] {42}));
        sheep.get(1).run(transport -> transport.broadcast(new byte[] {43}));
        time.runFor(Duration.ofSeconds(1));

        assertThat(sheep.get(0).heard).containsExactly("2:43");
        assertThat(sheep.get(1).heard).containsExactly("1:42");
        assertThat(sheep.get(2).heard).containsExactly("2:43");
    }

    @Test
    void evidenceSaysHowMuchIsKnown() {
        start(5);
        time.runFor(Duration.ofSeconds(2));
        Sheep watcher = sheep.get(0);

        sheep.get(1).run(ClusterTransport::leave);
        sheep.get(2).end(false);
        sheep.get(3).end(true);
        sheep.get(4).run(ClusterTransport::close);
        time.runFor(Duration.ofMillis(100));
        assertThat(watcher.gone).containsExactlyInAnyOrder("2:LEFT", "3:DEAD", "5:CLOSED");

        time.runFor(Duration.ofSeconds(4));
        assertThat(watcher.gone).containsExactlyInAnyOrder("2:LEFT", "3:DEAD", "5:CLOSED", "4:SILENT");
    }

    @Test
    void partitionIsSilenceAndHealingIsSeen() {
        start(3);
        time.runFor(Duration.ofSeconds(2));

        network.partition(List.of(List.of(sheep.get(0).host), List.of(sheep.get(1).host, sheep.get(2).host)));
        time.runFor(Duration.ofSeconds(5));
        assertThat(sheep.get(0).gone).containsExactlyInAnyOrder("2:SILENT", "3:SILENT");
        assertThat(sheep.get(1).gone).containsExactly("1:SILENT");

        network.heal();
        time.runFor(Duration.ofSeconds(2));
        assertThat(sheep.get(0).seen).contains(2L, 3L);
    }

    @Test
    void restartedSheepIsSeenWithItsNewIncarnation() {
        start(2);
        time.runFor(Duration.ofSeconds(2));

        sheep.get(1).end(false);
        Sheep again = new Sheep(sheep.get(1).host, 2, 2);
        sheep.add(again);
        time.runFor(Duration.ofSeconds(2));

        assertThat(sheep.get(0).last).contains(again.member);
    }

    @Test
    void nothingIsDeadThatLives() {
        network.weather(SimNetwork.Weather.ROUGH);
        start(5);

        for (int i = 0; i < 40; i++) {
            var paused = sheep.get(i % 5);
            paused.loop.pause();
            time.runFor(Duration.ofSeconds(i % 6));
            paused.loop.resume();
            time.runFor(Duration.ofSeconds(i % 3));
        }

        assertThat(sheep).allSatisfy(one -> assertThat(one.gone).noneMatch(gone -> gone.endsWith("DEAD")));
        assertThat(sheep).anySatisfy(one -> assertThat(one.gone).isNotEmpty());
    }

    @Test
    void oneSeedGivesOneRun() {
        String first = storm(5);

        assertThat(storm(5)).isEqualTo(first);
        assertThat(storm(6)).isNotEqualTo(first);
    }

    private String storm(long seed) {
        time = new SimTime(seed);
        network = new SimNetwork(time, SimNetwork.Weather.ROUGH);
        sheep.clear();
        start(4);
        var chance = time.random("story");
        for (int i = 0; i < 50; i++) {
            var one = sheep.get(chance.nextInt(4));
            var other = sheep.get(chance.nextInt(4));
            switch (chance.nextInt(4)) {
                case 0 -> network.heal();
                case 1 -> {
                    if (one != other) {
                        network.cut(one.host, other.host);
                    }
                }
                case 2 -> one.run(transport -> transport.broadcast(new byte[] {1}));
                default -> one.run(transport -> transport.send(other.member.storeId(), new byte[] {2}));
            }
            time.runFor(Duration.ofMillis(chance.nextLong(2_000)));
        }
        return time.log().digest() + " " + time.eventsRun();
    }

    private void start(int count) {
        for (int i = 1; i <= count; i++) {
            sheep.add(new Sheep(network.addHost("n" + i), i, 1));
        }
    }

    private final class Sheep implements ClusterTransport.Listener {
        private final SimHost host;
        private final SimLoop loop;
        private final Member member;
        private final SimTransport transport;
        private final List<Long> seen = new ArrayList<>();
        private final List<String> gone = new ArrayList<>();
        private final List<String> heard = new ArrayList<>();
        private Optional<Member> last = Optional.empty();

        Sheep(SimHost host, int number, int incarnation) {
            this.host = host;
            loop = new SimLoop(time, "n" + number + "." + incarnation);
            network.boot(host, loop);
            var node = new Node(NodeId.of("10.0.0." + number, 7000), Optional.empty(), 64, number, 1 << 30);
            member = new Member(node, number, incarnation);
            transport = new SimTransport(network, host, loop);
            transport.start(member, this);
        }

        void run(Consumer<ClusterTransport> what) {
            loop.execute(() -> what.accept(transport));
        }

        void end(boolean powerLost) {
            loop.kill();
            network.processEnded(host, powerLost);
        }

        @Override
        public void seen(Member other) {
            loop.checkOnLoop();
            if (!seen.contains(other.storeId())) {
                seen.add(other.storeId());
            }
            last = Optional.of(other);
        }

        @Override
        public void gone(Member other, Evidence evidence) {
            loop.checkOnLoop();
            seen.remove(other.storeId());
            gone.add(other.storeId() + ":" + evidence);
        }

        @Override
        public void received(Member from, byte[] message) {
            loop.checkOnLoop();
            heard.add(from.storeId() + ":" + message[0]);
        }
    }
}
