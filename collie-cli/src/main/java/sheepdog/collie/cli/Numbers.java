package sheepdog.collie.cli;

import java.math.BigInteger;
import java.util.Optional;

/** Integers as {@code strtol} reads them: blanks, a sign, decimal digits; what follows them is ignored. */
public final class Numbers {
    private Numbers() {}

    /** The number at the start of {@code text}, of any size; nothing if there is no digit. */
    public static Optional<BigInteger> leading(String text) {
        int at = 0;
        while (at < text.length() && isBlank(text.charAt(at))) {
            at++;
        }
        int start = at;
        if (at < text.length() && (text.charAt(at) == '-' || text.charAt(at) == '+')) {
            at++;
        }
        int digits = at;
        while (at < text.length() && isDigit(text.charAt(at))) {
            at++;
        }
        if (at == digits) {
            return Optional.empty();
        }
        return Optional.of(new BigInteger(text.substring(start, at)));
    }

    /** As {@link #leading}, if it lies in the range. */
    public static Optional<Integer> leading(String text, int min, int max) {
        return leading(text)
                .filter(number -> number.bitLength() < 32)
                .map(BigInteger::longValueExact)
                .filter(number -> min <= number && number <= max)
                .map(Long::intValue);
    }

    /** The whole of {@code text} is decimal digits, at least one. */
    public static boolean isNumeric(String text) {
        return !text.isEmpty() && text.chars().allMatch(Numbers::isDigit);
    }

    static boolean isDigit(int letter) {
        return '0' <= letter && letter <= '9';
    }

    static boolean isBlank(int letter) {
        return letter == ' ' || 9 <= letter && letter <= 13;
    }
}
