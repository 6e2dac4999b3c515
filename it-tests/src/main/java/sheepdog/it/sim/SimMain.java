package sheepdog.it.sim;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/** The simulator by hand; it-tests/sim/run starts it and says how. */
public final class SimMain {
    private static final Duration TOLD_EVERY = Duration.ofMinutes(1);

    private SimMain() {}

    /** Exit status 0 if all went well, 1 if a story failed, 2 for wrong arguments. */
    public static void main(String[] arguments) {
        String verb = arguments.length > 0 ? arguments[0] : "";
        boolean ofFaults = arguments.length > 3 && (verb.equals("seeds") || verb.equals("hunt"));
        List<SimFault> faults = ofFaults
                ? Arrays.stream(arguments).skip(3).map(SimFault::valueOf).toList()
                : List.of(SimFault.values());
        boolean well = switch (verb + (ofFaults ? 3 : arguments.length)) {
            case "seeds3" -> seeds(Long.parseLong(arguments[1]), Long.parseLong(arguments[2]), false, faults);
            case "hunt3" -> seeds(Long.parseLong(arguments[1]), Long.parseLong(arguments[2]), true, faults);
            case "story2" -> tell(Story.parse(arguments[1]), new Figures());
            case "soak2" -> soak(Duration.ofMinutes(Long.parseLong(arguments[1])), new SecureRandom().nextInt(1 << 30));
            case "soak3" -> soak(Duration.ofMinutes(Long.parseLong(arguments[1])), Long.parseLong(arguments[2]));
            default -> {
                System.err.println("see it-tests/sim/run --help");
                System.exit(2);
                yield false;
            }
        };
        System.exit(well ? 0 : 1);
    }

    /** Tells the stories of so many seeds, all or up to the first that fails. */
    private static boolean seeds(long first, long count, boolean untilOneFails, List<SimFault> faults) {
        var figures = new Figures();
        long failed = 0;
        long started = System.nanoTime();
        for (long seed = first; seed < first + count && (failed == 0 || !untilOneFails); seed++) {
            failed += tell(Story.draw(seed, faults), figures) ? 0 : 1;
        }
        System.out.println(
                figures + "; " + failed + " failed, " + (System.nanoTime() - started) / 1_000_000_000L + " s");
        return failed == 0;
    }

    /** Stories of ever new seeds until the time is over or one fails; every minute what they came to. */
    private static boolean soak(Duration length, long firstSeed) {
        var all = new Figures();
        var minute = new Figures();
        long started = System.nanoTime();
        long told = started;
        System.out.println("sim: stories from seed " + firstSeed + " on, for " + length.toMinutes() + " min");
        for (long seed = firstSeed; System.nanoTime() - started < length.toNanos(); seed++) {
            boolean well = tell(Story.draw(seed), minute);
            if (!well || System.nanoTime() - told >= TOLD_EVERY.toNanos()) {
                told = System.nanoTime();
                all.add(minute);
                System.out.println("sim: minute " + (told - started) / TOLD_EVERY.toNanos() + ": " + minute);
                minute = new Figures();
            }
            if (!well) {
                return false;
            }
        }
        all.add(minute);
        System.out.println("sim: all in all " + all);
        return true;
    }

    private static boolean tell(Story story, Figures figures) {
        try {
            figures.add(StoryTelling.tell(story));
            return true;
        } catch (AssertionError wrong) {
            System.out.println("FAILED " + story);
            System.out.println(wrong.getMessage());
            return false;
        }
    }
}
