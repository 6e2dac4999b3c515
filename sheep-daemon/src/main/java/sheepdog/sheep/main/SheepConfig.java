package sheepdog.sheep.main;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import sheepdog.membership.jgroups.JGroupsConfig;
import sheepdog.membership.local.LocalConfig;
import sheepdog.sheep.recovery.RecoverySettings;

/**
 * What the command line says, checked. Made once at the start.
 *
 * @param base       the store directory, absolute
 * @param bind       where to listen; all addresses if empty
 * @param port       TCP, 1 to 65535
 * @param advertised the address other sheep are told ({@code -y})
 * @param io         second address for traffic between sheep
 * @param driver     cluster driver with its options
 * @param zone       failure domain, unsigned 32 bit; from the address if empty
 * @param gateway    stores nothing
 * @param witness    a gateway that votes where that makes the number of votes odd
 * @param sync       objects are on stable storage before a write is acknowledged; false with {@code -n}
 * @param spaceBytes pretended free space at the first start
 * @param upgrade    an older store layout may be brought up to date
 * @param pidFile    absolute
 * @param background the terminal is left as soon as the options are found good
 * @param metrics    where {@code /metrics} and {@code /health} are served
 * @param recovery   how much at once, and how soon
 */
public record SheepConfig(
        Path base,
        Optional<InetAddress> bind,
        int port,
        Optional<InetAddress> advertised,
        Optional<InetSocketAddress> io,
        Driver driver,
        OptionalInt zone,
        boolean gateway,
        boolean witness,
        boolean sync,
        OptionalLong spaceBytes,
        boolean upgrade,
        Optional<Path> pidFile,
        Log log,
        boolean background,
        Optional<InetSocketAddress> metrics,
        RecoverySettings recovery) {

    /** How sheep find each other. */
    public sealed interface Driver {
        record JGroups(JGroupsConfig config) implements Driver {}

        record Local(LocalConfig config) implements Driver {}
    }

    /**
     * @param level    0 (emergencies) to 7 (debugging)
     * @param toStderr lines go to standard error instead of the file
     */
    public record Log(int level, LogFormat format, boolean toStderr) {}

    /** How a line of the log looks. */
    public enum LogFormat {
        DEFAULT,
        JSON
    }
}
