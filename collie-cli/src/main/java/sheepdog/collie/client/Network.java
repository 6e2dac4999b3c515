package sheepdog.collie.client;

import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;

/**
 * How sheep are reached.
 *
 * @param resolver finds what to connect to
 * @param connect  time limit for a connection
 * @param send     time limit for room to send
 * @param receive  time limit for the next bytes of an answer
 * @param retries  how often a wait to send or to receive is repeated before it is given up
 * @param notice   after which the user is told what an answer is waited for; shorter than {@code receive}
 * @param end      longest wait for a sheep that was told to end
 */
public record Network(
        Resolver resolver,
        Duration connect,
        Duration send,
        Duration receive,
        int retries,
        Duration notice,
        Duration end) {
    /**
     * The real one, with the original's limits: 5 s to send, 30 s to receive, six retries of each. A cluster that goes on
     * without one of its sheep stands still for less than the 10 s after which something is said.
     */
    public static final Network STANDARD = new Network(
            SheepAddress::resolve,
            Duration.ofSeconds(5),
            Duration.ofSeconds(5),
            Duration.ofSeconds(30),
            6,
            Duration.ofSeconds(10),
            Duration.ofSeconds(10));

    /** From the address of a sheep to those of sockets, to be tried in this order. */
    public interface Resolver {
        /** @throws IOException if there are none; its message says why */
        List<SocketAddress> resolve(SheepAddress sheep) throws IOException;
    }
}
