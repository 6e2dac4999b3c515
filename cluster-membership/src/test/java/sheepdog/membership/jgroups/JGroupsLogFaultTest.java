package sheepdog.membership.jgroups;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.jgroups.Address;
import org.jgroups.Event;
import org.jgroups.protocols.DISCARD;
import org.jgroups.protocols.DUPL;
import org.jgroups.protocols.SHUFFLE;
import org.jgroups.protocols.TP;
import org.jgroups.protocols.pbcast.GMS;
import org.jgroups.stack.Protocol;
import org.jgroups.stack.ProtocolStack;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.log.RealCluster;
import sheepdog.membership.runtime.Loop;

/**
 * The committed log over real JGroups channels in one process, and JGroups' own trouble: whatever becomes of its views,
 * there is one history, what was committed stays, and everybody is back by himself.
 */
final class JGroupsLogFaultTest {
    @TempDir
    private Path folder;

    private final int multicastPort = ThreadLocalRandom.current().nextInt(20_000, 30_000);
    private final TreeMap<Integer, JGroupsTransport> transports = new TreeMap<>();
    private RealCluster cluster;

    @BeforeEach
    void formThree() {
        cluster = new RealCluster(folder, this::transport);
        start(0);
        // So it coordinates the group; and it leads the log, since it formats.
        cluster.await("a first view", () -> views(0) == 1);
        start(1);
        start(2);
        cluster.await("all in one view", () -> IntStream.range(0, 3).allMatch(i -> views(i) == 3));
        AtomicBoolean done = new AtomicBoolean();
        cluster.on(0, () -> cluster.log(0).format(bytes("format")).thenAccept(_ -> done.set(true)));
        cluster.await("the format", done::get);
        awaitMembers(3, 0, 1, 2);
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void partsThatMergeHaveOneHistory() throws Exception {
        int alone = 0;
        var cut = new DISCARD().discardAll(true);
        insert(alone, cut, ProtocolStack.Position.ABOVE, TP.class);
        int one = (alone + 1) % 3;
        int other = (alone + 2) % 3;
        AtomicBoolean late = propose(alone, "late");
        awaitMembers(2, one, other);
        cluster.await("two views", () -> views(alone) == 1 && views(one) == 2);
        AtomicBoolean meanwhile = propose(one, "meanwhile");
        cluster.await("the majority to go on", meanwhile::get);
        assertThat(late).isFalse();

        cut.discardAll(false);
        remove(alone, cut);

        awaitMembers(3, 0, 1, 2);
        cluster.await("what waited", late::get);
        cluster.await("one view again", () -> IntStream.range(0, 3).allMatch(i -> views(i) == 3));
        awaitHistory(List.of("format", "meanwhile", "late"), 0, 1, 2);
    }

    @Test
    void coordinatorLostWhileItToldOnlySomeLosesNothingThatWasCommitted() {
        int lost = 0;
        int told = (lost + 1) % 3;
        int untold = (lost + 2) % 3;
        var deaf = new DISCARD().addIgnoreMember(address(lost));
        insert(untold, deaf, ProtocolStack.Position.ABOVE, TP.class);

        AtomicBoolean done = propose(lost, "half told");
        cluster.await("the commit", done::get);
        cluster.kill(lost);
        AtomicBoolean after = propose(untold, "after");

        cluster.await("the others to go on", after::get);
        awaitMembers(2, told, untold);
        awaitHistory(List.of("format", "half told", "after"), told, untold);
        start(lost);
        awaitMembers(3, 0, 1, 2);
        awaitHistory(List.of("format", "half told", "after"), 0, 1, 2);
    }

    @Test
    void whoIsSuspectedWronglyIsOutOfAViewButNotOfTheCluster() {
        int coordinator = 0;
        int suspect = (coordinator + 1) % 3;
        var seen = new Views(Views.Fault.DOUBLED);
        insert(coordinator, seen, ProtocolStack.Position.BELOW, GMS.class);

        GMS membership = stack(coordinator).findProtocol(GMS.class);
        membership.up(new Event(Event.SUSPECT, List.of(address(suspect))));

        cluster.await("a view without it", () -> seen.seen() > 0);
        AtomicBoolean done = propose(suspect, "I live");
        cluster.await("its command", done::get);
        cluster.await("one view again", () -> IntStream.range(0, 3).allMatch(i -> views(i) == 3));
        awaitHistory(List.of("format", "I live"), 0, 1, 2);
        for (int i = 0; i < 3; i++) {
            int place = i;
            assertThat(cluster.on(place, () -> cluster.machine(place).epochs()).stream()
                            .map(EpochRecord::epoch)
                            .distinct())
                    .as("epochs of %d", i)
                    .hasSize(1);
        }
    }

    @Test
    void viewsThatAreLostDoubledOrLateHoldNobodyUp() {
        int coordinator = 0;
        int first = (coordinator + 1) % 3;
        int second = (coordinator + 2) % 3;
        var late = new Views(Views.Fault.KEPT_BACK);
        var lost = new Views(Views.Fault.LOST);
        insert(coordinator, new Views(Views.Fault.DOUBLED), ProtocolStack.Position.BELOW, GMS.class);
        insert(first, late, ProtocolStack.Position.BELOW, GMS.class);
        insert(second, lost, ProtocolStack.Position.BELOW, GMS.class);

        start(3);
        awaitMembers(4, 0, 1, 2, 3);
        AtomicBoolean joined = propose(3, "joined");
        cluster.await("the newcomer's command", joined::get);
        cluster.kill(3);
        awaitMembers(3, 0, 1, 2);
        cluster.await("views that did not arrive", () -> late.seen() > 0 && lost.seen() > 0);
        late.release();
        AtomicBoolean gone = propose(second, "gone");

        cluster.await("a command of who knows no view", gone::get);
        awaitHistory(List.of("format", "joined", "gone"), 0, 1, 2);
    }

    @Test
    void messagesLostDoubledAndOutOfOrderAreStillOneHistory() {
        for (int i = 0; i < 3; i++) {
            insert(i, new DISCARD().setUpDiscardRate(0.1), ProtocolStack.Position.ABOVE, TP.class);
            insert(i, new DUPL(), ProtocolStack.Position.ABOVE, TP.class);
            insert(
                    i,
                    new SHUFFLE().setUp(true).setDown(false).setMaxSize(5).setMaxTime(20),
                    ProtocolStack.Position.ABOVE,
                    TP.class);
        }
        var done = new ArrayList<AtomicBoolean>();
        for (int i = 0; i < 30; i++) {
            done.add(propose(i % 3, "command " + i));
        }

        cluster.await("all commands", () -> done.stream().allMatch(AtomicBoolean::get));

        cluster.await(
                "the same everywhere",
                () -> commands(0).size() == 31
                        && IntStream.range(1, 3).allMatch(i -> commands(i).equals(commands(0))));
        assertThat(commands(0)).doesNotHaveDuplicates();
    }

    private JGroupsTransport transport(Loop loop, int place) {
        var made = new JGroupsTransport(
                loop,
                JGroupsConfig.parse("bind=127.0.0.1,mcast=226.94.1.1:" + multicastPort)
                        .withTiming(JGroupsFaultTest.QUICK));
        transports.put(place, made);
        return made;
    }

    private void start(int place) {
        cluster.start(place);
    }

    private ProtocolStack stack(int place) {
        return transports.get(place).channel().getProtocolStack();
    }

    private Address address(int place) {
        return transports.get(place).channel().address();
    }

    /** How many JGroups sees from there. */
    private int views(int place) {
        var view = transports.get(place).channel().getView();
        return view == null ? 0 : view.size();
    }

    private void insert(
            int place, Protocol fault, ProtocolStack.Position position, Class<? extends Protocol> neighbour) {
        try {
            fault.init();
            stack(place).insertProtocol(fault, position, neighbour);
            fault.start();
        } catch (Exception failure) {
            throw new AssertionError(failure);
        }
    }

    private void remove(int place, Protocol fault) {
        stack(place).removeProtocol(fault);
    }

    private AtomicBoolean propose(int place, String command) {
        var done = new AtomicBoolean();
        cluster.on(
                place,
                () -> cluster.log(place).propose(bytes(command)).thenAccept(outcome -> done.set(outcome.isOk())));
        return done;
    }

    private List<String> commands(int place) {
        return cluster.on(place, () -> cluster.machine(place).commands());
    }

    private void awaitHistory(List<String> commands, int... places) {
        cluster.await(
                "the history " + commands,
                () -> IntStream.of(places).allMatch(i -> commands(i).equals(commands)));
    }

    private void awaitMembers(int count, int... places) {
        cluster.await(
                "an epoch of " + count + " served by "
                        + List.of(IntStream.of(places).boxed().toArray()),
                () -> IntStream.of(places)
                        .allMatch(i -> cluster.on(
                                i,
                                () -> !cluster.machine(i).epochs().isEmpty()
                                        && cluster.machine(i)
                                                        .epochs()
                                                        .getLast()
                                                        .members()
                                                        .size()
                                                == count
                                        && cluster.log(i).holdsLease())));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
