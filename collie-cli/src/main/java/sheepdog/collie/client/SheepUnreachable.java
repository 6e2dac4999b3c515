package sheepdog.collie.client;

import java.util.List;

/** A sheep gave no answer, for want of a connection or on it. */
public final class SheepUnreachable extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient List<String> lines;
    private final boolean late;

    SheepUnreachable(List<String> lines) {
        this(lines, false);
    }

    /** @param late it was waited for long enough; nothing says that the connection is broken */
    SheepUnreachable(List<String> lines, boolean late) {
        super(String.join("; ", lines), null, false, false);
        this.lines = List.copyOf(lines);
        this.late = late;
    }

    /** Whether there was a connection on which no answer came in time. */
    boolean isLate() {
        return late;
    }

    /** What to print on stderr about it. */
    public List<String> lines() {
        return lines;
    }
}
