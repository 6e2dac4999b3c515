package sheepdog.sheep.runtime;

import java.time.Instant;

/** The time of day, for what users see: creation times, epoch times. Nothing is decided by it. Any thread. */
@FunctionalInterface
public interface WallClock {
    Instant now();
}
