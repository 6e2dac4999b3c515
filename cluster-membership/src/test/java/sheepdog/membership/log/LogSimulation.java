package sheepdog.membership.log;

import java.time.Duration;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/** Whole clusters under faults. A failure prints its seed; {@code -Dlog.seeds=N} runs more of them. */
class LogSimulation {
    @Property(tries = 500, shrinking = ShrinkingMode.OFF)
    void noFaultBreaksTheLog(@ForAll long seed) {
        new Storm(seed).run(Duration.ofSeconds(25));
    }
}
