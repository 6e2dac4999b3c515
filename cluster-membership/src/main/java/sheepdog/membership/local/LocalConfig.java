package sheepdog.membership.local;

import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;

/**
 * What an operator can choose about the local transport: the text behind {@code -c local:}, a folder. Sheep of one folder
 * are one cluster.
 *
 * @param folder where the sockets are; made if it is not there
 * @param timing how fast changes are noticed
 */
public record LocalConfig(Path folder, Timing timing) {
    /** The original's shared file has this name; here it is a folder. */
    public static final Path FOLDER_DEFAULT = Path.of("/tmp/sheepdog_shm");

    /** Longest folder name whose sockets still have names that the kernel takes. */
    static final int FOLDER_BYTES_MAX = 107 - 1 - SocketName.LENGTH_MAX;

    /**
     * @param scan    between two looks into the folder
     * @param ping    between two signs of life
     * @param silence after which a sheep that gave none is reported gone
     * @param verify  how long a sheep whose connection closed may still be found dying
     * @param hello   how long a connection may wait before it says who made it
     * @param stale   after which a socket that refuses connections is deleted
     */
    public record Timing(
            Duration scan, Duration ping, Duration silence, Duration verify, Duration hello, Duration stale) {
        /** What a cluster uses. */
        public static final Timing DEFAULT = new Timing(
                Duration.ofMillis(200),
                Duration.ofMillis(500),
                Duration.ofSeconds(3),
                Duration.ofMillis(150),
                Duration.ofSeconds(2),
                Duration.ofSeconds(5));
    }

    /**
     * @param option the text behind {@code local:}; empty for the default folder
     * @throws IllegalArgumentException with a message for the operator
     */
    public static LocalConfig parse(String option) {
        try {
            Path folder = option.isEmpty() ? FOLDER_DEFAULT : Path.of(option);
            if (!folder.isAbsolute()) {
                throw new IllegalArgumentException("local: '" + option + "' is not an absolute path");
            }
            int length = folder.toString().getBytes(StandardCharsets.UTF_8).length;
            if (length > FOLDER_BYTES_MAX) {
                throw new IllegalArgumentException("local: the path '" + option + "' has " + length
                        + " bytes; names of sockets allow " + FOLDER_BYTES_MAX);
            }
            return new LocalConfig(folder, Timing.DEFAULT);
        } catch (InvalidPathException failure) {
            throw new IllegalArgumentException("local: '" + option + "' is not a path: " + failure.getReason());
        }
    }

    /** The same with another timing: for tests. */
    public LocalConfig withTiming(Timing other) {
        return new LocalConfig(folder, other);
    }
}
