package sheepdog.collie.client;

import java.time.Duration;

/**
 * How long to wait for a sheep that stands still. Every wait is repeated {@code retries} times before it is given up.
 *
 * @param connect for a connection
 * @param send    for room to send
 * @param receive for the next bytes of an answer
 */
public record Timeouts(Duration connect, Duration send, Duration receive, int retries) {
    /** The original's: 5 s to send, 30 s to receive, six retries of each. */
    public static final Timeouts STANDARD =
            new Timeouts(Duration.ofSeconds(5), Duration.ofSeconds(5), Duration.ofSeconds(30), 6);
}
