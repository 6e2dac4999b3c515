package sheepdog.sheep.net;

import java.time.Duration;

/**
 * What clients may use of this sheep. A connection that reaches one of its limits is not read until replies have gone
 * out; the client feels it as back-pressure.
 *
 * @param connectionsMax           more are closed as they come
 * @param requestsPerConnectionMax decoded and not yet replied to
 * @param bytesPerConnectionMax    held by those: payloads that came, and room for answers
 * @param bytesMax                 likewise, all connections together
 * @param skipBytesMax             a payload too long for its operation is refused and read away up to this; a longer
 *                                 one ends the connection
 * @param stall                    a request that has begun must go on within this time, and a new connection must bring
 *                                 one
 */
public record NetLimits(
        int connectionsMax,
        int requestsPerConnectionMax,
        long bytesPerConnectionMax,
        long bytesMax,
        long skipBytesMax,
        Duration stall) {

    /** Files that are no connections of clients: objects, metadata, the log, links to other sheep. */
    private static final long OTHER_FILES = 2_000;

    /**
     * The usual ones.
     *
     * @param memoryBytes what the requests of all connections may hold together
     */
    public static NetLimits of(long memoryBytes) {
        return new NetLimits(
                16_384, 1_024, Math.min(128L << 20, memoryBytes / 2), memoryBytes, 64 << 20, Duration.ofSeconds(60));
    }

    /**
     * No more connections than leave the store the files it needs: one that cannot open an object's file answers errors.
     *
     * @param filesMax what the process may have open at once
     */
    public NetLimits within(long filesMax) {
        long left = Math.max(filesMax / 2, filesMax - OTHER_FILES);
        return new NetLimits(
                (int) Math.min(connectionsMax, left),
                requestsPerConnectionMax,
                bytesPerConnectionMax,
                bytesMax,
                skipBytesMax,
                stall);
    }
}
