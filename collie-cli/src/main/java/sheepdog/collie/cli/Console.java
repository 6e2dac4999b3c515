package sheepdog.collie.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * The three standard streams. Errors are written at once; normal output is held back until the end when stdout is not
 * a terminal, so that with {@code 2>&1} errors come first, as the C library's buffer makes it. At most
 * {@link #BUFFER_BYTES} are held back.
 *
 * <p>Text is bytes as chars. One thread.
 */
public final class Console {
    /** Output held back for a pipe or a file, at most; what is beyond is written as it comes. */
    public static final int BUFFER_BYTES = 4 << 20;

    private final ReadableByteChannel in;
    private final WritableByteChannel out;
    private final WritableByteChannel err;
    private final boolean terminal;
    private final boolean errTerminal;
    private final ByteArrayOutputStream held = new ByteArrayOutputStream();

    /**
     * @param terminal    whether {@code out} is one
     * @param errTerminal whether {@code err} is one
     */
    public Console(
            ReadableByteChannel in,
            WritableByteChannel out,
            WritableByteChannel err,
            boolean terminal,
            boolean errTerminal) {
        this.in = in;
        this.out = out;
        this.err = err;
        this.terminal = terminal;
        this.errTerminal = errTerminal;
    }

    /** A line of normal output. */
    public void line(String text) {
        print(text + "\n");
    }

    /** Normal output without a newline. */
    public void print(String text) {
        held.writeBytes(text.getBytes(StandardCharsets.ISO_8859_1));
        if (terminal || held.size() >= BUFFER_BYTES) {
            flush();
        }
    }

    /** A line on stderr, at once. A stderr that cannot be written has nobody to be told to. */
    public void error(String text) {
        try {
            writeAll(err, ByteBuffer.wrap((text + "\n").getBytes(StandardCharsets.ISO_8859_1)));
        } catch (IOException _) {
            // Nobody is left to be told; the exit status still says that the command failed.
        }
    }

    /** Whether what {@link #remark} is given is seen by anybody. */
    public boolean isWatched() {
        return errTerminal;
    }

    /** A line for who sits before the terminal; scripts get what they always got. */
    public void remark(String text) {
        if (errTerminal) {
            error(text);
        }
    }

    /**
     * Writes bytes to stdout past the buffer, after what the buffer holds.
     *
     * @throws CommandException ending the command if stdout fails or is closed
     */
    public void write(ByteBuffer bytes) {
        flush();
        writeOut(bytes);
    }

    /** Writes out what is held back. */
    public void flush() {
        if (held.size() > 0) {
            byte[] bytes = held.toByteArray();
            held.reset();
            writeOut(ByteBuffer.wrap(bytes));
        }
    }

    /**
     * Fills {@code bytes} from stdin, up to its limit or the end of input.
     *
     * @throws CommandException ending the command if stdin fails
     */
    public void read(ByteBuffer bytes) {
        try {
            int count = 0;
            while (bytes.hasRemaining() && count >= 0) {
                count = in.read(bytes);
            }
        } catch (IOException failed) {
            throw new CommandException(ExitCode.SYSTEM, "Failed to read from stdin: " + failed.getMessage());
        }
    }

    /**
     * Asks a question and reads a line of stdin. Only an answer that begins with {@code yes}, in any case, is a yes.
     */
    public boolean confirms(String question) {
        print(question);
        if (terminal) {
            flush();
        }
        var answer = new StringBuilder();
        var letter = ByteBuffer.allocate(1);
        while (answer.length() < 3) {
            letter.clear();
            read(letter);
            if (letter.position() == 0 || letter.get(0) == '\n') {
                break;
            }
            answer.append((char) (letter.get(0) & 0xff));
        }
        return answer.toString().equalsIgnoreCase("yes");
    }

    /**
     * Asks a question and reads one word of stdin.
     *
     * @return empty if there is none
     */
    public Optional<String> word(String question) {
        print(question);
        if (terminal) {
            flush();
        }
        var word = new StringBuilder();
        var letter = ByteBuffer.allocate(1);
        while (true) {
            letter.clear();
            read(letter);
            boolean blank = letter.position() == 0 || letter.get(0) == ' ' || 9 <= letter.get(0) && letter.get(0) <= 13;
            if (!blank) {
                word.append((char) (letter.get(0) & 0xff));
            } else if (letter.position() == 0 || !word.isEmpty()) {
                return Optional.of(word.toString()).filter(text -> !text.isEmpty());
            }
        }
    }

    private void writeOut(ByteBuffer bytes) {
        try {
            writeAll(out, bytes);
        } catch (IOException failed) {
            String reason = String.valueOf(failed.getMessage());
            if (reason.contains("Broken pipe")) {
                // Whoever read us has seen enough: end as a program that dies of SIGPIPE does, without a word.
                throw new CommandException(ExitCode.BROKEN_PIPE);
            }
            throw new CommandException(ExitCode.SYSTEM, "Failed to write to stdout: " + reason);
        }
    }

    private static void writeAll(WritableByteChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
