package sheepdog.it.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class CommandTest {
    @Test
    void outputComplaintsAndStatusAreKept() {
        Finished done = Command.of("sh", "-c", "cat; echo $WORD >&2; exit 3")
                .with("WORD", "wrong")
                .input(new byte[] {'a', 0, 'b'})
                .run();

        assertThat(done.exit()).isEqualTo(3);
        assertThat(done.stdout()).containsExactly('a', 0, 'b');
        assertThat(done.err()).isEqualTo("wrong\n");
        assertThatThrownBy(done::succeeded).isInstanceOf(AssertionError.class).hasMessageContaining("exit 3");
    }

    @Test
    void commandThatTakesTooLongIsKilled() {
        var command =
                Command.of("sh", "-c", "echo early; exec tail -f /dev/null").within(Duration.ofMillis(300));

        assertThatThrownBy(command::run).isInstanceOf(AssertionError.class).hasMessageContaining("early");
    }

    @Test
    void waitingEndsWhenTheConditionHoldsAndTellsWhatItWaitedFor() {
        var asked = new AtomicInteger();
        Waiting.until("the third question", Duration.ofSeconds(5), () -> asked.incrementAndGet() == 3);
        assertThat(asked).hasValue(3);

        assertThatThrownBy(() -> Waiting.until("the impossible", Duration.ofMillis(50), () -> {
                    throw new IOException("no");
                }))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("the impossible")
                .hasRootCauseInstanceOf(IOException.class);
    }

    @Test
    void repositoryAndItsScriptsAreFound() {
        assertThat(Tools.script("run-tgt-sheepdog")).isExecutable();
        assertThat(Tools.find("sh")).isPresent();
        assertThat(Tools.missing("sh", "no-such-program")).containsExactly("no-such-program");
    }
}
