package sheepdog.membership.log;

import java.time.Duration;
import net.jqwik.api.ForAll;
import net.jqwik.api.GenerationMode;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.LongRange;

/**
 * Whole clusters under faults. A failure prints its seed. The same seeds in every build, so that a build says something
 * about the change that it builds; {@link StormMain} runs others, for as long as one likes.
 */
class LogSimulation {
    @Property(tries = 300, generation = GenerationMode.EXHAUSTIVE, shrinking = ShrinkingMode.OFF)
    void noFaultBreaksTheLog(@ForAll @LongRange(min = 0, max = 299) long seed) {
        new Storm(seed).run(Duration.ofSeconds(25));
    }
}
