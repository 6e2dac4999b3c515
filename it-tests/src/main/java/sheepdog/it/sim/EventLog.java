package sheepdog.it.sim;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * What happened in a run, one line per state change: {@code seconds node event key=value...}. Two runs of one seed have
 * the same lines; {@link #digest} compares them without keeping all of them.
 *
 * <p>Single-threaded, like everything in a simulation.
 */
public final class EventLog {
    private final int linesKept;
    private final ArrayDeque<String> last = new ArrayDeque<>();
    private final CRC32C crc = new CRC32C();
    private long lines;

    /** @param linesKept how many of the newest lines {@link #last} gives back */
    public EventLog(int linesKept) {
        this.linesKept = linesKept;
    }

    /**
     * Adds a line.
     *
     * @param nanos simulated time
     * @param who   a node, a client, or the story
     * @param what  the event in one line
     */
    public void add(long nanos, String who, String what) {
        long micros = nanos / 1_000;
        String fraction = Long.toString(1_000_000 + micros % 1_000_000).substring(1);
        String line = micros / 1_000_000 + "." + fraction + " " + who + " " + what;
        crc.update(line.getBytes(StandardCharsets.UTF_8));
        crc.update('\n');
        lines++;
        last.addLast(line);
        if (last.size() > linesKept) {
            last.removeFirst();
        }
    }

    /** Lines added so far. */
    public long lines() {
        return lines;
    }

    /** The newest lines, oldest first. */
    public List<String> last() {
        return List.copyOf(last);
    }

    /** Number of lines and a checksum over all of them: equal for equal runs. */
    public String digest() {
        return lines + " lines, crc " + Long.toHexString(crc.getValue());
    }

    @Override
    public String toString() {
        return String.join("\n", last);
    }
}
