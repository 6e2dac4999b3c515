package sheepdog.membership.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import sheepdog.membership.api.ClusterTransport.Evidence;
import sheepdog.membership.api.TestSheep.Event;
import sheepdog.membership.runtime.Loop;

/** What every transport with real threads and sockets does. Sheep of one test run in one process. */
public abstract class ClusterTransportContract {
    private final List<TestSheep> started = new ArrayList<>();
    private Set<Thread> threadsBefore = Set.of();

    /** A transport of the cluster {@code group}; all of one test share the network or the machine. */
    protected abstract ClusterTransport transport(Loop loop, String group);

    @BeforeEach
    final void countThreads() {
        threadsBefore = Set.copyOf(Thread.getAllStackTraces().keySet());
    }

    @AfterEach
    final void closeAllAndLeaveNoThread() throws InterruptedException {
        for (TestSheep sheep : started) {
            sheep.close();
        }
        var left = new HashSet<>(Thread.getAllStackTraces().keySet());
        left.removeAll(threadsBefore);
        for (Thread thread : left) {
            thread.join(10_000);
        }
        // JGroups' sender to a sheep that did not read may outlive its channel for longer than that.
        assertThat(left.stream()
                        .filter(Thread::isAlive)
                        .filter(thread -> !thread.getName().startsWith("pd-bundler")))
                .isEmpty();
    }

    /** A sheep of the cluster {@code main}, closed after the test. */
    protected final TestSheep sheep(long storeId, long incarnation) {
        return sheep("main", storeId, incarnation);
    }

    /** A sheep of the cluster {@code group}, closed after the test. */
    protected final TestSheep sheep(String group, long storeId, long incarnation) {
        var sheep = new TestSheep(storeId, incarnation, loop -> transport(loop, group));
        started.add(sheep);
        return sheep;
    }

    /** Sheep 1 to {@code count} of the cluster {@code main}, each of which has seen all others. */
    protected final List<TestSheep> sheep(int count) {
        var sheep = new ArrayList<TestSheep>();
        for (int i = 1; i <= count; i++) {
            sheep.add(sheep(i, 1));
        }
        for (TestSheep one : sheep) {
            sheep.stream().filter(other -> other != one).forEach(one::awaitSeen);
        }
        return sheep;
    }

    /** Bytes that differ everywhere, so that a shifted or torn message shows. */
    protected static byte[] pattern(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    @Test
    void threeSheepSeeOneAnotherAndNotThemselves() {
        List<TestSheep> sheep = sheep(3);

        for (TestSheep one : sheep) {
            assertThat(one.events()).doesNotContain(new Event.Seen(one.member()));
        }
    }

    @Test
    void messagesArriveInBothDirectionsWithTheirSender() {
        List<TestSheep> sheep = sheep(2);

        sheep.get(0).send(sheep.get(1), pattern(100));
        sheep.get(1).send(sheep.get(0), pattern(200));

        assertThat(sheep.get(1).awaitMessage(sheep.get(0), 100)).isEqualTo(pattern(100));
        assertThat(sheep.get(0).awaitMessage(sheep.get(1), 200)).isEqualTo(pattern(200));
    }

    @Test
    void anEmptyMessageArrives() {
        List<TestSheep> sheep = sheep(2);

        sheep.get(0).send(sheep.get(1), new byte[0]);

        assertThat(sheep.get(1).awaitMessage(sheep.get(0), 0)).isEmpty();
    }

    @Test
    void aMessageOfOneMebibyteArrivesWhole() {
        List<TestSheep> sheep = sheep(2);

        sheep.get(0).send(sheep.get(1), pattern(1 << 20));

        assertThat(sheep.get(1).awaitMessage(sheep.get(0), 1 << 20)).isEqualTo(pattern(1 << 20));
    }

    @Test
    void theLargestMessageArrivesWholeAndALargerOneIsABug() {
        List<TestSheep> sheep = sheep(2);
        byte[] largest = pattern(ClusterTransport.MESSAGE_BYTES_MAX);

        sheep.get(0).send(sheep.get(1), largest);

        assertThat(sheep.get(1).awaitMessage(sheep.get(0), largest.length)).isEqualTo(largest);
        assertThatThrownBy(() -> sheep.get(0).send(sheep.get(1), new byte[largest.length + 1]))
                .hasStackTraceContaining("broken invariant");
    }

    @Test
    void smallMessagesSentInARowAllArrive() {
        List<TestSheep> sheep = sheep(2);

        for (int i = 1; i <= 500; i++) {
            sheep.get(0).send(sheep.get(1), pattern(i));
        }

        for (int i = 1; i <= 500; i++) {
            assertThat(sheep.get(1).awaitMessage(sheep.get(0), i)).isEqualTo(pattern(i));
        }
    }

    @Test
    void moreThanTheWindowPassesOnceItIsTaken() {
        List<TestSheep> sheep = sheep(2);

        for (int i = 0; i < 40; i++) {
            sheep.get(0).send(sheep.get(1), pattern((1 << 20) + i));
            sheep.get(1).awaitMessage(sheep.get(0), (1 << 20) + i);
            sheep.get(1).clear();
        }

        sheep.get(0).send(sheep.get(1), pattern(7));
        assertThat(sheep.get(1).awaitMessage(sheep.get(0), 7)).isEqualTo(pattern(7));
    }

    @Test
    void broadcastReachesAllOthersAndNotItsSender() {
        List<TestSheep> sheep = sheep(3);

        sheep.get(0).broadcast(pattern(50));

        sheep.get(1).awaitMessage(sheep.get(0), 50);
        sheep.get(2).awaitMessage(sheep.get(0), 50);
        assertThat(sheep.get(0).events()).noneMatch(Event.Received.class::isInstance);
    }

    @Test
    void whatIsSentToAStrangerOrToOneselfIsDropped() {
        List<TestSheep> sheep = sheep(2);

        sheep.get(0).loop().run(() -> sheep.get(0).transport().send(99, pattern(10)));
        sheep.get(0).send(sheep.get(0), pattern(10));
        sheep.get(0).send(sheep.get(1), pattern(20));

        sheep.get(1).awaitMessage(sheep.get(0), 20);
        assertThat(sheep.get(0).events()).noneMatch(Event.Received.class::isInstance);
        assertThat(sheep.get(1).events().stream().filter(Event.Received.class::isInstance))
                .hasSize(1);
    }

    @Test
    void oneThatLeavesIsReportedAsLeft() {
        List<TestSheep> sheep = sheep(3);

        sheep.get(0).leave();

        assertThat(sheep.get(1).awaitGone(sheep.get(0))).isEqualTo(Evidence.LEFT);
        assertThat(sheep.get(2).awaitGone(sheep.get(0))).isEqualTo(Evidence.LEFT);
    }

    @Test
    void oneThatDiedIsReportedAsDead() {
        List<TestSheep> sheep = sheep(3);

        sheep.get(1).crash();

        assertThat(sheep.get(0).awaitGone(sheep.get(1))).isEqualTo(Evidence.DEAD);
        assertThat(sheep.get(2).awaitGone(sheep.get(1))).isEqualTo(Evidence.DEAD);
    }

    @Test
    void messagesStillPassAfterTheFirstSheepHasDied() {
        List<TestSheep> sheep = sheep(3);

        sheep.get(0).crash();
        sheep.get(1).awaitGone(sheep.get(0));
        sheep.get(2).awaitGone(sheep.get(0));
        sheep.get(1).send(sheep.get(2), pattern(30));
        sheep.get(2).send(sheep.get(1), pattern(40));

        sheep.get(2).awaitMessage(sheep.get(1), 30);
        sheep.get(1).awaitMessage(sheep.get(2), 40);
    }

    @Test
    void oneThatComesBackIsSeenWithItsNewIncarnationAndReached() {
        List<TestSheep> sheep = sheep(3);
        sheep.get(2).crash();
        sheep.get(0).awaitGone(sheep.get(2));
        sheep.get(1).awaitGone(sheep.get(2));

        TestSheep back = sheep(3, 2);

        sheep.get(0).awaitSeen(back);
        sheep.get(1).awaitSeen(back);
        back.awaitSeen(sheep.get(0));
        sheep.get(0).send(back, pattern(60));
        assertThat(back.awaitMessage(sheep.get(0), 60)).isEqualTo(pattern(60));
    }

    @Test
    void oneThatIsBackBeforeItsDeathWasNoticedIsReachedAtItsNewPlace() {
        List<TestSheep> sheep = sheep(2);

        sheep.get(1).crash();
        TestSheep back = sheep(2, 2);

        sheep.get(0).awaitSeen(back);
        back.awaitSeen(sheep.get(0));
        sheep.get(0).send(back, pattern(70));
        back.awaitMessage(sheep.get(0), 70);
        assertThat(sheep.get(0).events())
                .noneMatch(e -> e instanceof Event.Gone gone && gone.member().equals(back.member()));
    }

    @Test
    void aSecondLiveProcessWithTheSameStoreIsReportedAndHearsBroadcasts() {
        TestSheep one = sheep(1, 5);
        TestSheep copy = sheep(1, 5);

        one.awaitSeen(copy);
        copy.awaitSeen(one);
        one.broadcast(pattern(11));
        copy.broadcast(pattern(12));
        copy.awaitMessage(one, 11);
        one.awaitMessage(copy, 12);
    }

    @Test
    void clustersOfDifferentNamesDoNotSeeEachOther() {
        TestSheep one = sheep("main", 1, 1);
        TestSheep stranger = sheep("other", 2, 1);
        TestSheep strangersFriend = sheep("other", 3, 1);
        TestSheep two = sheep("main", 4, 1);

        one.awaitSeen(two);
        two.awaitSeen(one);
        stranger.awaitSeen(strangersFriend);
        strangersFriend.awaitSeen(stranger);
        one.broadcast(pattern(80));
        two.awaitMessage(one, 80);

        assertThat(one.events())
                .doesNotContain(new Event.Seen(stranger.member()), new Event.Seen(strangersFriend.member()));
        assertThat(stranger.events()).doesNotContain(new Event.Seen(one.member()), new Event.Seen(two.member()));
        assertThat(stranger.events()).noneMatch(Event.Received.class::isInstance);
    }

    @Test
    void aSheepThatDoesNotTakeItsMessagesDoesNotHoldUpTheOthers() throws Exception {
        List<TestSheep> sheep = sheep(3);
        var release = new java.util.concurrent.CountDownLatch(1);
        sheep.get(1).loop().execute(() -> {
            try {
                release.await();
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        });

        for (int i = 0; i < 20; i++) {
            sheep.get(0).send(sheep.get(1), pattern(1 << 20));
        }
        sheep.get(0).send(sheep.get(2), pattern(90));

        sheep.get(2).awaitMessage(sheep.get(0), 90);
        release.countDown();
    }

    @Test
    void nothingIsReportedAfterClose() {
        List<TestSheep> sheep = sheep(2);
        sheep.get(0).loop().run(sheep.get(0).transport()::close);
        sheep.get(0).clear();

        sheep.get(1).crash();
        TestSheep late = sheep(3, 1);
        late.broadcast(pattern(10));
        sheep.get(0).loop().run(() -> {});

        assertThat(sheep.get(0).events()).isEmpty();
    }
}
