package sheepdog.sheep.main;

import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** One line of the log, in the form that scripts of the original look for. */
final class LogLine {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("MMM dd HH:mm:ss", Locale.ENGLISH);

    private LogLine() {}

    /** {@code Apr 25 17:30:27 [main] create_listen_ports(161) text} */
    static String format(LocalDateTime time, String thread, String function, int line, String text) {
        return TIME.format(time) + " [" + thread + "] " + function + "(" + line + ") " + text;
    }

    /**
     * One JSON object; key order as the original's.
     *
     * @param thread a name, or a name, a blank and a number
     */
    static String json(int port, long epochSecond, int micros, String thread, String function, int line, String text) {
        int blank = thread.lastIndexOf(' ');
        boolean numbered = blank > 0 && thread.substring(blank + 1).matches("\\d{1,9}");
        return "{ \"user_info\": {\"program_name\": \"sheep\", \"port\": " + port + "},\"body\": {\"second\": "
                + epochSecond + ", \"usecond\": " + micros + ", \"worker_name\": \""
                + escape(numbered ? thread.substring(0, blank) : thread) + "\", \"worker_idx\": "
                + (numbered ? thread.substring(blank + 1) : "0") + ", \"func\": \"" + escape(function)
                + "\", \"line\": " + line + ", \"msg\": \"" + escape(text) + "\"} }";
    }

    /** The line of the source that calls the caller. */
    static int callerLine() {
        return StackWalker.getInstance()
                .walk(frames -> frames.skip(1).findFirst().orElseThrow().getLineNumber());
    }

    // The original escapes quotes only, and is then no JSON for a text with a backslash.
    private static String escape(String text) {
        var escaped = new StringBuilder(text.length() + 8);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                escaped.append('\\').append(c);
            } else if (c < ' ') {
                escaped.append(String.format("\\u%04x", (int) c));
            } else {
                escaped.append(c);
            }
        }
        return escaped.toString();
    }
}
