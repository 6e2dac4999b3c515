package sheepdog.it.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SimTimeTest {
    private final SimTime time = new SimTime(1);
    private final List<String> ran = new ArrayList<>();

    @Test
    void eventsRunByInstantAndThoseOfOneInstantInTheOrderTheyWereScheduled() {
        time.at(20, () -> ran.add("c"));
        time.at(10, () -> ran.add("a"));
        time.at(10, () -> ran.add("b"));

        time.runFor(Duration.ofNanos(30));

        assertThat(ran).containsExactly("a", "b", "c");
        assertThat(time.nowNanos()).isEqualTo(30);
    }

    @Test
    void cancelledEventDoesNotRunAndDoesNotCount() {
        time.at(10, () -> ran.add("a")).cancel();

        assertThat(time.step()).isFalse();
        assertThat(time.eventsRun()).isZero();
        assertThat(ran).isEmpty();
    }

    @Test
    void waitingEndsAtTheConditionOrAtTheLimit() {
        time.at(10, () -> ran.add("a"));
        time.at(50, () -> ran.add("b"));

        assertThat(time.runUntil(() -> !ran.isEmpty(), Duration.ofNanos(100))).isTrue();
        assertThat(time.nowNanos()).isEqualTo(10);
        assertThat(time.runUntil(() -> ran.size() == 2, Duration.ofNanos(20))).isFalse();
        assertThat(time.nowNanos()).isEqualTo(30);
    }

    @Test
    void watcherLooksAfterEveryEvent() {
        time.afterEveryEvent(() -> ran.add("seen at " + time.nowNanos()));
        time.at(1, () -> {});
        time.at(2, () -> {});

        time.runFor(Duration.ofNanos(5));

        assertThat(ran).containsExactly("seen at 1", "seen at 2");
    }

    @Test
    void streamOfChanceDependsOnSeedAndPurposeOnly() {
        long first = time.random("x").nextLong();
        time.random("y").nextLong();

        assertThat(new SimTime(1).random("x").nextLong()).isEqualTo(first);
        assertThat(new SimTime(2).random("x").nextLong()).isNotEqualTo(first);
        assertThat(time.random("z").nextLong()).isNotEqualTo(first);
    }

    @Test
    void busyLoopAtOneInstantIsAnError() {
        var again = new Runnable[1];
        again[0] = () -> time.at(time.nowNanos(), again[0]);
        time.at(0, again[0]);

        assertThatThrownBy(() -> time.runFor(Duration.ofSeconds(1)))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("time stands still");
    }

    @Test
    void logKeepsTheNewestLinesAndADigestOfAll() {
        var log = new EventLog(2);
        log.add(1_234_567_000, "n1", "a");
        log.add(2_000_000_000, "n1", "b");
        log.add(3_000_000_000L, "n2", "c");

        var other = new EventLog(2);
        other.add(1_234_567_000, "n1", "different");
        other.add(2_000_000_000, "n1", "b");
        other.add(3_000_000_000L, "n2", "c");

        assertThat(log.last()).containsExactly("2.000000 n1 b", "3.000000 n2 c").isEqualTo(other.last());
        assertThat(log.digest()).startsWith("3 lines").isNotEqualTo(other.digest());
    }
}
