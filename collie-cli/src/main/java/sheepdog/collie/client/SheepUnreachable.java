package sheepdog.collie.client;

import java.util.List;

/** A sheep gave no answer, for want of a connection or on it. */
public final class SheepUnreachable extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient List<String> lines;

    SheepUnreachable(List<String> lines) {
        super(String.join("; ", lines), null, false, false);
        this.lines = List.copyOf(lines);
    }

    /** What to print on stderr about it. */
    public List<String> lines() {
        return lines;
    }
}
