package sheepdog.sheep.runtime.real;

import java.time.Instant;
import sheepdog.sheep.runtime.WallClock;

/** The machine's clock. */
public final class RealClock implements WallClock {
    @Override
    public Instant now() {
        return Instant.now();
    }
}
