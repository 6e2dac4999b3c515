package sheepdog.collie.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ConsoleTest {
    private final ByteArrayOutputStream both = new ByteArrayOutputStream();

    @Test
    void errorsComeBeforeWhatIsHeldBackForAPipe() {
        var console = console("", false);

        console.line("output");
        console.error("complaint");
        console.flush();

        assertThat(both).hasToString("complaint\noutput\n");
    }

    @Test
    void aTerminalSeesThingsAsTheyHappen() {
        var console = console("", true);

        console.line("output");
        console.error("complaint");

        assertThat(both).hasToString("output\ncomplaint\n");
    }

    @Test
    void noMoreIsHeldBackThanTheBufferHolds() {
        var console = console("", false);

        console.print("x".repeat(Console.BUFFER_BYTES - 1));
        assertThat(both.size()).isZero();
        console.print("xx");

        assertThat(both.size()).isEqualTo(Console.BUFFER_BYTES + 1);
    }

    @Test
    void rawBytesFollowWhatWasPrintedBefore() {
        var console = console("", false);

        console.print("first ");
        console.write(ByteBuffer.wrap("second".getBytes(StandardCharsets.US_ASCII)));

        assertThat(both).hasToString("first second");
    }

    @Test
    void everyByteOfANameIsPrintedAsItIs() {
        var console = console("", false);

        console.print("\u0001\u00c3\u00a9\u00ff");
        console.flush();

        assertThat(both.toByteArray()).containsExactly(1, 0xc3, 0xa9, 0xff);
    }

    @Test
    void onlyAnAnswerThatBeginsWithYesIsAYes() {
        assertThat(console("yes\n", false).confirms("")).isTrue();
        assertThat(console("YESSIR\n", false).confirms("")).isTrue();
        assertThat(console("yes", false).confirms("")).isTrue();
        assertThat(console("y\n", false).confirms("")).isFalse();
        assertThat(console("ye\ns", false).confirms("")).isFalse();
        assertThat(console(" yes\n", false).confirms("")).isFalse();
        assertThat(console("", false).confirms("")).isFalse();
    }

    @Test
    void aReaderThatHasGoneEndsTheCommandWithoutAWord() {
        var console = failing("Broken pipe");

        assertThatThrownBy(() -> console.write(ByteBuffer.allocate(1)))
                .isInstanceOfSatisfying(CommandException.class, ended -> {
                    assertThat(ended.code().status()).isEqualTo(141);
                    assertThat(ended.lines()).isEmpty();
                });
    }

    @Test
    void aFullDiskBehindStdoutIsAnError() {
        var console = failing("No space left on device");

        console.print("x");
        assertThatThrownBy(console::flush).isInstanceOfSatisfying(CommandException.class, ended -> {
            assertThat(ended.code()).isEqualTo(ExitCode.SYSTEM);
            assertThat(ended.lines()).containsExactly("Failed to write to stdout: No space left on device");
        });
    }

    private Console console(String stdin, boolean terminal) {
        var in = new ByteArrayInputStream(stdin.getBytes(StandardCharsets.US_ASCII));
        return new Console(
                Channels.newChannel(in), Channels.newChannel(both), Channels.newChannel(both), terminal, false);
    }

    private Console failing(String reason) {
        var broken = new WritableByteChannel() {
            @Override
            public int write(ByteBuffer bytes) throws IOException {
                throw new IOException(reason);
            }

            @Override
            public boolean isOpen() {
                return true;
            }

            @Override
            public void close() {}
        };
        return new Console(
                Channels.newChannel(InputStream.nullInputStream()), broken, Channels.newChannel(both), false, false);
    }
}
