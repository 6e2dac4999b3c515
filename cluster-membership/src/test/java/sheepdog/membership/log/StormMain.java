package sheepdog.membership.log;

import java.time.Duration;
import java.util.stream.LongStream;

/** Runs storms by hand: {@code StormMain FIRST COUNT [hunt]}; prints the seeds that fail, or only the first. */
public final class StormMain {
    private StormMain() {}

    public static void main(String[] args) {
        long first = Long.parseLong(args[0]);
        long count = Long.parseLong(args[1]);
        boolean loud = count == 1;
        long start = System.nanoTime();
        long[] events = new long[1];
        int[] failed = new int[1];
        boolean hunt = args.length > 2 && args[2].equals("hunt");
        LongStream.range(first, first + count)
                .takeWhile(_ -> failed[0] == 0 || !hunt)
                .forEach(seed -> {
                    var storm = new Storm(seed);
                    try {
                        events[0] += storm.run(Duration.ofSeconds(25));
                    } catch (AssertionError | RuntimeException e) {
                        failed[0]++;
                        Throwable cause = e;
                        while (cause.getCause() != null) {
                            cause = cause.getCause();
                        }
                        String text = String.valueOf(cause.getMessage());
                        System.out.println("seed " + seed + ": "
                                + text.substring(0, Math.min(200, text.length()))
                                        .replace('\n', ' '));
                        if (loud) {
                            System.out.println(e.getMessage());
                            cause.printStackTrace(System.out);
                        }
                    }
                });
        System.out.println(count + " seeds, " + failed[0] + " failed, " + events[0] + " events, "
                + (System.nanoTime() - start) / 1_000_000 + " ms");
    }
}
