package sheepdog.collie.cli;

/** Padding as {@code %8s} and {@code %-8s} of C: at least that wide, never cut. */
public final class Columns {
    private Columns() {}

    /** Right-aligned. */
    public static String right(int width, Object value) {
        String text = value.toString();
        return " ".repeat(Math.max(0, width - text.length())) + text;
    }

    /** Left-aligned. */
    public static String left(int width, Object value) {
        String text = value.toString();
        return text + " ".repeat(Math.max(0, width - text.length()));
    }
}
