package sheepdog.collie.cli;

import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.List;

/** Times in the local zone with English names, whatever the locale. Seconds since 1970. */
public final class Dates {
    private static final List<String> DAYS = List.of("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun");
    private static final List<String> MONTHS =
            List.of("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec");

    private final ZoneId zone;

    public Dates(ZoneId zone) {
        this.zone = zone;
    }

    /** {@code 2013-04-25 17:31}. */
    public String toMinute(long seconds) {
        var time = local(seconds);
        return year(time) + "-" + two(time.getMonthValue()) + "-" + two(time.getDayOfMonth()) + " "
                + two(time.getHour()) + ":" + two(time.getMinute());
    }

    /** {@code 2013-04-25 17:31:07}. */
    public String toSecond(long seconds) {
        return toMinute(seconds) + ":" + two(local(seconds).getSecond());
    }

    /** {@code Thu Apr 25 17:30:27 2013}: the form of {@code ctime}, day of month padded with a blank, no newline. */
    public String ctime(long seconds) {
        var time = local(seconds);
        return DAYS.get(time.getDayOfWeek().getValue() - 1) + " " + month(time) + " "
                + Columns.right(2, time.getDayOfMonth()) + " " + clock(time) + " " + time.getYear();
    }

    /** {@code Apr 05 17:30:27}: how a log line begins, day of month padded with a zero. */
    public String logTime(long seconds) {
        var time = local(seconds);
        return month(time) + " " + two(time.getDayOfMonth()) + " " + clock(time);
    }

    private LocalDateTime local(long seconds) {
        long within = Math.clamp(seconds, Instant.MIN.getEpochSecond() / 2, Instant.MAX.getEpochSecond() / 2);
        return LocalDateTime.ofInstant(Instant.ofEpochSecond(within), zone);
    }

    private static String month(LocalDateTime time) {
        return MONTHS.get(time.getMonthValue() - 1);
    }

    private static String clock(LocalDateTime time) {
        return two(time.getHour()) + ":" + two(time.getMinute()) + ":" + two(time.getSecond());
    }

    private static String year(LocalDateTime time) {
        return Integer.toString(time.getYear());
    }

    private static String two(int number) {
        return number < 10 ? "0" + number : Integer.toString(number);
    }
}
