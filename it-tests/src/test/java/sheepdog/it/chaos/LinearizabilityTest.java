package sheepdog.it.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class LinearizabilityTest {
    @Test
    void readsOfTheLastWriteAreRight() {
        assertRight(read(0, 1, 0), write(2, 3, 7), read(4, 5, 7), write(6, 7, 8), read(8, 9, 8));
    }

    @Test
    void readOfTheLastWriteButOneIsFound() {
        assertWrong("7 and 8 each come before the other", write(0, 1, 7), write(2, 3, 8), read(4, 5, 7));
    }

    @Test
    void acknowledgedWriteThatIsGoneIsFound() {
        assertWrong("0 and 7 each come before the other", write(0, 1, 7), read(2, 3, 0));
    }

    @Test
    void readDuringAWriteMayFindOldOrNew() {
        assertRight(write(0, 10, 7), read(1, 2, 0), read(3, 4, 7));
    }

    @Test
    void valueThatFlipsBackDuringAWriteIsFound() {
        assertWrong("0 and 7 each come before the other", write(0, 10, 7), read(1, 2, 7), read(3, 4, 0));
    }

    @Test
    void writesAtTheSameTimeMayBeInAnyOrder() {
        assertRight(write(0, 10, 7), write(0, 10, 8), read(11, 12, 7));
        assertRight(write(0, 10, 7), write(0, 10, 8), read(11, 12, 8));
    }

    @Test
    void writesAtTheSameTimeThatAreSeenInBothOrdersAreFound() {
        assertWrong(
                "each come before the other",
                write(0, 10, 7),
                write(0, 10, 8),
                read(11, 12, 7),
                read(13, 14, 8),
                read(15, 16, 7));
    }

    @Test
    void writeOfUnknownOutcomeMayAppearLateOrNever() {
        assertRight(write(0, Operation.NEVER, 7), read(1, 2, 0), write(3, 4, 8), read(5, 6, 8), read(7, 8, 7));
        assertRight(write(0, Operation.NEVER, 7), read(1, 2, 0), write(3, 4, 8), read(5, 6, 8));
    }

    @Test
    void writeOfUnknownOutcomeThatAppearsAndGoesIsFound() {
        assertWrong("0 and 7", write(0, Operation.NEVER, 7), read(1, 2, 7), read(3, 4, 0));
    }

    @Test
    void wholeLifeOfAValueWithinThatOfAnotherIsFound() {
        // 8 is written and read while 7 is known to stand: before 7's first return and after its last read there is
        // room.
        assertWrong("7 and 8", write(0, 1, 7), write(2, 5, 8), read(3, 4, 8), read(6, 7, 7));
        assertRight(write(0, 3, 7), write(2, 5, 8), read(6, 7, 7));
    }

    @Test
    void readBeforeTheWriteIsFound() {
        assertWrong("read before it was written", read(0, 1, 7), write(2, 3, 7));
    }

    @Test
    void valueThatNobodyWroteIsFound() {
        assertWrong("nobody wrote", write(0, 1, 7), read(2, 3, 9));
    }

    @Test
    void sectorsAreRegistersOfTheirOwnAndTheWrongOneIsNamed() {
        List<Operation> history = List.of(
                Operation.write(1, 0, 1, 10, 3, 7),
                Operation.write(2, 2, 3, 11, 1, 8),
                Operation.read(3, 4, 5, 10, 7, 8, 7),
                Operation.read(3, 6, 7, 10, 7, 7, 7));

        assertThat(Linearizability.check(history)).singleElement().asString().startsWith("sector 11: ");
    }

    @Test
    void twoWritesOfOneValueCannotBeJudged() {
        assertThatThrownBy(() -> Linearizability.check(List.of(write(0, 1, 7), write(2, 3, 7))))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void longHistoryIsJudgedQuicklyAndOneStaleReadInItIsFound() {
        List<Operation> right = IntStream.range(0, 100_000)
                .boxed()
                .flatMap(i -> Stream.of(write(4L * i, 4L * i + 5, i + 1), read(4L * i + 6, 4L * i + 6, i + 1)))
                .toList();
        List<Operation> wrong = Stream.concat(right.stream(), Stream.of(read(200_000, 200_001, 49_000)))
                .toList();

        assertThat(Linearizability.check(right)).isEmpty();
        assertThat(Linearizability.check(wrong)).hasSize(1);
    }

    private static void assertRight(Operation... history) {
        assertThat(Linearizability.check(List.of(history))).isEmpty();
    }

    private static void assertWrong(String why, Operation... history) {
        assertThat(Linearizability.check(List.of(history)))
                .singleElement()
                .asString()
                .contains(why);
    }

    private static Operation write(long invoked, long returned, long value) {
        return Operation.write(1, invoked, returned, 5, 1, value);
    }

    private static Operation read(long invoked, long returned, long value) {
        return Operation.read(2, invoked, returned, 5, value);
    }
}
