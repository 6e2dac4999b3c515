package sheepdog.collie.cli;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;

/** Sizes as collie reads and prints them. */
public final class Sizes {
    private static final List<String> UNITS = List.of("MB", "GB", "TB", "PB", "EB", "ZB", "YB");
    private static final int SECTOR_BYTES = 512;

    private Sizes() {}

    /**
     * Bytes of a size such as {@code 300MB}, {@code 1.5G} or {@code 4096}: a decimal number and a suffix of which only
     * the first letter counts (k or K, M, G, T, b or none), truncated to whole bytes. An empty text is 0.
     *
     * @return {@code Long.MAX_VALUE} for what is too large for a long: the original wraps around there, which makes a
     *     disk of 0 bytes out of {@code 16777217T}; here the caller's own limit refuses it
     * @throws CommandException for anything else, negative numbers included, which the original turns into huge ones
     */
    public static long parse(String text) {
        int end = numberEnd(text);
        if (text.isEmpty()) {
            return 0;
        }
        double number = end > 0 ? Double.parseDouble(text.substring(0, end).strip()) : -1;
        char suffix = end < text.length() ? text.charAt(end) : 'b';
        int shift = switch (suffix) {
            case 'T' -> 40;
            case 'G' -> 30;
            case 'M' -> 20;
            case 'K', 'k' -> 10;
            case 'b' -> 0;
            default -> -1;
        };
        if (shift < 0 || number < 0) {
            throw new CommandException(
                    ExitCode.USAGE,
                    "Invalid size '" + text + "'",
                    "You may use k, M, G or T suffixes for kilobytes, megabytes, gigabytes and terabytes.");
        }
        return (long) (number * (1L << shift));
    }

    /** In megabytes or more: one decimal below ten, none from there; exact ties go to the even digit, as in C. */
    public static String human(long bytes) {
        double size = unsigned(bytes) / (1 << 20);
        int unit = 0;
        while (unit < UNITS.size() - 1 && size >= 1024) {
            size /= 1024;
            unit++;
        }
        return new BigDecimal(size).setScale(size < 10 ? 1 : 0, RoundingMode.HALF_EVEN) + " " + UNITS.get(unit);
    }

    /** Decimal bytes if {@code raw}, else as {@link #human}. */
    public static String text(long bytes, boolean raw) {
        return raw ? Long.toUnsignedString(bytes) : human(bytes);
    }

    /** The next multiple of 512; the largest one there is for what lies above it. */
    public static long roundUpToSector(long bytes) {
        return bytes > Long.MAX_VALUE - SECTOR_BYTES
                ? Long.MAX_VALUE - (SECTOR_BYTES - 1)
                : (bytes + SECTOR_BYTES - 1) / SECTOR_BYTES * SECTOR_BYTES;
    }

    /** Whether {@code bytes} is a multiple of 512. */
    public static boolean isSectorAligned(long bytes) {
        return bytes % SECTOR_BYTES == 0;
    }

    /** The nearest double of an unsigned number; the low bit is kept so that halving does not change the rounding. */
    private static double unsigned(long bytes) {
        return bytes >= 0 ? bytes : (double) (bytes >>> 1 | bytes & 1) * 2;
    }

    /** Where the decimal number at the start ends; 0 if there is none, or if it is negative. */
    private static int numberEnd(String text) {
        int at = 0;
        while (at < text.length() && Numbers.isBlank(text.charAt(at))) {
            at++;
        }
        if (at < text.length() && text.charAt(at) == '+') {
            at++;
        }
        int start = at;
        at = digitsEnd(text, at);
        int digits = at - start;
        if (at < text.length() && text.charAt(at) == '.') {
            int fraction = digitsEnd(text, at + 1);
            digits += fraction - at - 1;
            at = digits > 0 ? fraction : at;
        }
        if (digits == 0) {
            return 0;
        }
        if (at < text.length() && (text.charAt(at) == 'e' || text.charAt(at) == 'E')) {
            int exponent = at + 1;
            if (exponent < text.length() && (text.charAt(exponent) == '-' || text.charAt(exponent) == '+')) {
                exponent++;
            }
            int exponentEnd = digitsEnd(text, exponent);
            at = exponentEnd > exponent ? exponentEnd : at;
        }
        return at;
    }

    private static int digitsEnd(String text, int from) {
        int at = from;
        while (at < text.length() && Numbers.isDigit(text.charAt(at))) {
            at++;
        }
        return at;
    }
}
