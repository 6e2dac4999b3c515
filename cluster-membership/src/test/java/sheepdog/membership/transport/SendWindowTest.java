package sheepdog.membership.transport;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class SendWindowTest {
    private static final int QUARTER = (int) (SendWindow.WINDOW_BYTES / 4);

    private final SendWindow window = new SendWindow(7);

    private void fill() {
        for (int i = 0; i < 4; i++) {
            assertThat(window.take(QUARTER, 0)).isTrue();
        }
    }

    @Test
    void whatExceedsTheWindowIsRefusedUntilTheReceiverReports() {
        fill();

        assertThat(window.take(1, 0)).isFalse();
        window.report(7, QUARTER);
        assertThat(window.take(QUARTER, 0)).isTrue();
        assertThat(window.take(1, 0)).isFalse();
    }

    @Test
    void aReportThatSkipsLostMessagesOpensTheWholeWindow() {
        fill();

        window.report(7, window.sent());

        fill();
    }

    @Test
    void reportsOfAnotherStreamOrOfWhatWasNotSentDoNotOpenIt() {
        fill();

        window.report(8, window.sent());
        window.report(7, window.sent() + 1);
        window.report(7, -1);

        assertThat(window.take(1, 0)).isFalse();
    }

    @Test
    void anOlderReportDoesNotShutItAgain() {
        fill();
        window.report(7, 3L * QUARTER);

        window.report(7, QUARTER);

        assertThat(window.take(3 * QUARTER, 0)).isTrue();
    }

    @Test
    void oneThatStaysShutStartsANewStream() {
        fill();
        assertThat(window.take(1, 1_000)).isFalse();
        assertThat(window.take(1, 1_000 + SendWindow.STUCK_NANOS)).isFalse();

        assertThat(window.take(1, 1_001 + SendWindow.STUCK_NANOS)).isFalse();

        assertThat(window.stream()).isEqualTo(8);
        assertThat(window.sent()).isZero();
        window.report(7, QUARTER);
        fill();
    }
}
